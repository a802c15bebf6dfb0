"""CONFIDENCE_LOW: the bot is not sure enough."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto an intent whose confidence is below `min_confidence_threshold`.

    Inputs: the intent's confidence. Comparison: confidence < limit. Unit: fraction, 0 to 1. Risk-reducing intents are
    exempt.
    """
    limit: float = context.policy["min_confidence_threshold"]
    if intent.signal.confidence >= limit:
        return intent.signal.confidence, limit
    return policy_breach(
        Code.CONFIDENCE_LOW,
        context,
        "min_confidence_threshold",
        measured=intent.signal.confidence,
        message=f"Confidence {amount(intent.signal.confidence)} is below the required {amount(limit)}.",
    )
