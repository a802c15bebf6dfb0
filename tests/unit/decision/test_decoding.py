import json
from typing import Any

import pytest

from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.intent import Intent
from petrosa_contracts import Breach, Code
from tests.builders import ABSENT, NOW, codes, intent, payload, raw
from tests.samples import Sample, load_samples, load_shared_samples

LIMITS = PayloadLimits()


def refused(data: bytes, limits: PayloadLimits = LIMITS) -> tuple[Breach, ...]:
    read = decode(data, limits)
    assert isinstance(read, Unreadable)
    return read.breaches


def refusal(**overrides: Any) -> Breach:
    return refused(raw(**overrides))[0]


def with_text(extra: str) -> bytes:
    """Return a readable payload with some JSON text as its last field."""
    return raw()[:-1] + b', "extra": ' + extra.encode() + b"}"


@pytest.mark.parametrize("sample", [*load_samples(), *load_shared_samples()], ids=lambda sample: sample.name)
def test_what_the_fleet_sends_is_read_and_what_its_engine_refuses_is_not(sample: Sample) -> None:
    read = decode(json.dumps(sample.payload).encode(), LIMITS)
    assert isinstance(read, Intent) is sample.accepted


def test_an_intent_carries_what_was_sent() -> None:
    sent = payload(signal_id="sig-1", recommended_leverage=3, note={"kept": [1, 2.5]})
    read = decode(json.dumps(sent).encode(), LIMITS)
    assert isinstance(read, Intent)
    assert read.payload == sent
    assert (read.instant, read.recommended_leverage, read.signal_id) == (NOW, 3, "sig-1")


def test_the_limits_are_those_of_the_settings_by_default() -> None:
    assert PayloadLimits() == PayloadLimits(max_bytes=65_536, max_depth=16)


class TestSize:
    def test_a_payload_of_the_largest_size_is_read(self) -> None:
        assert isinstance(decode(raw(), PayloadLimits(max_bytes=len(raw()))), Intent)

    def test_one_byte_more_is_refused_with_both_numbers(self) -> None:
        (breach,) = refused(raw(), PayloadLimits(max_bytes=len(raw()) - 1))
        assert (breach.code, breach.measured, breach.limit) == (Code.PAYLOAD_INVALID, len(raw()), len(raw()) - 1)
        assert breach.unit == "bytes"

    def test_a_huge_payload_is_not_even_parsed(self) -> None:
        (breach,) = refused(b"[" * 10_000_000)
        assert breach.unit == "bytes"


class TestDepth:
    @pytest.mark.parametrize(("levels", "readable"), [(3, True), (4, True), (5, False), (100, False)])
    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
    def test_the_deepest_level_is_inclusive(self, levels: int, readable: bool, opening: str, closing: str) -> None:
        nested = opening * (levels - 1) + "1" + closing * (levels - 1)
        read = decode(with_text(nested), PayloadLimits(max_depth=4))
        assert isinstance(read, Intent) is readable
        if isinstance(read, Unreadable):
            assert (read.breaches[0].measured, read.breaches[0].limit) == (levels, 4)

    def test_a_level_counts_the_same_beside_other_brackets(self) -> None:
        alone, beside = with_text("[[1]]"), with_text('[[1]], "text": "[[[", "list": []')
        assert isinstance(decode(alone, PayloadLimits(max_depth=3)), Intent)
        assert isinstance(decode(beside, PayloadLimits(max_depth=3)), Intent)

    def test_many_shallow_levels_are_no_depth(self) -> None:
        assert isinstance(decode(with_text(json.dumps([[]] * 500)), PayloadLimits(max_depth=3)), Intent)

    def test_brackets_in_text_are_no_depth(self) -> None:
        assert isinstance(decode(with_text('"' + "[{" * 100 + '"'), PayloadLimits(max_depth=2)), Intent)

    def test_what_is_too_deep_for_the_parser_is_refused(self) -> None:
        assert refused(with_text("[" * 5000 + "]" * 5000))[0].code is Code.PAYLOAD_INVALID


