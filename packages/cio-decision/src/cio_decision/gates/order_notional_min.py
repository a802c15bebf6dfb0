"""ORDER_NOTIONAL_MIN: an order too small to be meant is not raised in silence."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.order_size import requested_notional
from petrosa_contracts import Code
from petrosa_contracts.sizing import decimal_of


def check(intent: Intent, context: Context) -> Finding:
    """Veto an order worth less than `min_position_size_usd`.

    Inputs: the value that the intent asks for; where it leaves the amount to the engine, the largest that any engine
    would order. Comparison: value < limit, in decimal. Unit: USD (quote currency). Risk-reducing intents are exempt.
    """
    limit = decimal_of(context.policy["min_position_size_usd"])
    measured = requested_notional(intent, context)
    if measured >= limit:
        return measured, limit
    return policy_breach(
        Code.ORDER_NOTIONAL_MIN,
        context,
        "min_position_size_usd",
        measured=measured,
        message=f"The order is worth {amount(measured)} USD and must be at least {amount(limit)}.",
    )
