"""FROZEN: nothing at all may pass."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code, Mode


def check(_intent: Intent, context: Context) -> Finding:
    """Veto while the strictest mode of global, strategy and symbol is FROZEN.

    Inputs: the mode in force. Comparison: mode is FROZEN. Unit: mode. Nothing is exempt, exits included.
    """
    if context.mode is not Mode.FROZEN or context.control is None:
        return context.mode, Mode.BLIND
    entry = context.control.entry
    return built_in_breach(
        Code.FROZEN,
        measured=Mode.FROZEN,
        limit=Mode.BLIND,
        unit="mode",
        scope=context.control.scope,
        message=f"{context.control.scope} was frozen by {entry.set_by}, exits included: "
        f"{entry.reason or 'no reason given'}.",
    )
