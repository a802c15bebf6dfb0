"""What holds for every decision: it follows from its arguments, and each rule says yes to what is approved."""

from decimal import Decimal
from fractions import Fraction
from math import isfinite

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from cio_decision.context import Context
from cio_decision.evaluation import evaluate, examine
from cio_decision.gates import GATES
from cio_decision.intent import Intent
from cio_decision.order_size import notional
from petrosa_contracts import CATALOGUE, Code, Mode, Side
from tests.exact_rules import exactly, known_inputs, market_rules, regime_rules, worth
from tests.intents import ENTRIES, EXITS, contexts, intents
from tests.portfolio_rules import (
    drawdown_fits,
    exposure_fits,
    leverage_fits,
    loss_fits,
    only_reduces,
    portfolio_is_known,
    positions_fit,
)
from tests.unit.decision.gates.test_gates import NOTED_ABOUT_CLOSES

ANY_MODE = (Mode.ACTIVE, Mode.SAFE, Mode.HALTED, Mode.FROZEN)

LIMITED_BY = {
    Code.INTENT_STALE: "max_signal_age_seconds",
    Code.STRATEGY_DISABLED: "enabled",
    Code.SYMBOL_NOT_ALLOWED: "allowed_symbols",
    Code.CONFIDENCE_LOW: "min_confidence_threshold",
    Code.ORDER_NOTIONAL_MAX: "max_position_size_usd",
    Code.ORDER_NOTIONAL_MIN: "min_position_size_usd",
    Code.POSITION_SIZE_MAX: "position_size_pct",
    Code.LEVERAGE_MAX: "max_leverage_bound",
    Code.DAILY_TRADES: "max_daily_trades",
    Code.DAILY_LOSS: "max_daily_loss_pct",
    Code.EXPOSURE_MAX: "max_portfolio_exposure_pct",
    Code.POSITIONS_MAX: "max_concurrent_positions",
    Code.LEVERAGE_TOTAL: "portfolio_leverage_cap",
    Code.REGIME_SIZE: "max_position_size_usd",
}
"""The parameter behind each limit of policy; SIDE_DISABLED has one per side."""


