"""FAILSAFE_LIMIT: degraded operation has limits of its own, on top of policy."""

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.order_size import notional
from petrosa_contracts import Code
from petrosa_contracts.sizing import decimal_of


def check(intent: Intent, context: Context) -> Finding:
    """Veto, in SAFE or CONSERVATIVE mode, what is beyond the fail-safe limits.

    Inputs: N, the larger of resolved and recommended leverage, the symbol. Comparison: N > `max_position_size_usd`,
    leverage > `max_leverage`, or a symbol that was not traded today or yesterday (not judged while there is no such
    history at all). Units: USD, x, symbol. Risk-reducing intents are exempt.
    """
    if not context.mode.is_restricted:
        return None
    limits = context.failsafe
    value = notional(intent, context)
    leverage = max(context.policy["leverage"], intent.recommended_leverage or 0)
    symbol = intent.signal.symbol
    if value > decimal_of(limits.max_position_size_usd):
        measured, limit, unit = value, limits.max_position_size_usd, "USD"
        rule = f"an order worth {amount(value)} USD is above {amount(limits.max_position_size_usd)}"
    elif leverage > limits.max_leverage:
        measured, limit, unit = leverage, limits.max_leverage, "x"
        rule = f"leverage of {amount(leverage)}x is above {limits.max_leverage}x"
    elif not context.symbol_known:
        measured, limit, unit = symbol, None, "symbol"
        rule = f"{symbol} was not traded today or yesterday"
    else:
        return value, limits.max_position_size_usd
    return built_in_breach(
        Code.FAILSAFE_LIMIT,
        measured=measured,
        limit=limit,
        unit=unit,
        message=f"In {context.mode} mode ({_cause(context)}) {rule}.",
    )


def _cause(context: Context) -> str:
    if context.mode is context.own_mode or context.control is None:
        return context.own_reason
    entry = context.control.entry
    return f"{context.control.scope} by {entry.set_by}: {entry.reason or 'no reason given'}"
