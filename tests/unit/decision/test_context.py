from decimal import Decimal
from typing import Any

import pytest

from petrosa_contracts import Mode
from tests.builders import (
    NOW,
    ago,
    context,
    control,
    market_state,
    market_view,
    portfolio_view,
    quote,
    regime_status,
    regime_view,
)


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
