"""Tightening one limit never turns a veto into an approval, gate by gate."""

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cio_decision.context import Context
from cio_decision.evaluation import evaluate, examine
from cio_decision.gates import GATES
from cio_decision.intent import Intent
from petrosa_contracts import CATALOGUE, DrawdownPhase, Parameter, ResolvedPolicy, Side, Trend, VolatilityPhase
from petrosa_contracts.parameters import ParameterType
from petrosa_contracts.parameters.definition import Risk
from tests.builders import (
    SYMBOL,
    context,
    intent,
    market_view,
    passes,
    policy,
    portfolio_state,
    portfolio_view,
    regime_status,
    regime_view,
)
from tests.intents import ENTRIES, contexts, intents, market_views, regime_statuses

MEASURED = "leverage"
"""What is held against limits itself: a lower one may well lift the veto of a limit that it was beyond."""

LIMITING = [each for each in CATALOGUE.values() if each.risk is not Risk.NEUTRAL and each.name != MEASURED]
READ_BY_GATES = [
    "leverage",
    "position_size_pct",
    "max_position_size_usd",
    "min_position_size_usd",
    "max_daily_trades",
    "max_signal_age_seconds",
    "min_confidence_threshold",
    "allowed_symbols",
    "enabled",
    "enable_shorts",
    "enable_longs",
    "max_leverage_bound",
    "max_daily_loss_pct",
    "max_portfolio_exposure_pct",
    "max_concurrent_positions",
    "portfolio_leverage_cap",
    "position_mode",
    "slippage_tolerance_pct",
]
ANY_SYMBOLS = st.lists(st.sampled_from([SYMBOL, "ETHUSDT", "SOLUSDT"]), unique=True, min_size=1)


def tighter(parameter: Parameter, value: Any) -> st.SearchStrategy[Any]:
    """Draw values that carry at most the risk of `value`, which the catalogue allows."""
    lower = parameter.risk is Risk.RAISES
    if value is None:
        return st.none()
    if parameter.type is ParameterType.BOOLEAN:
        return st.sampled_from([value, not lower])
    if parameter.type is ParameterType.STRING:
        words = parameter.allowed_values or ()
        place = words.index(value)
        return st.sampled_from(words[: place + 1] if lower else words[place:])
    if parameter.type is ParameterType.LIST:
        some = st.lists(st.sampled_from(value), unique=True, min_size=1) if value else ANY_SYMBOLS
        return some.map(tuple)
    return tighter_numbers(parameter, value, lower=lower)


def tighter_numbers(parameter: Parameter, value: float, *, lower: bool) -> st.SearchStrategy[float]:
    low, high = parameter.minimum, parameter.maximum
    assert low is not None
    assert high is not None
    if parameter.name == "portfolio_leverage_cap":  # 0 is no cap at all, the loosest of all values
        low, value = (0, high) if value == 0 else (1, value)
    low, high = (low, value) if lower else (value, high)
    if parameter.type is ParameterType.INTEGER:
        return st.integers(int(low), int(high))
    return st.floats(low, high)


def with_value(policy: ResolvedPolicy, name: str, value: Any) -> ResolvedPolicy:
    return replace(policy, values=MappingProxyType({**policy.values, name: value}))


def assert_no_veto_is_lifted(asked: Intent, looser: Context, tightened: Context) -> None:
    for gate in GATES:
        if not passes(gate.check(asked, looser)):
            assert not passes(gate.check(asked, tightened)), gate.code
    if not evaluate(asked, looser).approved:
        assert not evaluate(asked, tightened).approved


@pytest.mark.parametrize("parameter", LIMITING, ids=lambda parameter: parameter.name)
@given(data=st.data())
@settings(max_examples=8)
def test_tightening_a_parameter_lifts_no_veto(parameter: Parameter, data: st.DataObject) -> None:
    tighten_and_compare(parameter, data)


@given(data=st.data())
@settings(max_examples=200)
def test_tightening_what_gates_read_lifts_no_veto(data: st.DataObject) -> None:
    tighten_and_compare(
        CATALOGUE[data.draw(st.sampled_from([name for name in READ_BY_GATES if name != MEASURED]))], data
    )


def tighten_and_compare(parameter: Parameter, data: st.DataObject) -> None:
    side = data.draw(st.sampled_from([Side.LONG, Side.SHORT]))
    context = data.draw(contexts(side=side))
    value = data.draw(tighter(parameter, context.policy[parameter.name]))
    tightened = replace(context, policy=with_value(context.policy, parameter.name, value))
    assert_no_veto_is_lifted(data.draw(intents(ENTRIES)), context, tightened)


def test_these_are_the_parameters_that_gates_read() -> None:
    assert _names_read() == set(READ_BY_GATES)


