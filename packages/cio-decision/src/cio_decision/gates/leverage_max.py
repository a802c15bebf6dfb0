"""LEVERAGE_MAX: leverage stays within its bound, whoever asks for it."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto when the resolved `leverage` or the intent's `recommended_leverage` is above `max_leverage_bound`.

    Inputs: both leverages; the larger one is measured. Comparison: leverage > bound. Unit: x. Risk-reducing intents
    are exempt.
    """
    bound: int = context.policy["max_leverage_bound"]
    measured = max(context.policy["leverage"], intent.recommended_leverage or 0)
    if measured <= bound:
        return measured, bound
    asked_by = "the intent recommends" if measured == intent.recommended_leverage else "policy sets"
    return policy_breach(
        Code.LEVERAGE_MAX,
        context,
        "max_leverage_bound",
        measured=measured,
        message=f"Leverage of {amount(measured)}x, which {asked_by}, is above the bound of {bound}x.",
    )
