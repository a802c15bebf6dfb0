from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from petrosa_contracts.execution import UNKNOWN_STRATEGY, ExecutionEvent

MOMENT = datetime(2026, 2, 25, 12, tzinfo=UTC)


def _event(kind: str = "filled", **fields: Any) -> ExecutionEvent:
    return ExecutionEvent.model_validate({"event_type": kind, **fields})


def test_an_event_in_the_engines_form_is_read():
    event = ExecutionEvent.model_validate_json(
        '{"decision_id": "d1", "strategy_id": "momentum", "order_id": 4711, "event_type": "filled", "timestamp": '
        '"2026-02-25T12:00:00+00:00", "reason": "binance_filled", "symbol": "btcusdt", "side": "buy", "qty": 0.1, '
        '"fill_quantity": "0.1", "fill_price": 50000.5, "fee": 0.01, "fee_asset": "USDT"}'
    )
    assert (event.order_id, event.symbol, event.filled) == ("4711", "BTCUSDT", Decimal("0.1"))
    assert (event.fill_price, event.happened_at) == (Decimal("50000.5"), MOMENT)
    assert event.is_over
    assert not event.is_exit


def test_what_is_missing_is_unknown():
    event = _event("rejected", strategy_id="", symbol=None, order_id=None)
    assert (event.strategy_id, event.symbol, event.order_id) == (UNKNOWN_STRATEGY, "", "")
    assert (event.filled, event.happened_at, event.pnl) == (None, None, None)


@pytest.mark.parametrize("value", ["nan", float("inf"), "much", True, [], {}, -1, 0, 1e300])
def test_an_unreadable_quantity_counts_as_left_out(value: Any):
    assert _event(qty=value).filled is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-02-25T12:00:00", MOMENT),
        ("2026-02-25T14:00:00+02:00", MOMENT),
        (MOMENT.timestamp(), MOMENT),
        (int(MOMENT.timestamp() * 1000), MOMENT),
        ("1772020800", MOMENT),
        ("soon", None),
        (12, None),
        (-1e300, None),
        ([], None),
    ],
)
def test_the_time_of_a_fill(value: Any, expected: datetime | None):
    assert _event(fill_time=value).fill_time == expected


@pytest.mark.parametrize(
    ("fields", "is_exit"),
    [
        ({"side": "buy"}, False),
        ({"side": "close"}, True),
        ({"side": "sell", "pnl": -0.5}, True),
        ({"side": "sell", "pnl": 0}, False),
        ({"side": "sell", "reason": "oco_exit_take_profit"}, True),
        ({"side": "sell", "close_reason": "stop"}, True),
    ],
)
def test_an_exit_is_told_by_its_side_or_its_result(fields: dict[str, Any], is_exit: bool):
    assert _event(**fields).is_exit is is_exit


@pytest.mark.parametrize(
    ("kind", "is_over"),
    [
        ("placed", False),
        ("partial_fill", False),
        ("filled", True),
        ("rejected", True),
        ("EXPIRED", True),
        ("new", False),
    ],
)
def test_an_order_is_over_when_nothing_more_will_come_of_it(kind: str, is_over: bool):
    assert _event(kind).is_over is is_over


def test_an_event_without_a_type_is_none():
    with pytest.raises(ValidationError):
        ExecutionEvent.model_validate({"order_id": "1"})
