from typing import Any

import pytest

from cio_decision.context import LedgerView, Reserved
from cio_decision.evaluation import evaluate
from cio_decision.gates import regime_increase
from petrosa_contracts import Code, DrawdownPhase, RegimeStatus, Side, VolatilityPhase
from tests.builders import (
    breached,
    context,
    intent,
    passes,
    portfolio_state,
    portfolio_view,
    position,
    regime_status,
    regime_view,
)

HIGH, EXTREME, UNKNOWN = VolatilityPhase.HIGH, VolatilityPhase.EXTREME, VolatilityPhase.UNKNOWN
WILD = regime_view(symbol=regime_status(HIGH))
LONG_OPEN = portfolio_view(portfolio_state(position(Side.LONG)))
ON_ITS_WAY = LedgerView(reserved=Reserved(opens_this=True))


@pytest.mark.parametrize(
    "status",
    [
        regime_status(HIGH),
        regime_status(EXTREME),
        regime_status(UNKNOWN),
        regime_status(drawdown=DrawdownPhase.SEVERE),
        regime_status().model_copy(update={"increase_allowed": False}),
    ],
)
@pytest.mark.parametrize("of", ["symbol", "market"])
def test_adding_is_vetoed_while_symbol_or_market_forbid_it(status: RegimeStatus, of: str) -> None:
    circumstances = context(regime=regime_view(**{of: status}), portfolio=LONG_OPEN)
    breach = breached(regime_increase.check(intent(), circumstances))
    assert (breach.code, breach.measured, breach.limit, breach.scope) == (Code.REGIME_INCREASE, True, False, None)
    assert "LONG of BTCUSDT" in breach.message
    assert f"{status.volatility} volatility" in breach.message


@pytest.mark.parametrize("volatility", [VolatilityPhase.LOW, VolatilityPhase.NORMAL])
def test_adding_is_allowed_in_calm(volatility: VolatilityPhase) -> None:
    circumstances = context(regime=regime_view(symbol=regime_status(volatility)), portfolio=LONG_OPEN)
    assert passes(regime_increase.check(intent(), circumstances))


@pytest.mark.parametrize("fields", [{"action": "sell"}, {"symbol": "ETHUSDT"}], ids=["other side", "other symbol"])
def test_a_new_position_is_no_increase(fields: dict[str, Any]) -> None:
    assert passes(regime_increase.check(intent(**fields), context(regime=WILD, portfolio=LONG_OPEN)))


def test_an_order_on_its_way_counts_as_open() -> None:
    for known in (portfolio_view(), None):
        assert not passes(regime_increase.check(intent(), context(regime=WILD, portfolio=known, ledger=ON_ITS_WAY)))


def test_with_a_portfolio_that_is_not_known_every_entry_counts_as_an_increase() -> None:
    assert not passes(regime_increase.check(intent(), context(regime=WILD, portfolio=portfolio_view(known=False))))


@pytest.mark.parametrize(
    ("status", "passing"),
    [
        (regime_status(HIGH), True),
        (regime_status(EXTREME), False),
        (regime_status(UNKNOWN), False),
        (regime_status(drawdown=DrawdownPhase.SEVERE), False),
    ],
)
def test_where_positions_are_no_input_only_the_worst_phases_forbid_every_entry(
    status: RegimeStatus, passing: bool
) -> None:
    assert passes(regime_increase.check(intent(), context(regime=regime_view(symbol=status)))) is passing


@pytest.mark.parametrize("view", [None, regime_view(symbol=None, market=None)], ids=["off", "lost"])
def test_without_regime_data_the_gate_has_nothing_to_say(view: object) -> None:
    assert regime_increase.check(intent(), context(regime=view, portfolio=LONG_OPEN)) is None


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action), context(regime=WILD, portfolio=LONG_OPEN)).breaches == ()
