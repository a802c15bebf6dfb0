"""What the validator refuses, under which code and with which suggestion."""

from math import inf, nan
from types import MappingProxyType
from typing import Any

import pytest

from petrosa_contracts.parameters import CATALOGUE, ParameterError, ParameterType, validate_patch

CHOICES = [(p.name, word) for p in CATALOGUE.values() for word in p.allowed_values or ()]
NUMBERS = [p.name for p in CATALOGUE.values() if p.type in {ParameterType.INTEGER, ParameterType.FLOAT}]
INTEGERS = [p.name for p in CATALOGUE.values() if p.type is ParameterType.INTEGER]
FLOATS = [p.name for p in CATALOGUE.values() if p.type is ParameterType.FLOAT]
LONGEST_MESSAGE = 330


def _only_error(patch: dict[Any, Any]) -> ParameterError:
    errors = validate_patch(patch)
    assert len(errors) == 1
    return errors[0]


def _nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


def test_an_empty_patch_is_valid() -> None:
    assert validate_patch({}) == ()


def test_every_error_is_reported_at_once_in_the_order_of_the_patch() -> None:
    errors = validate_patch(
        {
            "stop_loss_pct": 99,
            "no_such_thing": 1,
            "leverage": 5,
            "strategy_weights": {"b": -1.0, "a": "x", "c": 1.0},
            "enabled": "yes",
            "margin_type": "crossed",
        }
    )

    assert [(error.field, error.code) for error in errors] == [
        ("stop_loss_pct", "OUT_OF_RANGE"),
        ("no_such_thing", "UNKNOWN_PARAMETER"),
        ("strategy_weights.b", "OUT_OF_RANGE"),
        ("strategy_weights.a", "INVALID_TYPE"),
        ("enabled", "INVALID_TYPE"),
        ("margin_type", "INVALID_VALUE"),
    ]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [True, False, nan, inf, -inf, "", "many", [], {}, [1], b"1"])
def test_what_is_no_number_is_not_taken_for_one(name: str, value: object) -> None:
    error = _only_error({name: value})

    assert (error.field, error.code, error.suggested_value) == (name, "INVALID_TYPE", None)


@pytest.mark.parametrize("name", INTEGERS)
def test_a_whole_number_written_as_a_float_is_refused_and_the_integer_suggested(name: str) -> None:
    error = _only_error({name: 10.0})

    assert (error.code, error.suggested_value) == ("INVALID_TYPE", 10)
    assert type(error.suggested_value) is int


def test_a_broken_number_is_no_integer_and_nobody_rounds_it() -> None:
    error = _only_error({"leverage": 10.5})

    assert (error.code, error.suggested_value) == ("INVALID_TYPE", None)


def test_no_integer_is_suggested_that_would_be_refused() -> None:
    assert _only_error({"leverage": 500.0}).suggested_value is None


