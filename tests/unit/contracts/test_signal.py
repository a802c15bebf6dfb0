import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from petrosa_contracts.signal import (
    OrderType,
    Signal,
    SignalStrength,
    SignalType,
    StrategyMode,
    TimeFrame,
    TimeInForce,
)
from tests.samples import Sample, load_ignored_extras, load_samples, smallest_signal

SMALLEST = smallest_signal()

EVERY_FIELD = {
    "id": "a-1",
    "strategy_id": "donchian breakout.v2",
    "signal_id": "s-1",
    "decision_id": "9f1c0d2e3b4a59687786a5b4c3d2e1f0",
    "strategy_mode": "ml_light",
    "symbol": "SOLUSDT",
    "signal_type": "sell",
    "action": "close",
    "confidence": 0.25,
    "strength": "extreme",
    "price": 142.35,
    "quantity": 1.5,
    "current_price": 142.38,
    "target_price": 150.0,
    "source": "petrosa-cio",
    "strategy": "donchian_breakout",
    "metadata": {"deep": {"list": [1, None, "x"]}},
    "timeframe": "7m",
    "order_type": "conditional_stop",
    "time_in_force": "IOC",
    "position_size_pct": 0.125,
    "quote_quantity": 213.57,
    "stop_loss": 138.08,
    "stop_loss_pct": 0.03,
    "take_profit": 153.74,
    "take_profit_pct": 0.08,
    "conditional_price": 141.0,
    "conditional_direction": "above",
    "conditional_timeout": 90,
    "iceberg_quantity": 0.3,
    "client_order_id": "c-1",
    "model_confidence": 1.0,
    "model_features": {"slope": 0.4},
    "llm_reasoning": "channel broken upwards",
    "llm_alternatives": [{"action": "hold", "weight": 0.2}],
    "indicators": {"adx": 31},
    "rationale": "breakout",
    "meta": {"simulate": True},
    "timestamp": "2026-03-10T08:15:30.250000+00:00",
}

FIELD_LINES = """
    id: str | null = null
    strategy_id: str
    signal_id: str | null = null
    decision_id: str | null = null
    strategy_mode: enum:StrategyMode = "deterministic"
    symbol: str
    signal_type: enum:SignalType | null = null
    action: literal(buy, sell, hold, close)
    confidence: float 0..1
    strength: enum:SignalStrength = "medium"
    price: float
    quantity: float
    current_price: float
    target_price: float | null = null
    source: str
    strategy: str
    metadata: dict[str, any] = {}
    timeframe: str = "1h"
    order_type: enum:OrderType = "market"
    time_in_force: enum:TimeInForce = "GTC"
    position_size_pct: float | null 0..1 = null
    quote_quantity: float | null = null
    stop_loss: float | null = null
    stop_loss_pct: float | null 0..1 = null
    take_profit: float | null = null
    take_profit_pct: float | null 0..1 = null
    conditional_price: float | null = null
    conditional_direction: literal(above, below) | null = null
    conditional_timeout: int | null = null
    iceberg_quantity: float | null = null
    client_order_id: str | null = null
    model_confidence: float | null 0..1 = null
    model_features: dict[str, any] | null = null
    llm_reasoning: str | null = null
    llm_alternatives: list[dict[str, any]] | null = null
    indicators: dict[str, any] | null = null
    rationale: str | null = null
    meta: dict[str, any] = {}
    timestamp: datetime = "now_utc_aware"
"""

ENUM_MEMBERS = {
    SignalType: "BUY=buy SELL=sell HOLD=hold CLOSE=close",
    SignalStrength: "WEAK=weak MEDIUM=medium STRONG=strong EXTREME=extreme",
    TimeFrame: "TICK=tick MINUTE_1=1m MINUTE_3=3m MINUTE_5=5m MINUTE_15=15m MINUTE_30=30m HOUR_1=1h HOUR_2=2h "
    "HOUR_4=4h HOUR_6=6h HOUR_8=8h HOUR_12=12h DAY_1=1d DAY_3=3d WEEK_1=1w MONTH_1=1M",
    OrderType: "MARKET=market LIMIT=limit STOP=stop STOP_LIMIT=stop_limit TAKE_PROFIT=take_profit "
    "TAKE_PROFIT_LIMIT=take_profit_limit CONDITIONAL_LIMIT=conditional_limit CONDITIONAL_STOP=conditional_stop",
    TimeInForce: "GTC=GTC IOC=IOC FOK=FOK GTX=GTX",
    StrategyMode: "DETERMINISTIC=deterministic ML_LIGHT=ml_light LLM_REASONING=llm_reasoning",
}