def allows(intent: Intent, context: Context) -> dict[Code, bool]:
    """Return what each rule of the specification says about an entry, gate by gate, in exact numbers."""
    policy, signal, mode = context.policy, intent.signal, context.mode
    asked, largest = worth(intent, context)
    long = intent.side is Side.LONG
    age = None if intent.instant is None else (context.now - intent.instant).total_seconds()
    leverage = max(policy["leverage"], intent.recommended_leverage or 0)
    counted = policy.provenance["max_daily_trades"].scope
    counted = f"strategy:{signal.strategy_id}" if counted == "defaults" else counted
    below, above = (signal.stop_loss, signal.take_profit) if long else (signal.take_profit, signal.stop_loss)
    restricted = mode in {Mode.SAFE, Mode.CONSERVATIVE}
    return {
        Code.FROZEN: mode is not Mode.FROZEN,
        Code.HALT_ACTIVE: mode not in {Mode.HALTED, Mode.BLIND},
        Code.INTENT_STALE: age is not None and age <= policy["max_signal_age_seconds"],
        Code.INTENT_FUTURE: age is None or -age <= 2,
        Code.INTENT_DUPLICATE: context.ledger.taken_by is None,
        Code.STRATEGY_DISABLED: policy["enabled"],
        Code.SIDE_DISABLED: policy["enable_longs" if long else "enable_shorts"],
        Code.SYMBOL_NOT_ALLOWED: not policy["allowed_symbols"] or signal.symbol in policy["allowed_symbols"],
        Code.CONFIDENCE_LOW: signal.confidence >= policy["min_confidence_threshold"],
        Code.ORDER_NOTIONAL_MAX: largest <= exactly(policy["max_position_size_usd"]),
        Code.ORDER_NOTIONAL_MIN: asked >= exactly(policy["min_position_size_usd"]),
        Code.POSITION_SIZE_MAX: (signal.position_size_pct or 0) <= policy["position_size_pct"],
        Code.LEVERAGE_MAX: leverage <= policy["max_leverage_bound"],
        Code.STOP_INVALID: (below is None or 0 < below <= signal.current_price)
        and (above is None or (above > 0 and above >= signal.current_price))
        and (signal.stop_loss_pct is None or 0 < signal.stop_loss_pct <= 0.5)
        and (signal.take_profit_pct is None or 0 < signal.take_profit_pct <= 1),
        Code.DAILY_TRADES: context.ledger.trades_today.get(counted, 0) < policy["max_daily_trades"],
        Code.RATE_LIMIT: context.max_orders_per_second is None
        or context.orders_last_second < max(1, context.max_orders_per_second * 9 // 10),
        **known_inputs(context),
        Code.PORTFOLIO_STALE: portfolio_is_known(context),
        Code.DAILY_LOSS: loss_fits(context, exactly(policy["max_daily_loss_pct"])),
        Code.DRAWDOWN: drawdown_fits(context),
        Code.EXPOSURE_MAX: exposure_fits(intent, context, exactly(policy["max_portfolio_exposure_pct"])),
        Code.POSITIONS_MAX: positions_fit(intent, context),
        Code.LEVERAGE_TOTAL: leverage_fits(intent, context),
        Code.FAILSAFE_LIMIT: not restricted
        or (
            largest <= exactly(context.failsafe.max_position_size_usd)
            and leverage <= context.failsafe.max_leverage
            and context.symbol_known
        ),
        Code.PRIMAL_LIMIT: context.primal is None,
        Code.AUDIT_UNAVAILABLE: context.audit_available,
        Code.DEADLINE_EXCEEDED: context.decision_seconds <= context.decision_deadline_seconds,
        **market_rules(intent, context),
        **regime_rules(intent, context),
    }


@given(intents(), st.sampled_from([Side.LONG, Side.SHORT]).flatmap(lambda side: contexts(side=side, modes=ANY_MODE)))
@settings(max_examples=200)
def test_an_entry_is_approved_just_when_every_rule_allows_it(intent: Intent, context: Context) -> None:
    assume(not only_reduces(intent, context))
    rules = allows(intent, context)
    verdict = evaluate(intent, context)
    event("approved" if verdict.approved else "vetoed")
    assert rules.keys() == {gate.code for gate in GATES}
    assert {breach.code for breach in verdict.breaches} == {code for code, allowed in rules.items() if not allowed}
    assert verdict.approved is all(rules.values())


@given(intents(), contexts())
def test_notional_is_what_exact_arithmetic_says(intent: Intent, context: Context) -> None:
    _, largest = worth(intent, context)
    assert abs(Fraction(notional(intent, context)) - largest) <= largest / 10**26


@given(intents(ENTRIES + EXITS), contexts(modes=ANY_MODE))
def test_the_same_arguments_always_give_the_same_verdict(intent: Intent, context: Context) -> None:
    assert evaluate(intent, context, latency_ms=1.0) == evaluate(intent, context, latency_ms=1.0)


@given(intents(ENTRIES + EXITS), contexts(modes=ANY_MODE))
def test_the_first_breach_names_the_veto_and_breaches_keep_the_order_of_the_gates(
    intent: Intent, context: Context
) -> None:
    verdict = evaluate(intent, context)
    order = [gate.code for gate in GATES]
    found = examine(intent, context)
    for breaches in (found.vetoing, found.noted):
        positions = [order.index(breach.code) for breach in breaches]
        assert positions == sorted(set(positions))
    assert verdict.code == (found.vetoing[0].code if found.vetoing else None)
    assert verdict.breaches == found.vetoing + found.noted


@given(intents(ENTRIES + EXITS), contexts(modes=ANY_MODE))
def test_only_what_reduces_risk_is_ever_noted(intent: Intent, context: Context) -> None:
    noted = examine(intent, context).noted
    assert not noted or not intent.opens
    assert {breach.code for breach in noted} <= NOTED_ABOUT_CLOSES


@given(intents(ENTRIES + EXITS), contexts(modes=ANY_MODE))
def test_every_gate_that_is_not_off_says_what_it_found_once(intent: Intent, context: Context) -> None:
    found = examine(intent, context)
    spoken = [breach.code for breach in found.breaches] + [*found.measured]
    assert len(spoken) == len(set(spoken))
    for measured, limit in found.measured.values():
        assert not any(isinstance(each, float | Decimal) and not isfinite(each) for each in (measured, limit))


@given(intents(ENTRIES + EXITS), contexts(modes=ANY_MODE))
def test_the_strictest_mode_wins(intent: Intent, context: Context) -> None:
    candidates = [context.own_mode] + ([] if context.control is None else [context.control.entry.mode])
    assert evaluate(intent, context).mode is max(candidates, key=list(Mode).index)


@given(intents(), contexts(side=Side.LONG))
def test_every_breach_of_policy_names_who_set_the_limit_and_the_limit_itself(intent: Intent, context: Context) -> None:
    for breach in examine(intent, context).breaches:
        if breach.code is Code.SIDE_DISABLED:
            parameter = "enable_longs" if intent.side is Side.LONG else "enable_shorts"
        elif breach.code in LIMITED_BY:
            parameter = LIMITED_BY[breach.code]
        elif breach.code is Code.PRICE_PHANTOM and breach.scope is not None:
            parameter = "slippage_tolerance_pct"
        else:
            assert breach.version is None
            continue
        source = context.policy.provenance[parameter]
        assert (breach.scope, breach.version) == (source.scope, source.version)
        assert breach.unit == CATALOGUE[parameter].unit
        if breach.code is Code.REGIME_SIZE:
            assert exactly(breach.limit) <= exactly(context.policy[parameter])
        elif parameter != "allowed_symbols":
            assert breach.limit == context.policy[parameter]


@given(intents(ENTRIES + EXITS), contexts(modes=ANY_MODE))
def test_every_breach_is_one_full_sentence(intent: Intent, context: Context) -> None:
    for breach in examine(intent, context).breaches:
        assert breach.gate == breach.code.lower()
        assert breach.message.endswith(".")
        assert len(breach.message) > 20
        assert "\n" not in breach.message