@pytest.mark.parametrize("name", FLOATS)
def test_an_integer_will_do_where_a_float_is_meant(name: str) -> None:
    # Of what may be no higher than 0.5, it is the value that is wrong.
    assert {error.code for error in validate_patch({name: 1})} == (
        {"OUT_OF_RANGE"} if CATALOGUE[name].maximum == 0.5 else set()
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_both_bounds_are_allowed_and_nothing_beyond_them(name: str) -> None:
    low, high = CATALOGUE[name].minimum, CATALOGUE[name].maximum
    assert low is not None
    assert high is not None

    assert validate_patch({name: low}) == ()
    assert validate_patch({name: high}) == ()
    assert _only_error({name: low - 1}).code == "OUT_OF_RANGE"
    assert _only_error({name: high + 1}).code == "OUT_OF_RANGE"


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_null_is_a_value_of_the_overrides_only(name: str) -> None:
    errors = validate_patch({name: None})

    if name in {"override_min_notional", "override_min_qty", "override_step_size"}:
        assert errors == ()
    else:
        assert [(error.field, error.code) for error in errors] == [(name, "INVALID_TYPE")]
        assert "null" in errors[0].message


@pytest.mark.parametrize(
    ("patch", "suggestion"),
    [
        ({"position_size_pct": 10}, 0.1),
        ({"position_size_pct": 1.5}, 0.015),
        ({"position_size_pct": 100}, 1.0),
        ({"max_daily_loss_pct": 7}, 0.07),
        ({"max_portfolio_exposure_pct": 80}, 0.8),
        ({"max_portfolio_exposure_pct": 10.0}, 0.1),
        ({"min_confidence_threshold": 65}, 0.65),
        ({"stop_loss_pct": 0.02}, 2.0),
        ({"take_profit_pct": 0.07}, 7.0),
    ],
)
def test_a_value_in_the_wrong_unit_is_recognised_and_converted(patch: dict[str, Any], suggestion: float) -> None:
    error = _only_error(patch)

    assert (error.code, error.suggested_value) == ("OUT_OF_RANGE", suggestion)
    assert "it looks like a" in error.message
    assert "unit is" in error.message


@pytest.mark.parametrize(
    ("patch", "bound"),
    [
        ({"leverage": 0}, 1),
        ({"leverage": 126}, 125),
        ({"position_size_pct": -0.1}, 0.001),
        ({"position_size_pct": 0}, 0.001),
        ({"position_size_pct": 101}, 1.0),
        ({"max_daily_loss_pct": 0.6}, 0.5),
        ({"max_portfolio_exposure_pct": 5}, 1.0),
        ({"min_confidence_threshold": 1.5}, 1.0),
        ({"min_confidence_threshold": -0.1}, 0.0),
        ({"stop_loss_pct": 99}, 50.0),
        ({"stop_loss_pct": 0}, 0.1),
        ({"stop_loss_pct": 0.0005}, 0.1),
        ({"slippage_tolerance_pct": -0.01}, 0.0),
        ({"override_min_qty": 0.0}, 1e-06),
        ({"max_position_size_usd": 2e6}, 1000000.0),
    ],
)
def test_otherwise_the_nearest_bound_is_suggested(patch: dict[str, Any], bound: float) -> None:
    error = _only_error(patch)

    assert (error.code, error.suggested_value) == ("OUT_OF_RANGE", bound)
    assert "looks like" not in error.message


def test_a_range_error_names_the_bounds_the_unit_and_the_value() -> None:
    message = _only_error({"max_position_size_usd": 2500000}).message

    assert message == (
        "max_position_size_usd must be between 1 and 1,000,000 "
        "(US dollars, taken as equal to the quote currency), not 2500000"
    )


@pytest.mark.parametrize(
    ("patch", "suggestion"),
    [
        ({"leverage": "10"}, 10),
        ({"leverage": " 10.0 "}, 10),
        ({"leverage": "ten"}, None),
        ({"leverage": "10%"}, None),
        ({"leverage": "1_0"}, None),
        ({"leverage": "1000"}, None),
        ({"position_size_pct": "0.2"}, 0.2),
        ({"position_size_pct": "20 %"}, 0.2),
        ({"stop_loss_pct": "2%"}, 2.0),
        ({"max_position_size_usd": "nan"}, None),
        ({"max_position_size_usd": "10%"}, None),
        ({"enabled": 1}, True),
        ({"enabled": 0}, False),
        ({"enabled": "False"}, False),
        ({"enabled": 2}, None),
        ({"enabled": "perhaps"}, None),
        ({"enabled": []}, None),
        ({"margin_type": 1}, None),
        ({"strategy_weights": [1.0]}, None),
        ({"allowed_symbols": {"BTCUSDT": 1}}, None),
        ({"allowed_symbols": "BTCUSDT, ethusdt"}, ["BTCUSDT", "ETHUSDT"]),
        ({"allowed_symbols": ""}, None),
    ],
)
def test_a_wrong_type_is_refused_and_a_plain_meaning_suggested(patch: dict[str, Any], suggestion: object) -> None:
    error = _only_error(patch)

    assert error.code == "INVALID_TYPE"
    assert error.suggested_value == suggestion
    assert type(error.suggested_value) is type(suggestion)


@pytest.mark.parametrize(("name", "word"), CHOICES)
def test_words_are_case_sensitive_and_the_suggestion_has_the_right_case(name: str, word: str) -> None:
    for variant in (word.upper(), word.lower(), word.title(), f" {word} ", word.replace("-", "_").replace("_", " ")):
        errors = validate_patch({name: variant})
        if variant == word:
            assert errors == ()
        else:
            assert [(error.code, error.suggested_value) for error in errors] == [("INVALID_VALUE", word)]


def test_a_word_that_resembles_none_gets_no_suggestion_but_the_list() -> None:
    error = _only_error({"time_in_force": "whenever"})

    assert (error.code, error.suggested_value) == ("INVALID_VALUE", None)
    assert "GTC, IOC, FOK, GTX" in error.message


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("max_position_size", "max_position_size_usd"),
        ("stopLossPct", "stop_loss_pct"),
        ("LEVERAGE", "leverage"),
        ("take-profit pct", "take_profit_pct"),
        ("enable_short", "enable_shorts"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_known_one(name: str, nearest: str | None) -> None:
    error = _only_error({name: 1})

    assert (error.field, error.code, error.suggested_value) == (name, "UNKNOWN_PARAMETER", nearest)
    assert nearest is None or nearest in error.message


def test_nobody_searches_for_what_resembles_a_long_text() -> None:
    assert _only_error({"leverage" + " " * 100: 1}).suggested_value is None
    assert _only_error({"margin_type": "cross" + " " * 100}).suggested_value is None


def test_a_name_that_is_no_text_is_unknown() -> None:
    error = _only_error({7: 1})

    assert (error.field, error.code) == ("7", "UNKNOWN_PARAMETER")


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 0.0, "b": 10**6}, MappingProxyType({"a": 1.5})])
def test_weights_of_zero_and_more_are_valid(weights: object) -> None:
    assert validate_patch({"strategy_weights": weights}) == ()