TAKEN = [
    ("confidence", '"0.75"', 0.75),
    ("confidence", "false", 0.0),
    ("confidence", "-0.0", -0.0),
    ("confidence", "1", 1.0),
    ("price", '"4e3"', 4000.0),
    ("price", '"12_500"', 12500.0),
    ("price", '" 9 "', 9.0),
    ("price", '"-inf"', -math.inf),
    ("price", "-Infinity", -math.inf),
    ("price", "NaN", math.nan),
    ("price", "2e999", math.inf),
    ("price", "0", 0.0),
    ("quantity", "-7", -7.0),
    ("target_price", "null", None),
    ("symbol", '"solusdt"', "solusdt"),
    ("symbol", '" SOLUSDT "', " SOLUSDT "),
    ("strategy_id", '""', ""),
    ("strategy_id", '"x.y z"', "x.y z"),
    ("signal_type", '"close"', "close"),
    ("signal_type", "null", None),
    ("order_type", '"take_profit_limit"', "take_profit_limit"),
    ("timeframe", '"90m"', "90m"),
    ("metadata", '{"a": {"b": [2, null]}}', {"a": {"b": [2, None]}}),
    ("indicators", "null", None),
    ("stop_loss_pct", "1", 1.0),
    ("take_profit_pct", '"0.04"', 0.04),
    ("position_size_pct", "0", 0.0),
    ("conditional_timeout", "45.0", 45),
    ("conditional_timeout", '"45"', 45),
    ("conditional_direction", '"below"', "below"),
    ("llm_alternatives", '[{"b": 2}]', [{"b": 2}]),
    ("source", '""', ""),
]

REFUSED = [
    ("confidence", "NaN", "less_than_equal"),
    ("confidence", "1.0000001", "less_than_equal"),
    ("confidence", "-0.0000001", "greater_than_equal"),
    ("confidence", "null", "float_type"),
    ("price", '"12,500"', "float_parsing"),
    ("quantity", "null", "float_type"),
    ("symbol", "7", "string_type"),
    ("strategy", "null", "string_type"),
    ("action", '"SELL"', "literal_error"),
    ("action", '"short"', "literal_error"),
    ("signal_type", '"SELL"', "enum"),
    ("strength", '"WEAK"', "enum"),
    ("strength", "null", "enum"),
    ("strategy_mode", '"manual"', "enum"),
    ("order_type", '"LIMIT"', "enum"),
    ("time_in_force", '"ioc"', "enum"),
    ("timeframe", "5", "string_type"),
    ("metadata", "null", "dict_type"),
    ("meta", "[]", "dict_type"),
    ("indicators", '"x"', "dict_type"),
    ("stop_loss_pct", "3", "less_than_equal"),
    ("take_profit_pct", "Infinity", "less_than_equal"),
    ("position_size_pct", "-0.1", "greater_than_equal"),
    ("model_confidence", "NaN", "less_than_equal"),
    ("conditional_timeout", "45.5", "int_from_float"),
    ("conditional_direction", '"BELOW"', "literal_error"),
    ("llm_alternatives", '["b"]', "dict_type"),
    ("decision_id", "7", "string_type"),
    ("id", "7", "string_type"),
]


def signal_text(field: str, raw: str) -> str:
    """Return the smallest signal as JSON, with one field given as JSON text."""
    others = {name: value for name, value in SMALLEST.items() if name != field}
    return f'{json.dumps(others)[:-1]}, "{field}": {raw}}}'


def refusal_of(field: str, raw: str) -> tuple[str | int, str]:
    """Return the field and kind of the one error that both ways of parsing agree on."""
    text = signal_text(field, raw)
    with pytest.raises(ValidationError) as decoded:
        Signal.model_validate(json.loads(text))
    with pytest.raises(ValidationError) as from_text:
        Signal.model_validate_json(text)
    ((location, kind),) = {(error["loc"], error["type"]) for error in decoded.value.errors() + from_text.value.errors()}
    return location[0], kind


def plain_values(field: str, raw: str) -> list[str]:
    """Return what parsing made of the field, from decoded values and from text.

    As repr, because that tells -0.0 from 0.0 and 45 from 45.0, and NaN is equal to itself.
    """
    text = signal_text(field, raw)
    values = [
        getattr(signal, field) for signal in (Signal.model_validate(json.loads(text)), Signal.model_validate_json(text))
    ]
    return [repr(value.value if isinstance(value, StrEnum) else value) for value in values]


def measured_value(probe: dict[str, Any]) -> object:
    value = probe["value"]
    return float(value["__nonfinite__"]) if isinstance(value, dict) and "__nonfinite__" in value else value