class TestJson:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b" ",
            b"null",
            b"1",
            b'"text"',
            b"[]",
            b"[{}]",
            b"{",
            b"{}x",
            b"\x00",
            b"\xff\xfe",
            b"\xef\xbb\xbf" + raw(),
            raw() + b"}",
            raw()[:-1],
            raw().replace(b'"', b"'"),
            raw()[:-1] + b",}",
            b"/* comment */" + raw(),
        ],
    )
    def test_what_is_no_json_object_is_refused(self, data: bytes) -> None:
        assert codes(refused(data)) == ["PAYLOAD_INVALID"]

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e0400", "9" * 400 + "e1"])
    def test_numbers_that_are_not_finite_are_refused_wherever_they_are(self, number: str) -> None:
        for text in (number, f"[{number}]", f'{{"a": [{{"b": {number}}}]}}'):
            assert codes(refused(with_text(text))) == ["PAYLOAD_INVALID"]

    @pytest.mark.parametrize(
        "number", [str(2**1024 - 1), str(2**1024), "-" + "9" * 400, "9" * 5000], ids=["1024b", "1025b", "400", "5000"]
    )
    @pytest.mark.parametrize("name", ["price", "quantity", "stop_loss", "stop_loss_pct", "position_size_pct"])
    def test_an_integer_that_no_float_can_hold_is_refused_where_a_float_is_meant(self, name: str, number: str) -> None:
        data = raw(**{name: ABSENT})[:-1] + f', "{name}": {number}}}'.encode()
        assert codes(refused(data)) == ["PAYLOAD_INVALID"]

    def test_the_largest_numbers_that_floats_can_hold_are_read(self) -> None:
        largest = 2**1024 - 2**971
        assert isinstance(decode(with_text(f"[{largest}, 1.7976931348623157e308, 1e-400]"), LIMITS), Intent)
        assert intent(quantity=largest).signal.quantity == float(largest)

    def test_a_longer_integer_in_a_field_of_the_bots_own_is_kept_digit_for_digit(self) -> None:
        assert intent(note=10**400).payload["note"] == 10**400

    @pytest.mark.parametrize(
        "repeated",
        [
            raw()[:-1] + b', "action": "close"}',
            with_text('{"a": 1, "a": 1}'),
            with_text('[[{"a": {"b": 1, "b": 2}}]]'),
            with_text('{"a": 1, "\\u0061": 2}'),
        ],
    )
    def test_repeated_keys_are_refused(self, repeated: bytes) -> None:
        (breach,) = refused(repeated)
        assert breach.code is Code.PAYLOAD_INVALID
        assert "uplicate" in breach.message

    def test_the_same_key_in_different_objects_is_no_repetition(self) -> None:
        assert isinstance(decode(with_text('[{"a": 1}, {"a": 2}]'), LIMITS), Intent)

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        assert codes(refused(with_text('"\\ud800"'))) == ["PAYLOAD_INVALID"]


class TestFields:
    @pytest.mark.parametrize(
        "name",
        ["strategy_id", "symbol", "action", "confidence", "price", "quantity", "current_price", "source", "strategy"],
    )
    @pytest.mark.parametrize("value", [ABSENT, None])
    def test_a_field_that_a_signal_must_have_is_missed_by_name(self, name: str, value: object) -> None:
        breach = refusal(**{name: value})
        assert (breach.code, breach.measured) == (Code.PAYLOAD_INVALID, name)
        assert breach.message.startswith(f"{name}: ")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("action", "BUY"),
            ("action", "short"),
            ("order_type", "MARKET"),
            ("time_in_force", "gtc"),
            ("strength", "huge"),
            ("confidence", "0.9"),
            ("confidence", True),
            ("confidence", 1.01),
            ("confidence", -0.01),
            ("price", "50000"),
            ("quantity", False),
            ("metadata", []),
            ("metadata", None),
            ("position_size_pct", -0.1),
            ("recommended_leverage", "5"),
            ("recommended_leverage", -1),
            ("strategy_id", " "),
            ("conditional_direction", "sideways"),
            ("symbol", 1),
            ("strategy_id", 1),
            ("signal_id", 1),
        ],
    )
    def test_a_value_that_is_unknown_or_of_another_type_is_refused(self, name: str, value: object) -> None:
        breach = refusal(**{name: value})
        assert (breach.code, breach.unit, breach.measured) == (Code.PAYLOAD_INVALID, "field", name)

    def test_the_message_names_the_field_and_what_is_wrong_with_it(self) -> None:
        assert refusal(confidence="0.9").message == "confidence: input should be a valid number."

    @pytest.mark.parametrize("name", ["price", "current_price"])
    @pytest.mark.parametrize("value", [0, 0.0, -0.0, -1.0, -1e-300])
    def test_a_price_that_is_not_positive_is_refused(self, name: str, value: float) -> None:
        breach = refusal(**{name: value})
        assert (breach.code, breach.measured, breach.limit) == (Code.PAYLOAD_INVALID, value, 0.0)
        assert name in breach.message

    def test_the_smallest_positive_price_is_read(self) -> None:
        assert intent(price=5e-324).signal.price == 5e-324

    def test_a_negative_quantity_is_refused_and_zero_is_not(self) -> None:
        assert refusal(quantity=-0.001).code is Code.PAYLOAD_INVALID
        assert intent(quantity=0).signal.quantity == 0

    @pytest.mark.parametrize("strategy_id", ["", "   ", "x" * 201])
    def test_a_strategy_id_must_have_some_characters_and_not_too_many(self, strategy_id: str) -> None:
        assert "strategy_id" in refusal(strategy_id=strategy_id).message

    @pytest.mark.parametrize("strategy_id", ["x", "x" * 200, "Iceberg Order Detector", "mean:reversion", "日本"])
    def test_strategy_ids_are_taken_as_bots_write_them(self, strategy_id: str) -> None:
        assert intent(strategy_id=strategy_id).signal.strategy_id == strategy_id

    @pytest.mark.parametrize("symbol", ["", "btcusdt", "BTC USDT", "BTC:USDT", " BTCUSDT", "BTC\nUSDT", "X" * 65, "ß"])
    def test_a_symbol_must_be_one_as_the_exchange_spells_it(self, symbol: str) -> None:
        assert "symbol" in refusal(symbol=symbol).message

    @pytest.mark.parametrize("symbol", ["BTCUSDT", "1000PEPEUSDT", "BTCUSDT_260327", "X" * 64])
    def test_symbols_as_the_exchange_spells_them_are_read(self, symbol: str) -> None:
        assert intent(symbol=symbol).signal.symbol == symbol

    @pytest.mark.parametrize("leverage", [-1, -0.5, 1_000_001, 1e300, "3", True, [3]])
    def test_a_recommended_leverage_of_an_entry_must_be_a_number_from_zero(self, leverage: object) -> None:
        assert "recommended_leverage" in refusal(recommended_leverage=leverage).message

    @pytest.mark.parametrize("leverage", [0, 0.5, 1_000_000, None, ABSENT])
    def test_any_sensible_recommended_leverage_is_read(self, leverage: object) -> None:
        assert intent(recommended_leverage=leverage).recommended_leverage == (None if leverage is ABSENT else leverage)

    def test_an_exit_is_not_refused_for_its_recommended_leverage(self) -> None:
        assert intent(action="close", recommended_leverage="much").recommended_leverage is None

    def test_all_problems_are_listed_up_to_a_limit(self) -> None:
        found = refused(b"{}")
        assert [breach.measured for breach in found][:3] == ["strategy_id", "symbol", "action"]
        assert len(found) == 9
        many = refused(raw(strategy_id=1, symbol=1, action=1, confidence="", price="", quantity="", current_price="",
                           source=1, strategy=1, timeframe=1, order_type=1, metadata=1))  # fmt: skip
        assert len(many) == 10

    def test_all_values_out_of_range_are_listed(self) -> None:
        found = refused(raw(price=0, current_price=-1, quantity=-1, symbol="btc", strategy_id=" "))
        assert len(found) == 5


