"""POSITION_SIZE_MAX: the share of equity a bot asks for is bounded."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto an intent whose `position_size_pct` is above the resolved one.

    Inputs: the intent's `position_size_pct`, if it has one. Comparison: share > limit. Unit: fraction of equity.
    Risk-reducing intents are exempt.
    """
    share = intent.signal.position_size_pct
    limit: float = context.policy["position_size_pct"]
    if share is None:
        return None
    if share <= limit:
        return share, limit
    return policy_breach(
        Code.POSITION_SIZE_MAX,
        context,
        "position_size_pct",
        measured=share,
        message=f"The intent asks for {amount(share)} of the equity and may have at most {amount(limit)}.",
    )