def as_sent(payload: dict[str, Any]) -> datetime:
    """Read a sample's timestamp without the models: ISO text (naive is UTC), a number, or a number as text."""
    raw = payload["timestamp"]
    try:
        moment = datetime.fromisoformat(str(raw))
    except ValueError:
        return datetime.fromtimestamp(float(raw), tz=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def test_fields_have_the_pinned_order_types_defaults_and_limits(field_lines: Callable[[type[BaseModel]], list[str]]):
    assert field_lines(Signal) == [line.strip() for line in FIELD_LINES.strip().splitlines()]


def test_fields_equal_the_measured_ones(
    field_lines: Callable[[type[BaseModel]], list[str]], measured_field_lines: Callable[[str], list[str]]
):
    assert field_lines(Signal) == measured_field_lines("Signal")


def test_every_field_says_what_it_means():
    assert [name for name, field in Signal.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("enum", ENUM_MEMBERS, ids=lambda enum: enum.__name__)
def test_enumeration_has_the_pinned_members(enum: type[StrEnum]):
    assert " ".join(f"{member.name}={member.value}" for member in enum) == ENUM_MEMBERS[enum]


@pytest.mark.parametrize("enum", ENUM_MEMBERS, ids=lambda enum: enum.__name__)
def test_enumeration_equals_the_measured_one(enum: type[StrEnum], shared_facts: dict[str, Any]):
    assert [member.value for member in enum] == shared_facts["enums"][f"signal.{enum.__name__}"]


def test_accepted_sample_is_read_with_every_value_it_sent(accepted_sample: Sample):
    signal = Signal.model_validate(accepted_sample.payload)

    sent = {name: value for name, value in accepted_sample.payload.items() if name in Signal.model_fields}
    kept = signal.model_dump(mode="json", include=set(sent))
    assert {**kept, "timestamp": signal.timestamp} == {**sent, "timestamp": as_sent(accepted_sample.payload)}
    assert signal.action == accepted_sample.action


def test_accepted_sample_fills_what_it_did_not_send_with_defaults(accepted_sample: Sample, frozen_now: datetime):
    signal = Signal.model_validate(accepted_sample.payload)

    bare = Signal.model_validate(SMALLEST)
    unsent = Signal.model_fields.keys() - accepted_sample.payload.keys()
    assert unsent <= Signal.model_fields.keys() - SMALLEST.keys()
    assert {name: getattr(signal, name) for name in unsent} == {name: getattr(bare, name) for name in unsent}


def test_accepted_sample_survives_writing_and_reading_again(accepted_sample: Sample):
    signal = Signal.model_validate(accepted_sample.payload)

    assert Signal.model_validate(signal.model_dump(mode="json", by_alias=True)) == signal
    assert Signal.model_validate_json(signal.model_dump_json(by_alias=True)) == signal


def test_accepted_sample_loses_exactly_the_listed_extras(accepted_sample: Sample):
    signal = Signal.model_validate(accepted_sample.payload)

    ignored = accepted_sample.payload.keys() - signal.model_dump().keys()
    assert sorted(ignored) == sorted(load_ignored_extras()[accepted_sample.name])


def test_refused_sample_misses_what_makes_a_signal(refused_sample: Sample):
    with pytest.raises(ValidationError) as caught:
        Signal.model_validate(refused_sample.payload)

    missing = {error["loc"][0] for error in caught.value.errors() if error["type"] == "missing"}
    assert missing >= {"action", "strategy_id", "current_price", "source"}


def test_own_samples_cover_every_action_and_a_refusal():
    samples = list(load_samples())

    assert {sample.action for sample in samples if sample.accepted} == {"buy", "sell", "hold", "close"}
    assert [sample.name for sample in samples if not sample.accepted] == ["order_shape.json"]


def test_signal_with_every_field_keeps_every_value():
    assert EVERY_FIELD.keys() == Signal.model_fields.keys()
    assert Signal.model_validate(EVERY_FIELD).model_dump(mode="json") == EVERY_FIELD


@pytest.mark.parametrize("field", SMALLEST)
def test_required_field_must_be_there(field: str):
    with pytest.raises(ValidationError) as caught:
        Signal.model_validate({name: value for name, value in SMALLEST.items() if name != field})

    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [((field,), "missing")]


@pytest.mark.parametrize(("field", "raw", "value"), TAKEN)
def test_odd_input_is_taken_as_the_engine_takes_it(field: str, raw: str, value: object):
    assert plain_values(field, raw) == [repr(value)] * 2


@pytest.mark.parametrize(("field", "raw", "error"), REFUSED)
def test_odd_input_is_refused_as_the_engine_refuses_it(field: str, raw: str, error: str):
    assert refusal_of(field, raw) == (field, error)


def test_measured_probe_has_the_measured_outcome(shared_probe: dict[str, Any]):
    field, raw = shared_probe["field"], shared_probe["json"]
    if not shared_probe["accepts"]:
        assert refusal_of(field, raw) == (field, shared_probe["error"])
    else:
        assert plain_values(field, raw) == [repr(measured_value(shared_probe))] * 2


def test_unknown_fields_are_ignored_and_the_last_of_two_keys_wins(frozen_now: datetime):
    text = json.dumps(SMALLEST)[:-1] + ', "action": "sell", "confidence_score": "?", "_otel_trace_context": {}}'

    assert Signal.model_validate_json(text) == Signal.model_validate({**SMALLEST, "action": "sell"})


def test_signal_cannot_be_changed():
    signal = Signal.model_validate(SMALLEST)

    with pytest.raises(ValidationError, match="frozen"):
        signal.quantity = 2.0


def test_default_maps_are_not_shared_between_signals():
    first, second = Signal.model_validate(SMALLEST), Signal.model_validate(SMALLEST)

    first.metadata["seen"] = True
    assert second.metadata == {}
