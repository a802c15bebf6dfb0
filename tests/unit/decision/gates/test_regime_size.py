from decimal import Decimal
from typing import Any

import pytest

from cio_decision.context import Context
from cio_decision.evaluation import evaluate
from cio_decision.gates import regime_size
from petrosa_contracts import Code, DrawdownPhase, RegimeStatus, VolatilityPhase
from tests.builders import (
    NOW,
    breached,
    context,
    intent,
    passes,
    policy,
    portfolio_state,
    portfolio_view,
    regime_status,
    regime_view,
)

HIGH, EXTREME, UNKNOWN = VolatilityPhase.HIGH, VolatilityPhase.EXTREME, VolatilityPhase.UNKNOWN
NORMAL, LOW = VolatilityPhase.NORMAL, VolatilityPhase.LOW
SHALLOW, CORRECTION, DEEP = DrawdownPhase.SHALLOW, DrawdownPhase.CORRECTION, DrawdownPhase.DEEP
SEVERE = DrawdownPhase.SEVERE


def under(symbol: RegimeStatus | None, market: RegimeStatus | None = None, **more: Any) -> Context:
    return context(regime=regime_view(symbol=symbol, market=market), **more)


def of_size(usd: float, **fields: Any) -> Any:
    return intent(quantity=usd, price=1.0, current_price=1.0, **fields)


@pytest.mark.parametrize(
    ("volatility", "drawdown", "limit"),
    [
        (LOW, SHALLOW, 1000.0),
        (NORMAL, SHALLOW, 1000.0),
        (HIGH, SHALLOW, 500.0),
        (EXTREME, SHALLOW, 250.0),
        (UNKNOWN, SHALLOW, 250.0),
        (NORMAL, CORRECTION, 750.0),
        (NORMAL, DEEP, 500.0),
        (NORMAL, SEVERE, 250.0),
        (NORMAL, DrawdownPhase.UNKNOWN, 250.0),
        (HIGH, CORRECTION, 375.0),
        (EXTREME, SEVERE, 62.5),
    ],
)
def test_the_phases_shrink_the_limit(volatility: VolatilityPhase, drawdown: DrawdownPhase, limit: float) -> None:
    circumstances = under(regime_status(volatility, drawdown))
    assert passes(regime_size.check(of_size(limit), circumstances))
    breach = breached(regime_size.check(of_size(limit + 0.01), circumstances))
    assert (breach.code, breach.measured, breach.limit) == (Code.REGIME_SIZE, limit + 0.01, limit)


def test_the_breach_names_who_set_the_limit_and_the_cause() -> None:
    limited = under(
        regime_status(HIGH, CORRECTION), policy=policy(scope="symbol:BTCUSDT", version=12, max_position_size_usd=2000.0)
    )
    breach = breached(regime_size.check(of_size(800.0), limited))
    assert (breach.scope, breach.version, breach.unit, breach.limit) == ("symbol:BTCUSDT", 12, "USD", 750.0)
    for part in ("800 USD", "750", "0.375 of `max_position_size_usd`", "BTCUSDT", "high volatility", "correction"):
        assert part in breach.message


def test_a_writer_may_be_stricter_than_the_phases() -> None:
    strict = regime_status().model_copy(update={"size_multiplier": 0.1})
    assert passes(regime_size.check(of_size(100.0), under(strict)))
    assert not passes(regime_size.check(of_size(100.01), under(strict)))


@pytest.mark.parametrize("worse", ["symbol", "market"])
def test_the_stricter_of_symbol_and_market_holds(worse: str) -> None:
    calm, wild = regime_status(), regime_status(EXTREME)
    circumstances = under(wild, calm) if worse == "symbol" else under(calm, wild)
    assert passes(regime_size.check(of_size(250.0), circumstances))
    assert not passes(regime_size.check(of_size(250.01), circumstances))


def test_the_market_stands_in_for_a_symbol_without_a_regime() -> None:
    assert passes(regime_size.check(of_size(500.0), under(None, regime_status(HIGH, symbol=None))))
    breach = breached(regime_size.check(of_size(500.01), under(None, regime_status(HIGH, symbol=None))))
    assert "the market is in high volatility" in breach.message


def test_an_unknown_regime_counts_as_the_worst() -> None:
    unknown = under(RegimeStatus.unknown(symbol="BTCUSDT", as_of=NOW))
    assert passes(regime_size.check(of_size(62.5), unknown))
    assert not passes(regime_size.check(of_size(62.51), unknown))


@pytest.mark.parametrize(
    ("fall", "limit"),
    [("0", 1000.0), ("0.0999", 1000.0), ("0.1", 750.0), ("0.2", 500.0), ("0.3", 250.0), ("1.5", 250.0), (None, 250.0)],
)
def test_the_portfolios_own_fall_shrinks_the_limit(fall: str | None, limit: float) -> None:
    state = portfolio_state(drawdown=None if fall is None else Decimal(fall))
    circumstances = under(regime_status(), portfolio=portfolio_view(state))
    assert passes(regime_size.check(of_size(limit), circumstances))
    if limit < 1000:
        breach = breached(regime_size.check(of_size(limit + 0.01), circumstances))
        assert "the portfolio's drawdown is" in breach.message


def test_of_two_falls_only_the_worse_one_counts() -> None:
    fallen = portfolio_view(portfolio_state(drawdown=Decimal("0.2")))
    circumstances = under(regime_status(HIGH, CORRECTION), portfolio=fallen)
    assert passes(regime_size.check(of_size(250.0), circumstances))
    assert not passes(regime_size.check(of_size(250.01), circumstances))


def test_a_portfolio_that_is_not_known_counts_as_fallen_far() -> None:
    assert not passes(regime_size.check(of_size(250.01), under(regime_status(), portfolio=portfolio_view(known=False))))


@pytest.mark.parametrize("view", [None, regime_view(symbol=None, market=None)], ids=["off", "lost"])
def test_without_regime_data_the_gate_has_nothing_to_say(view: object) -> None:
    assert regime_size.check(of_size(1e9), context(regime=view)) is None


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    verdict = evaluate(of_size(1e9, action=action), under(regime_status(EXTREME, SEVERE)))
    assert (verdict.approved, verdict.breaches) == (True, ())
