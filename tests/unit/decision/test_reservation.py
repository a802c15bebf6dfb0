from decimal import Decimal
from typing import Any

from cio_decision.reservation import Entry, Exit, reservation_of
from petrosa_contracts import Side, VolatilityPhase
from petrosa_contracts.primal import BUILT_IN
from tests.builders import (
    context,
    intent,
    policy,
    portfolio_state,
    portfolio_view,
    position,
    regime_status,
    regime_view,
)

BOOK = portfolio_state(
    position(Side.LONG, quantity=1, symbol="ETHUSDT", price=2000, leverage=Decimal(5)), equity=10_000, revision=42
)


def entry(read: Any = None, **circumstances: Any) -> Entry:
    found = reservation_of(read or intent(), context(**{"portfolio": portfolio_view(BOOK), **circumstances}))
    assert isinstance(found, Entry)
    return found


def leaving(read: Any, *positions: Any, **state: Any) -> Exit | Entry | None:
    held = portfolio_state(*positions, **{"position_mode": "one-way", "revision": 42, **state})
    return reservation_of(read, context(policy=policy(position_mode="one-way"), portfolio=portfolio_view(held)))


def test_without_a_portfolio_nothing_is_reserved() -> None:
    assert reservation_of(intent(), context()) is None
    assert reservation_of(intent(), context(portfolio=portfolio_view(known=False))) is None


def test_an_entry_takes_up_value_leverage_and_a_position() -> None:
    assert entry() == Entry(
        name="BTCUSDT:LONG",
        notional=500_000_000,
        leverage=10_000_000,
        opens=True,
        may_add=True,
        notional_left=6_000_000_000,
        leverage_left=None,
        positions_left=9,
        revision=42,
        open_names=frozenset({"ETHUSDT:LONG"}),
    )


def test_adding_to_an_open_position_opens_none() -> None:
    assert not entry(intent(symbol="ETHUSDT")).opens
    assert entry(intent(symbol="ETHUSDT", action="sell")).opens


def test_what_is_on_its_way_may_be_added_to_unless_symbol_or_market_forbid_it() -> None:
    calm, wild = regime_status(), regime_status(VolatilityPhase.HIGH)
    assert entry(regime=regime_view(symbol=calm, market=calm)).may_add
    assert not entry(regime=regime_view(symbol=wild, market=calm)).may_add
    assert not entry(regime=regime_view(symbol=calm, market=wild)).may_add


def test_of_policy_and_primal_limits_the_tighter_one_is_what_is_left() -> None:
    assert entry(primal=BUILT_IN).notional_left == 3_000_000_000
    tighter = policy(max_portfolio_exposure_pct=0.3)
    assert entry(primal=BUILT_IN, policy=tighter).notional_left == 1_000_000_000


def test_a_cap_on_leverage_leaves_what_open_positions_do_not_have() -> None:
    assert entry(policy=policy(portfolio_leverage_cap=60)).leverage_left == 55_000_000


def test_an_order_out_of_a_position_takes_from_what_there_is_of_it() -> None:
    found = leaving(intent(action="sell", quantity=0.04), position(quantity="0.1"))
    assert found == Exit(symbol="BTCUSDT", quantity=40_000, quantity_left=100_000, revision=42)


def test_a_close_takes_all_of_it_and_nothing_stands_in_its_way() -> None:
    found = leaving(intent(action="close"), position(quantity="0.1"))
    assert found == Exit(symbol="BTCUSDT", quantity=100_000, quantity_left=None, revision=42)


def test_a_close_of_what_is_not_open_or_does_not_net_takes_nothing() -> None:
    assert leaving(intent(action="close")) is None
    assert leaving(intent(action="close"), position(), position_mode="hedge") is None


def test_a_hold_takes_nothing() -> None:
    assert leaving(intent(action="hold"), position()) is None
