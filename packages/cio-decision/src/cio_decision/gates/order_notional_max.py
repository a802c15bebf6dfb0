"""ORDER_NOTIONAL_MAX: no single order may be too large."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.order_size import notional
from petrosa_contracts import Code
from petrosa_contracts.sizing import decimal_of


def check(intent: Intent, context: Context) -> Finding:
    """Veto an order worth more than `max_position_size_usd`.

    Inputs: N, the largest value that any engine generation would order. Comparison: N > limit, in decimal. Unit: USD
    (quote currency); leverage is not multiplied in. Risk-reducing intents are exempt.
    """
    limit = decimal_of(context.policy["max_position_size_usd"])
    measured = notional(intent, context)
    if measured <= limit:
        return measured, limit
    return policy_breach(
        Code.ORDER_NOTIONAL_MAX,
        context,
        "max_position_size_usd",
        measured=measured,
        message=f"The order is worth up to {amount(measured)} USD and may be at most {amount(limit)}.",
    )
