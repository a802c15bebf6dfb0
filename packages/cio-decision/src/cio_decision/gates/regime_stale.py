"""REGIME_STALE: in a market whose state is not known nothing may open."""

from cio_decision.breaches import Finding, age_finding
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(_intent: Intent, context: Context) -> Finding:
    """Veto while the regimes of both the symbol and the market are older than their hard age limit, or never known.

    Inputs: the end of the last period that each regime rests on, the time of decision. Comparison: age > limit, or
    dated further ahead than the clock tolerance. Unit: seconds. Up to that limit an old regime restricts the mode
    instead. A fresh regime that says `unknown` is not stale: it counts as the worst one known. Risk-reducing intents
    are exempt.
    """
    known = context.regime_standing
    return None if known is None else age_finding(Code.REGIME_STALE, known)
