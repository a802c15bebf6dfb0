"""RATE_LIMIT: orders leave no faster than the exchange can take them."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def entry_rate(limit: int) -> int:
    """Return how many orders may leave in a second before opening ones have to wait: 90 % of the limit, at least 1."""
    return max(1, limit * 9 // 10)


def check(_intent: Intent, context: Context) -> Finding:
    """Veto an opening order when this gate has approved as many orders in the last second as it may.

    Inputs: approved orders of the last second, exits included. Comparison: count >= 90 % of the limit (at least 1);
    the rest is reserved for risk-reducing intents, which are never vetoed here. Unit: orders per second. Without a
    limit in the settings the gate is off.
    """
    if context.max_orders_per_second is None:
        return None
    limit = entry_rate(context.max_orders_per_second)
    if context.orders_last_second < limit:
        return context.orders_last_second, limit
    return built_in_breach(
        Code.RATE_LIMIT,
        measured=context.orders_last_second,
        limit=limit,
        unit="orders per second",
        message=f"{context.orders_last_second} orders left in the last second and {limit} may: send it again later.",
    )