@pytest.mark.parametrize(
    ("weight", "code", "suggestion"),
    [
        (-0.5, "OUT_OF_RANGE", 0.0),
        (-(10**5000), "OUT_OF_RANGE", 0.0),
        (True, "INVALID_TYPE", None),
        (nan, "INVALID_TYPE", None),
        (inf, "INVALID_TYPE", None),
        (None, "INVALID_TYPE", None),
        ("0.5", "INVALID_TYPE", 0.5),
        ("-0.5", "INVALID_TYPE", None),
        ({"a": 1}, "INVALID_TYPE", None),
        (10**5000, "INVALID_TYPE", None),
    ],
    ids=["negative", "giant-negative", "true", "nan", "inf", "null", "text", "negative-text", "map", "giant"],
)
def test_a_wrong_weight_is_reported_under_its_own_key(weight: object, code: str, suggestion: object) -> None:
    error = _only_error({"strategy_weights": {"momentum": weight, "other": 1.0}})

    assert (error.field, error.code, error.suggested_value) == ("strategy_weights.momentum", code, suggestion)


def test_a_key_of_a_map_must_be_text() -> None:
    error = _only_error({"timeframe_weights": {5: 1.0}})

    assert (error.field, error.code) == ("timeframe_weights.5", "INVALID_TYPE")


@pytest.mark.parametrize("symbols", [[], ["BTCUSDT"], ["1000PEPEUSDT", "BTCUSDT_260327"], ("BTCUSDT",)])
def test_symbols_as_the_exchange_spells_them_are_valid(symbols: object) -> None:
    assert validate_patch({"allowed_symbols": symbols}) == ()


@pytest.mark.parametrize(
    ("symbols", "code", "cleaned"),
    [
        (["btcusdt"], "INVALID_VALUE", ["BTCUSDT"]),
        (["BTCUSDT", "BTCUSDT"], "INVALID_VALUE", ["BTCUSDT"]),
        (["BTC USDT", " ETHUSDT "], "INVALID_VALUE", ["BTCUSDT", "ETHUSDT"]),
        (["BTC/USDT", "ETH-USDT", "SOL/USDT:USDT"], "INVALID_VALUE", ["BTCUSDT", "ETHUSDT", "SOLUSDT"]),
        (["BTCUSDT", "", "btcusdt"], "INVALID_VALUE", ["BTCUSDT"]),
        (["BTCUSDT", 7], "INVALID_TYPE", ["BTCUSDT"]),
        ([["BTCUSDT"]], "INVALID_TYPE", None),
        ([""], "INVALID_VALUE", None),
        (["A" * 41], "INVALID_VALUE", None),
    ],
)
def test_wrong_symbols_are_answered_with_the_cleaned_list(symbols: object, code: str, cleaned: object) -> None:
    error = _only_error({"allowed_symbols": symbols})

    assert (error.field, error.code, error.suggested_value) == ("allowed_symbols", code, cleaned)


def test_nothing_to_clean_never_becomes_a_list_that_allows_everything() -> None:
    assert _only_error({"allowed_symbols": ["", " ", "//"]}).suggested_value is None


def test_many_wrong_symbols_are_counted_rather_than_listed() -> None:
    error = _only_error({"allowed_symbols": [f"sym{i}" for i in range(1000)]})

    assert error.message.endswith("'sym0', 'sym1', 'sym2' and 997 more")
    assert len(error.suggested_value) == 1000


@pytest.mark.parametrize(
    "value",
    [
        "x" * 1_000_000,
        "\n" * 1_000_000,
        "\ud800" * 1_000,
        10**20_000,
        -(10**20_000),
        _nested(5_000),
        {"a" * 100_000: _nested(5_000)},
        list(range(100_000)),
        ["x" * 100_000] * 10,
    ],
    ids=["text", "blank", "surrogates", "giant", "negative", "deep", "key", "list", "texts"],
)
@pytest.mark.parametrize("name", [*CATALOGUE, "no_such_parameter"])
def test_a_huge_value_gets_a_short_message(name: str, value: object) -> None:
    errors = validate_patch({name: value})

    assert errors
    for error in errors:
        assert len(error.message) <= LONGEST_MESSAGE
        assert len(error.field) <= 130
        assert error.message.isprintable()


@pytest.mark.parametrize("name", ["x" * 1_000_000, "line\nbreak", "\ud800"])
def test_an_odd_name_is_quoted_short_and_printable(name: str) -> None:
    error = _only_error({name: 1})

    assert len(error.field) <= 90
    assert error.field.isprintable()
    assert len(error.message) <= LONGEST_MESSAGE


def test_an_error_can_be_put_in_a_set() -> None:
    error = _only_error({"allowed_symbols": ["btcusdt"]})

    assert len({error, _only_error({"allowed_symbols": ["ethusdt"]})}) == 2
