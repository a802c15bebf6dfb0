from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from petrosa_contracts import order, signal
from petrosa_contracts.order import OrderSide, OrderStatus, OrderType, TradeOrder

SMALLEST = {"symbol": "SOLUSDT", "type": "market", "side": "buy", "amount": 1.5}

EVERY_FIELD = {
    "symbol": "SOLUSDT",
    "type": "limit",
    "side": "close",
    "amount": 1.5,
    "target_price": 142.38,
    "stop_loss": 138.08,
    "take_profit": 153.74,
    "conditional_price": 141.0,
    "conditional_direction": "sideways",
    "conditional_timeout": 90,
    "iceberg_quantity": 0.3,
    "client_order_id": "c-1",
    "order_id": "991",
    "status": "partially_filled",
    "filled_amount": 0.5,
    "average_price": 142.4,
    "position_id": "p-1",
    "position_side": "LONG",
    "exchange": "paper",
    "strategy_metadata": {"strategy_id": "donchian_breakout"},
    "simulate": False,
    "reduce_only": True,
    "time_in_force": "GTC",
    "position_size_pct": 7.5,
    "stop_loss_pct": 0.03,
    "take_profit_pct": 0.08,
    "created_at": "2026-03-10T08:15:30.250000+00:00",
    "updated_at": "2026-03-10T08:15:31+00:00",
    "rejection_reason": "no funds",
    "rejected_at": "2026-03-10T08:15:32+00:00",
    "rejection_source": "balance",
    "meta": {"attempt": 2},
}

FIELD_LINES = """
    symbol: str
    type: str
    side: str
    amount: float
    target_price: float | null = null
    stop_loss: float | null = null
    take_profit: float | null = null
    conditional_price: float | null = null
    conditional_direction: str | null = null
    conditional_timeout: int | null = null
    iceberg_quantity: float | null = null
    client_order_id: str | null = null
    order_id: str | null = null
    status: enum:OrderStatus = "pending"
    filled_amount: float = 0.0
    average_price: float | null = null
    position_id: str | null = null
    position_side: str | null = null
    exchange: str = "binance"
    strategy_metadata: dict[str, any] = {}
    simulate: bool = true
    reduce_only: bool = false
    time_in_force: str | null = null
    position_size_pct: float | null = null
    stop_loss_pct: float | null = null
    take_profit_pct: float | null = null
    created_at: datetime = "now_utc_aware"
    updated_at: datetime | null = null
    rejection_reason: str | null = null
    rejected_at: datetime | null = null
    rejection_source: literal(SOURCES) | null = null
    meta: dict[str, any] = {}
""".replace("SOURCES", "risk_check, exchange, stale_signal, whitelist, balance, validation, leverage_bound")

ENUM_MEMBERS = {
    OrderSide: "BUY=buy SELL=sell",
    OrderStatus: "PENDING=pending FILLED=filled PARTIALLY_FILLED=partially_filled CANCELLED=cancelled "
    "REJECTED=rejected EXPIRED=expired",
}


def test_fields_have_the_pinned_order_types_defaults_and_limits(field_lines: Callable[[type[BaseModel]], list[str]]):
    assert field_lines(TradeOrder) == [line.strip() for line in FIELD_LINES.strip().splitlines()]


def test_fields_equal_the_measured_ones(
    field_lines: Callable[[type[BaseModel]], list[str]], measured_field_lines: Callable[[str], list[str]]
):
    assert field_lines(TradeOrder) == measured_field_lines("TradeOrder")


def test_every_field_says_what_it_means():
    assert [name for name, field in TradeOrder.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("enum", ENUM_MEMBERS, ids=lambda enum: enum.__name__)
def test_enumeration_has_the_pinned_members(enum: type[StrEnum]):
    assert " ".join(f"{member.name}={member.value}" for member in enum) == ENUM_MEMBERS[enum]


@pytest.mark.parametrize("enum", [*ENUM_MEMBERS, OrderType], ids=lambda enum: enum.__name__)
def test_enumeration_equals_the_measured_one(enum: type[StrEnum], shared_facts: dict[str, Any]):
    assert [member.value for member in enum] == shared_facts["enums"][f"order.{enum.__name__}"]


def test_order_type_is_the_one_of_the_signal():
    assert order.OrderType is signal.OrderType


def test_order_with_every_field_keeps_every_value():
    assert EVERY_FIELD.keys() == TradeOrder.model_fields.keys()
    assert TradeOrder.model_validate(EVERY_FIELD).model_dump(mode="json") == EVERY_FIELD


def test_order_survives_writing_and_reading_again():
    written = TradeOrder.model_validate(EVERY_FIELD)

    assert TradeOrder.model_validate_json(written.model_dump_json()) == written


def test_smallest_order_is_a_pending_simulation_made_now(frozen_now: datetime):
    made = TradeOrder.model_validate(SMALLEST)

    assert (made.status, made.simulate, made.created_at, made.updated_at) == (
        OrderStatus.PENDING,
        True,
        frozen_now,
        None,
    )


@pytest.mark.parametrize("field", SMALLEST)
def test_required_field_must_be_there(field: str):
    with pytest.raises(ValidationError) as caught:
        TradeOrder.model_validate({name: value for name, value in SMALLEST.items() if name != field})

    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [((field,), "missing")]


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("status", "FILLED", "enum"),
        ("rejection_source", "operator", "literal_error"),
        ("amount", None, "float_type"),
        ("created_at", "just now", "datetime_from_date_parsing"),
        ("side", 1, "string_type"),
    ],
)
def test_odd_input_is_refused(field: str, value: object, error: str):
    with pytest.raises(ValidationError) as caught:
        TradeOrder.model_validate({**SMALLEST, field: value})

    assert [(item["loc"], item["type"]) for item in caught.value.errors()] == [((field,), error)]


def test_naive_time_stays_naive_and_epoch_seconds_become_utc():
    made = TradeOrder.model_validate({**SMALLEST, "created_at": "2026-02-20T21:40:07", "updated_at": 1_772_020_800})

    assert made.created_at.tzinfo is None
    assert made.updated_at == datetime(2026, 2, 25, 12, tzinfo=UTC)


def test_later_state_is_a_copy_and_the_order_itself_cannot_be_changed():
    made = TradeOrder.model_validate(SMALLEST)

    with pytest.raises(ValidationError, match="frozen"):
        made.status = OrderStatus.FILLED
    assert made.model_copy(update={"status": OrderStatus.FILLED}).status is OrderStatus.FILLED
    assert made.status is OrderStatus.PENDING


def test_unknown_fields_are_ignored():
    assert "colour" not in TradeOrder.model_validate({**SMALLEST, "colour": "red"}).model_dump()
