from decimal import Decimal
from typing import Any

import pytest

from cio_decision.context import notional, requested_notional
from petrosa_contracts import Mode
from tests.builders import (
    NOW,
    ago,
    context,
    control,
    intent,
    market_state,
    market_view,
    portfolio_view,
    quote,
    regime_status,
    regime_view,
)


@pytest.mark.parametrize(
    ("fields", "largest", "requested"),
    [
        ({"quantity": 0.02}, "1000", "1000"),
        ({"quantity": 0.0001}, "100", "5"),
        ({"quantity": 0}, "100", "100"),
        ({"quantity": 0, "position_size_pct": 0.5}, "100", "100"),
        ({"quantity": 1, "current_price": 60_000.0}, "60000", "60000"),
        ({"quantity": 7.0, "price": 3.0, "current_price": 3.0}, "21", "21"),
        ({"quantity": 6.9, "price": 3.0, "current_price": 3.0}, "21", "20.7"),
    ],
)
def test_what_an_order_is_worth(fields: dict[str, float], largest: str, requested: str) -> None:
    read = intent(**fields)
    assert notional(read, context()) == Decimal(largest)
    assert requested_notional(read, context()) == Decimal(requested)


def test_a_low_live_price_does_not_hide_a_large_order() -> None:
    read = intent(quantity=1, price=50_000.0, current_price=0.01)
    assert notional(read, context()) >= Decimal(50_000)


@pytest.mark.parametrize("wrong", ["last", "mark", "bid"])
def test_one_wrong_price_does_not_hide_a_large_order_however_new_it_is(wrong: str) -> None:
    prices = {name: quote(50_000, ago(3)) for name in ("last", "mark", "bid", "ask")} | {wrong: quote(100, ago(1))}
    read = intent(quantity=7, price=100.0, current_price=100.0)
    assert notional(read, context(market=market_view(market_state(**prices)))) == Decimal(350_000)


def test_a_higher_price_that_is_lost_does_not_count() -> None:
    read = intent(quantity=1, price=40_000.0, current_price=40_000.0)
    for seconds, worth in ((15, 50_000), (15.001, 40_000)):
        fallen = market_state(price=40_000, mark=quote(50_000, ago(seconds)))
        assert notional(read, context(market=market_view(fallen))) == Decimal(worth)


def test_a_laxer_entry_leaves_the_gates_own_mode() -> None:
    assert context(system_mode=Mode.CONSERVATIVE, control=control(Mode.SAFE)).mode is Mode.CONSERVATIVE


def test_a_stricter_entry_wins() -> None:
    assert context(system_mode=Mode.CONSERVATIVE, control=control(Mode.HALTED)).mode is Mode.HALTED


STALE_MARKET = market_view(market_state(as_of=ago(6)))


def test_fresh_inputs_leave_the_gate_active() -> None:
    found = context(market=market_view(), regime=regime_view(), portfolio=portfolio_view())
    assert (found.mode, found.own_reason) == (Mode.ACTIVE, "")


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"market": STALE_MARKET}, "the market data of BTCUSDT is 6 seconds old"),
        ({"regime": regime_view(symbol=regime_status(as_of=ago(7201)))}, "the regime of BTCUSDT is 7201 seconds old"),
        ({"portfolio": portfolio_view(known=False)}, "the portfolio was never seen"),
    ],
)
def test_one_input_that_is_not_fresh_makes_the_gate_conservative(inputs: dict[str, Any], reason: str) -> None:
    fresh = {"market": market_view(), "regime": regime_view(), "portfolio": portfolio_view()}
    found = context(**{**fresh, **inputs})
    assert (found.mode, found.own_reason) == (Mode.CONSERVATIVE, reason)


def test_stricter_modes_are_not_softened_by_a_stale_input_and_all_reasons_are_named() -> None:
    found = context(
        market=STALE_MARKET, portfolio=portfolio_view(known=False), system_mode=Mode.BLIND, system_reason="no policy"
    )
    assert found.mode is Mode.BLIND
    assert found.own_reason == ("no policy; the market data of BTCUSDT is 6 seconds old; the portfolio was never seen")
    assert context(market=STALE_MARKET, control=control(Mode.HALTED)).mode is Mode.HALTED


def test_a_stale_input_is_stricter_than_safe() -> None:
    assert context(market=STALE_MARKET, control=control(Mode.SAFE)).mode is Mode.CONSERVATIVE


def test_an_unlisted_symbol_says_nothing_about_the_market_data() -> None:
    assert context(market=market_view(known=False)).mode is Mode.ACTIVE


@pytest.mark.parametrize(
    ("own", "market", "in_force"),
    [
        (60, 60, ["BTCUSDT", None]),
        (7201, 60, ["BTCUSDT", None]),
        (60, 21_601, ["BTCUSDT"]),
        (21_601, 60, [None]),
        (-60, 60, [None]),
        (None, 21_600, [None]),
        (None, 21_601, []),
    ],
)
def test_the_regimes_in_force_are_the_symbols_and_the_markets_unless_they_are_lost(
    own: float | None, market: float, in_force: list[str | None]
) -> None:
    view = regime_view(
        symbol=None if own is None else regime_status(as_of=ago(own)),
        market=regime_status(symbol=None, as_of=ago(market)),
    )
    assert [status.symbol for status in view.judged(NOW, 2)[1]] == in_force


def test_an_approval_carries_the_newest_live_price() -> None:
    view = market_view(market_state(as_of=ago(3), last=quote(50_010, ago(1))))
    live = context(market=view).live_values()
    assert live is not None
    assert (live.price, live.as_of, live.mark_price) == (Decimal(50_010), ago(1), Decimal(50_000))