def _names_read() -> set[str]:
    """Return what gates ask of a policy, found out by handing them one that takes notes."""
    asked: set[str] = set()

    class Noting(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            asked.add(name)
            return super().__getitem__(name)

    noting = replace(policy(), values=Noting(policy().values))
    for action in ENTRIES:
        views = {"market": market_view(), "regime": regime_view(), "portfolio": portfolio_view()}
        examine(intent(action=action, position_size_pct=0.1), context(policy=noting, **views))
    return asked


OWN_LIMITS: dict[str, Any] = {
    "max_orders_per_second": lambda limit: st.integers(1, 12 if limit is None else limit),
    "clock_tolerance_seconds": lambda limit: st.floats(0, limit),
    "decision_deadline_seconds": lambda limit: st.floats(0, limit),
    "symbol_known": lambda known: st.sampled_from([False, known]),
}
"""The limits of the gate's own settings, each with what is at most as loose."""


@pytest.mark.parametrize("name", OWN_LIMITS)
@given(data=st.data())
def test_tightening_a_setting_lifts_no_veto(name: str, data: st.DataObject) -> None:
    context = data.draw(contexts(side=Side.LONG))
    value = data.draw(OWN_LIMITS[name](getattr(context, name)))
    assert_no_veto_is_lifted(data.draw(intents(ENTRIES)), context, replace(context, **{name: value}))


@given(intents(ENTRIES), contexts(side=Side.LONG), st.floats(1, 5000), st.integers(1, 10))
def test_tightening_the_failsafe_limits_lifts_no_veto(intent: Intent, context: Context, usd: float, x: int) -> None:
    limits = context.failsafe
    tight = limits.model_copy(
        update={
            "max_position_size_usd": min(usd, limits.max_position_size_usd),
            "max_leverage": min(x, limits.max_leverage),
        }
    )
    assert_no_veto_is_lifted(intent, context, replace(context, failsafe=tight))


@given(intents(ENTRIES), contexts(side=Side.LONG), st.integers(0, 50))
def test_more_trades_of_the_day_lift_no_veto(intent: Intent, context: Context, more: int) -> None:
    counts = {scope: count + more for scope, count in context.ledger.trades_today.items()}
    later = replace(context, ledger=replace(context.ledger, trades_today=counts))
    assert_no_veto_is_lifted(intent, context, later)


@given(data=st.data())
def test_a_narrower_price_band_lifts_no_veto(data: st.DataObject) -> None:
    view = data.draw(market_views())
    context = replace(data.draw(contexts(side=Side.LONG)), market=view)
    narrower = replace(view, band_share=view.band_share * data.draw(st.decimals(0, 1, places=4)))
    assert_no_veto_is_lifted(data.draw(intents(ENTRIES)), context, replace(context, market=narrower))


@given(data=st.data())
def test_a_worse_regime_lifts_no_veto(data: st.DataObject) -> None:
    status = data.draw(regime_statuses(SYMBOL))
    worse = regime_status(
        data.draw(st.sampled_from([each for each in VolatilityPhase if each.severity >= status.volatility.severity])),
        data.draw(st.sampled_from([each for each in DrawdownPhase if each.severity >= status.drawdown.severity])),
        data.draw(st.sampled_from([status.trend, Trend.UNKNOWN])),
    )
    context = replace(data.draw(contexts(side=Side.LONG)), regime=regime_view(symbol=status))
    assert_no_veto_is_lifted(data.draw(intents(ENTRIES)), context, replace(context, regime=regime_view(symbol=worse)))


@given(data=st.data())
def test_a_regime_of_the_market_lifts_no_veto_of_the_symbols(data: st.DataObject) -> None:
    view = regime_view(symbol=data.draw(regime_statuses(SYMBOL)), market=None)
    context = replace(data.draw(contexts(side=Side.LONG)), regime=view)
    both = replace(view, market=data.draw(regime_statuses(None)))
    assert_no_veto_is_lifted(data.draw(intents(ENTRIES)), context, replace(context, regime=both))


@given(data=st.data(), fall=st.decimals(0, 1, places=3), further=st.decimals(0, 1, places=3))
def test_a_portfolio_that_has_fallen_further_lifts_no_veto(
    data: st.DataObject, fall: Decimal, further: Decimal
) -> None:
    asked, drawn = data.draw(intents(ENTRIES)), replace(data.draw(contexts(side=Side.LONG)), regime=regime_view())
    context, fallen = (
        replace(drawn, portfolio=portfolio_view(portfolio_state(drawdown=by))) for by in (fall, fall + further)
    )
    assert_no_veto_is_lifted(asked, context, fallen)