class TestShareOutOfRange:
    @pytest.mark.parametrize("name", ["stop_loss_pct", "take_profit_pct"])
    @pytest.mark.parametrize("action", ["buy", "sell"])
    def test_a_stop_above_one_gets_the_code_of_the_rule_it_breaks(self, name: str, action: str) -> None:
        breach = refusal(action=action, **{name: 2.0})
        assert (breach.code, breach.measured, breach.unit) == (Code.STOP_INVALID, 2.0, "fraction")
        assert "200%" in breach.message
        assert "0.02" in breach.message

    @pytest.mark.parametrize("name", ["stop_loss_pct", "take_profit_pct"])
    def test_a_stop_below_zero_gets_the_code_that_zero_gets(self, name: str) -> None:
        breach = refusal(**{name: -0.02})
        assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.STOP_INVALID, -0.02, 0.0, "fraction")
        assert f"{name} must be above 0" in breach.message

    @pytest.mark.parametrize("action", ["buy", "sell"])
    def test_a_share_above_one_gets_the_code_of_the_rule_it_breaks(self, action: str) -> None:
        breach = refusal(action=action, position_size_pct=5)
        assert (breach.code, breach.measured, breach.limit) == (Code.POSITION_SIZE_MAX, 5, 1.0)
        assert "0.05" in breach.message

    @pytest.mark.parametrize("name", ["stop_loss_pct", "take_profit_pct", "position_size_pct"])
    def test_for_an_exit_it_is_a_payload_that_the_engine_could_not_read(self, name: str) -> None:
        assert refusal(action="close", **{name: 2.0}).code is Code.PAYLOAD_INVALID
        assert refusal(action="close", **{name: -0.02}).code is Code.PAYLOAD_INVALID


class TestUnreadable:
    def test_what_could_be_recognised_is_there(self) -> None:
        read = decode(raw(action="BUY", signal_id=7), LIMITS)
        assert isinstance(read, Unreadable)
        assert (read.text("strategy_id"), read.text("symbol")) == ("momentum_v1", "BTCUSDT")
        assert (read.text("signal_id"), read.text("absent")) == (None, None)

    def test_what_is_too_deep_or_repeated_shows_nothing(self) -> None:
        read = decode(b'{"strategy_id": "a", "strategy_id": "b"}', LIMITS)
        assert isinstance(read, Unreadable)
        assert read.text("strategy_id") is None


@pytest.mark.parametrize("timestamp", [ABSENT, None, "yesterday", 0, [], {"a": 1}, True, 10**300, "9" * 1000])
def test_a_timestamp_is_never_repaired(timestamp: object) -> None:
    assert intent(timestamp=timestamp).instant is None
