"""PRIMAL_LIMIT: the hard ceilings, which hold whatever policy, control or mode say."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from cio_decision.breaches import Finding, Measure, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.exits import increases_risk
from cio_decision.gates.rate_limit import entry_rate
from cio_decision.headroom import (
    daily_loss,
    exposure_after,
    exposure_left,
    known_portfolio,
    order_leverage,
    order_notional,
    share_of,
    taken,
)
from cio_decision.intent import Intent
from cio_decision.order_size import notional
from petrosa_contracts import Code
from petrosa_contracts.primal import PRIMAL_SCOPE, UPWARD, PrimalLimits
from petrosa_contracts.primal.bounds import source_in_words
from petrosa_contracts.sizing import decimal_of


@dataclass(frozen=True, slots=True)
class _Excess:
    """What is beyond a primal limit: `rule` and `advice` are the sentence without its middle."""

    measured: Measure
    limit: Measure
    unit: str
    rule: str
    advice: str = "no running process can change it"


def check(intent: Intent, context: Context) -> Finding:
    """Veto what is beyond a primal limit.

    Inputs: orders of the last second; the symbol; N; the larger of resolved and recommended leverage; the intent's
    share of equity; exposure after this order and all on their way, and the day's latched loss, as shares of equity,
    where a portfolio is known; how far `price` is from the intent's own `current_price`, and how far both are from
    the live price where one is known, whatever its age. Comparison: measured > limit, computed in decimal that is
    rounded up, so that nothing above a limit compares as equal to it. Units: orders per second, symbol, USD, x,
    fraction. What only reduces risk is subject to the rate alone, of which opening orders must leave it a tenth;
    `hold`, which asks for nothing, is subject to nothing. Without primal limits in the settings the gate is off.
    """
    limits = context.primal
    if limits is None or intent.action == "hold":
        return None
    opening = increases_risk(intent, context)
    excess = _rate(context, limits, opening=opening)
    if excess is None and opening:
        excess = _first_of_rules(intent, context, limits)
    if excess is None:
        if opening:
            return notional(intent, context), limits.order_notional_usd
        return context.orders_last_second, limits.orders_per_second
    return built_in_breach(
        Code.PRIMAL_LIMIT,
        measured=excess.measured,
        limit=excess.limit,
        unit=excess.unit,
        scope=PRIMAL_SCOPE,
        version=limits.revision,
        message=f"{excess.rule}, the primal limit of {source_in_words(limits)}; {excess.advice}.",
    )


def _first_of_rules(intent: Intent, context: Context, limits: PrimalLimits) -> _Excess | None:
    for rule in _RULES:
        excess = rule(intent, context, limits)
        if excess is not None:
            return excess
    return None


def _rate(context: Context, limits: PrimalLimits, *, opening: bool) -> _Excess | None:
    limit = entry_rate(limits.orders_per_second) if opening else limits.orders_per_second
    left = context.orders_last_second
    if left < limit:
        return None
    rule = f"{left} orders left in the last second and {limit} may"
    return _Excess(left, limit, "orders per second", rule, "send it again in a second")


def _quote_asset(intent: Intent, _context: Context, limits: PrimalLimits) -> _Excess | None:
    symbol = intent.signal.symbol
    if limits.allows_quote_of(symbol):
        return None
    allowed = ", ".join(limits.quote_assets)
    return _Excess(symbol, allowed, "symbol", f"{symbol} is not traded against {allowed}")


def _notional(intent: Intent, context: Context, limits: PrimalLimits) -> _Excess | None:
    measured, limit = notional(intent, context), limits.order_notional_usd
    if measured <= limit:
        return None
    return _Excess(measured, limit, "USD", f"The order is worth up to {amount(measured)} USD, above {amount(limit)}")


def _leverage(intent: Intent, context: Context, limits: PrimalLimits) -> _Excess | None:
    measured = order_leverage(intent, context)
    if measured <= limits.leverage:
        return None
    return _Excess(measured, limits.leverage, "x", f"Leverage of {amount(measured)}x is above {limits.leverage}x")


def _committed(intent: Intent, _context: Context, limits: PrimalLimits) -> _Excess | None:
    # The portfolio's exposure after an order is at least what the order alone commits.
    share, limit = decimal_of(intent.signal.position_size_pct or 0), limits.exposure_share
    if share <= limit:
        return None
    rule = f"The order alone commits {amount(share)} of equity, above {amount(limit)}"
    return _Excess(share, limit, "fraction", rule)


def _exposure(intent: Intent, context: Context, limits: PrimalLimits) -> _Excess | None:
    state, limit = known_portfolio(context), limits.exposure_share
    room = None if state is None else exposure_left(state, limit)
    if state is None or state.equity is None or room is None:
        return None
    order = order_notional(intent, context)
    if taken(context.ledger.reserved.notional) + order <= room:
        return None
    after = exposure_after(order, context, state)
    rule = f"Exposure of {amount(after)} USD after this order is above {amount(limit)} of the equity of"
    return _Excess(share_of(after, state.equity), limit, "fraction", f"{rule} {amount(state.equity)}")


def _daily_loss(_intent: Intent, context: Context, limits: PrimalLimits) -> _Excess | None:
    state, limit = known_portfolio(context), limits.daily_loss_share
    loss = None if state is None else daily_loss(state, context.now.date())
    if loss is None or loss.is_within(limit):
        return None
    rule = f"Today's loss of {amount(loss.amount)} USD is above {amount(limit)} of the equity of {amount(loss.equity)}"
    return _Excess(loss.share, limit, "fraction", rule)


def _deviation(intent: Intent, context: Context, limits: PrimalLimits) -> _Excess | None:
    price, current = decimal_of(intent.signal.price), decimal_of(intent.signal.current_price)
    excess = _away("price", price, "current", current, limits)
    if excess is None and context.market is not None and context.market.live is not None:
        live = context.market.live.price
        excess = _away("price", price, "live", live, limits) or _away("current_price", current, "live", live, limits)
    return excess


def _away(name: str, price: Decimal, kind: str, reference: Decimal, limits: PrimalLimits) -> _Excess | None:
    away = UPWARD.abs(UPWARD.subtract(price, reference))
    limit = UPWARD.multiply(limits.price_deviation_share, reference)
    if away <= limit:
        return None
    share = amount(limits.price_deviation_share)
    rule = f"The {name} {amount(price)} is {amount(away)} away from the {kind} {amount(reference)}, above {share} of it"
    return _Excess(away, limit, "USD", rule)


_Rule = Callable[[Intent, Context, PrimalLimits], _Excess | None]

_RULES: tuple[_Rule, ...] = (
    _quote_asset,
    _notional,
    _leverage,
    _committed,
    _exposure,
    _daily_loss,
    _deviation,
)
