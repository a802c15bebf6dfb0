"""HALT_ACTIVE: only what reduces risk may pass."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code, Mode


def check(_intent: Intent, context: Context) -> Finding:
    """Veto while the strictest mode of global, strategy and symbol is HALTED, or the gate itself is BLIND.

    Inputs: the mode in force. Comparison: mode is HALTED or BLIND. Unit: mode. Risk-reducing intents are exempt.
    """
    if context.mode is Mode.BLIND and context.system_mode is Mode.BLIND:
        return built_in_breach(
            Code.HALT_ACTIVE,
            measured=Mode.BLIND,
            limit=Mode.CONSERVATIVE,
            unit="mode",
            message=f"The gate is blind and lets only exits through: {context.system_reason}.",
        )
    if context.mode in {Mode.HALTED, Mode.BLIND} and context.control is not None:
        entry = context.control.entry
        return built_in_breach(
            Code.HALT_ACTIVE,
            measured=context.mode,
            limit=Mode.CONSERVATIVE,
            unit="mode",
            scope=context.control.scope,
            message=f"{context.control.scope} was halted by {entry.set_by}: {entry.reason or 'no reason given'}.",
        )
    return context.mode, Mode.CONSERVATIVE
