"""SYMBOL_NOT_ALLOWED: only listed symbols may be traded."""

from cio_decision.breaches import Finding, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code

_SHOWN = 10


def check(intent: Intent, context: Context) -> Finding:
    """Veto a symbol that a non-empty `allowed_symbols` does not list.

    Inputs: the symbol and the resolved list. Comparison: the symbol is not in it; an empty list allows all. Unit:
    symbol. Risk-reducing intents are exempt.
    """
    allowed: tuple[str, ...] = context.policy["allowed_symbols"]
    if not allowed:
        return None
    shown = ", ".join(allowed[:_SHOWN]) + (", …" if len(allowed) > _SHOWN else "")
    if intent.signal.symbol in allowed:
        return intent.signal.symbol, shown
    return policy_breach(
        Code.SYMBOL_NOT_ALLOWED,
        context,
        "allowed_symbols",
        measured=intent.signal.symbol,
        limit=shown,
        message=f"{intent.signal.symbol} is not among the allowed symbols: {shown}.",
    )
