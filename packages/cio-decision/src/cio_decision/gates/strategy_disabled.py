"""STRATEGY_DISABLED: trading is switched off."""

from cio_decision.breaches import Finding, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto while `enabled` is false for the intent's scopes.

    Inputs: the resolved `enabled`. Comparison: it is false. Unit: bool. Risk-reducing intents are exempt.
    """
    if context.policy["enabled"]:
        return intent.signal.strategy_id, True
    scope = context.policy.provenance["enabled"].scope
    return policy_breach(
        Code.STRATEGY_DISABLED,
        context,
        "enabled",
        measured=intent.signal.strategy_id,
        message=f"Trading is switched off by {scope}: only exits pass until `enabled` is true again.",
    )
