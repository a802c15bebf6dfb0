from decimal import Decimal
from typing import Any

import pytest

from cio_strategist.domain.portfolio.fills import Effect, Fill, FillCount, effects
from petrosa_contracts import Side
from tests.readings import NOON, at, event

LONG, SHORT = ("BTCUSDT", Side.LONG), ("BTCUSDT", Side.SHORT)


def _added(*events: Any) -> list[Decimal]:
    count = FillCount()
    return [fill.quantity for each in events if (fill := count.added(each, NOON)) is not None]


def _fill(**fields: Any) -> Fill:
    found = FillCount().added(event(**fields), NOON)
    assert found is not None
    return found


def test_a_fill_that_is_told_three_times_counts_once():
    told = [
        event(reason="binance_filled"),
        event(reason="user_data_stream_fill", fill_time="2026-02-25T12:00:00+00:00"),
        event(decision_id="", reason="binance_filled"),
    ]
    assert _added(*told) == [1]


def test_parts_are_sums_so_far_in_whatever_order_they_come():
    parts = [event("partial_fill", fill_qty=part, qty=1) for part in ("0.3", "0.7", "0.5")]
    assert _added(*parts, event()) == [Decimal("0.3"), Decimal("0.4"), Decimal("0.3")]


def test_a_part_without_a_size_adds_nothing():
    assert _added(event("partial_fill")) == []


def test_without_an_order_id_the_time_of_the_fill_tells_two_apart():
    once = event(order_id="", fill_time=at(1).isoformat())
    assert _added(once, once, event(order_id="", fill_time=at(2).isoformat())) == [1, 1]


@pytest.mark.parametrize("missing", ["symbol", "side"])
def test_what_cannot_be_booked_adds_nothing(missing: str):
    assert _added(event(**{missing: None})) == []


@pytest.mark.parametrize("kind", ["placed", "rejected", "something_new"])
def test_other_events_are_no_fills(kind: str):
    assert _added(event(kind)) == []


def test_the_oldest_orders_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cio_strategist.domain.portfolio.fills.MOST_ORDERS", 2)
    assert len(_added(*(event(order_id=order) for order in ("1", "2", "3", "3", "1")))) == 4


@pytest.mark.parametrize(
    ("fields", "mode", "open_now", "expected"),
    [
        ({"side": "buy"}, "hedge", {}, [(LONG, 1)]),
        ({"side": "sell"}, "hedge", {LONG: 5}, [(SHORT, 1)]),
        ({"side": "sell"}, None, {LONG: 5}, [(SHORT, 1)]),
        ({"side": "sell"}, "one-way", {LONG: 5}, [(LONG, -1)]),
        ({"side": "sell"}, "one-way", {LONG: Decimal("0.4")}, [(LONG, Decimal("-0.4")), (SHORT, Decimal("0.6"))]),
        ({"side": "sell", "reason": "oco_exit_stop_loss"}, "hedge", {LONG: 5}, [(LONG, -1)]),
        ({"side": "buy", "pnl": -3}, "hedge", {SHORT: 5}, [(SHORT, -1)]),
        ({"side": "sell", "close_reason": "take_profit"}, "hedge", {}, []),
        ({"side": "close"}, "hedge", {SHORT: 5}, [(SHORT, -1)]),
        ({"side": "close"}, "hedge", {LONG: 5, SHORT: 5}, []),
    ],
)
def test_the_effect_of_a_fill(fields: dict[str, Any], mode: Any, open_now: dict[Any, Any], expected: list[Any]):
    assert list(effects(_fill(**fields), mode, open_now)) == [Effect(key, change) for key, change in expected]
