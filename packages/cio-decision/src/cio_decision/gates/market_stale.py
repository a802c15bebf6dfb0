"""MARKET_STALE: without a live price nothing can be checked against it."""

from cio_decision.breaches import Finding, age_finding
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(_intent: Intent, context: Context) -> Finding:
    """Veto while the symbol's live price is older than its hard age limit, or was never seen.

    Inputs: the instant of the symbol's newest price, the time of decision. Comparison: age > limit, or dated further
    ahead than the clock tolerance. Unit: seconds. Up to that limit an old price restricts the mode instead. A symbol
    that the exchange does not list is SYMBOL_UNKNOWN's. Risk-reducing intents are exempt.
    """
    known = context.market_standing
    return None if known is None else age_finding(Code.MARKET_STALE, known)
