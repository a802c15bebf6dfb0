"""SIDE_DISABLED: one direction is switched off."""

from cio_decision.breaches import Finding, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code, Side

_SWITCHES = {Side.LONG: "enable_longs", Side.SHORT: "enable_shorts"}


def check(intent: Intent, context: Context) -> Finding:
    """Veto a buy while `enable_longs` is false, a sell while `enable_shorts` is false.

    Inputs: the side the intent opens and the resolved switch. Comparison: the switch is false. Unit: bool.
    Risk-reducing intents are exempt.
    """
    if intent.side is None:
        return None
    switch = _SWITCHES[intent.side]
    if context.policy[switch]:
        return intent.side, True
    scope = context.policy.provenance[switch].scope
    return policy_breach(
        Code.SIDE_DISABLED,
        context,
        switch,
        measured=intent.side,
        message=f"New {intent.side} positions are switched off by {scope} (`{switch}` is false).",
    )
