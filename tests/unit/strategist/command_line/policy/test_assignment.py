"""NAME=VALUE as typed at a prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.command_line.policy.assignment import parse_assignments, parse_value
from cio_strategist.errors import UsageError
from petrosa_contracts import CATALOGUE, validate_patch


def codes(*assignments: str) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in validate_patch(parse_assignments(assignments))]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("leverage=5", "leverage", 5),
        ("  leverage = 5 ", "leverage", 5),
        ("max_position_size_usd=500.5", "max_position_size_usd", 500.5),
        ("max_position_size_usd=1e3", "max_position_size_usd", 1000.0),
        ("enabled=false", "enabled", False),
        ("margin_type=cross", "margin_type", "cross"),
        ('margin_type="cross"', "margin_type", "cross"),
        ("override_min_notional=null", "override_min_notional", None),
        ("allowed_symbols=BTCUSDT,ETHUSDT", "allowed_symbols", ["BTCUSDT", "ETHUSDT"]),
        ("allowed_symbols=BTCUSDT, ETHUSDT", "allowed_symbols", ["BTCUSDT", "ETHUSDT"]),
        ('allowed_symbols=["BTCUSDT"]', "allowed_symbols", ["BTCUSDT"]),
        ("allowed_symbols=BTCUSDT", "allowed_symbols", ["BTCUSDT"]),
        ("allowed_symbols=[]", "allowed_symbols", []),
        ('strategy_weights={"a": 1.5, "b=c": 2}', "strategy_weights", {"a": 1.5, "b=c": 2}),
    ],
)
def test_a_value_is_read_by_the_type_of_its_parameter(text: str, name: str, value: object) -> None:
    patch = parse_assignments([text])
    assert patch == {name: value}
    assert type(patch[name]) is type(value)
    assert validate_patch(patch) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("leverage=ten", "INVALID_TYPE"),
        ("leverage=10.5", "INVALID_TYPE"),
        ("leverage=true", "INVALID_TYPE"),
        ("leverage=null", "INVALID_TYPE"),
        ("leverage=NaN", "INVALID_TYPE"),
        ("leverage=[5]", "INVALID_TYPE"),
        ("leverage=" + "9" * 5000, "INVALID_TYPE"),
        ("leverage=126", "OUT_OF_RANGE"),
        ("position_size_pct=NaN", "INVALID_TYPE"),
        ("position_size_pct=-Infinity", "INVALID_TYPE"),
        ("max_position_size_usd=1e999", "INVALID_TYPE"),
        ("enabled=True", "INVALID_TYPE"),
        ("enabled=1", "INVALID_TYPE"),
        ("margin_type=Cross", "INVALID_VALUE"),
        ("margin_type=5", "INVALID_VALUE"),
        ("margin_type=null", "INVALID_VALUE"),
        ("allowed_symbols=BTCUSDT,", "INVALID_VALUE"),
        ("allowed_symbols=null", "INVALID_TYPE"),
        ("allowed_symbols=7", "INVALID_TYPE"),
        ("strategy_weights=momentum", "INVALID_TYPE"),
        ('strategy_weights={"a": 1, "a": 2}', "INVALID_TYPE"),
        ("strategy_weights=" + "[" * 100_000, "INVALID_TYPE"),
        ("levrage=5", "UNKNOWN_PARAMETER"),
        ("Leverage=5", "UNKNOWN_PARAMETER"),
    ],
)
def test_a_wrong_value_stays_wrong_for_the_catalogue_to_name(text: str, code: str) -> None:
    assert codes(text) == [(text.partition("=")[0], code)]


def test_the_errors_of_all_assignments_come_at_once() -> None:
    assert codes("leverage=ten", "enabled=true", "stop_loss_pct=0.02") == [
        ("leverage", "INVALID_TYPE"),
        ("stop_loss_pct", "OUT_OF_RANGE"),
    ]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["leverage"], "not an assignment"),
        ([""], "not an assignment"),
        (["=5"], "not an assignment"),
        ([" =5"], "not an assignment"),
        (["leverage="], "no value"),
        (["allowed_symbols= "], "no value"),
        (["leverage=5", "enabled=true", "leverage=6"], "twice"),
    ],
)
def test_what_is_no_assignment_is_wrong_usage(texts: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_assignments(texts)


@given(name=st.sampled_from(sorted(CATALOGUE)), text=st.text(min_size=1))
def test_reading_a_value_never_raises(name: str, text: str) -> None:
    validate_patch({name: parse_value(name, text)})
