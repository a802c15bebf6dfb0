"""PORTFOLIO_STALE: what is not known to be there cannot be kept within limits."""

from cio_decision.breaches import Finding, age_finding
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(_intent: Intent, context: Context) -> Finding:
    """Veto while the portfolio is older than its hard age limit, was never known, or its equity is not.

    Inputs: when the exchange was last read completely, the equity, the time of decision. Comparison: age > limit, or
    dated further ahead than the clock tolerance. Unit: seconds. Up to that limit an old portfolio restricts the mode
    instead. Risk-reducing intents are exempt.
    """
    known = context.portfolio_standing
    return None if known is None else age_finding(Code.PORTFOLIO_STALE, known)
