"""INTENT_DUPLICATE: the same request becomes at most one signal."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto an intent whose identity an approval of the last 24 hours holds.

    Inputs: the identity and the ledger. Comparison: the identity is taken. Unit: decision id. Nothing is exempt. The
    identity is `intent_id`, else `signal_id`, else `id`, each with strategy and action, else a digest of the payload;
    a vetoed intent leaves its identity free.
    """
    holder = context.ledger.taken_by
    if holder is None:
        return intent.identity, None
    return built_in_breach(
        Code.INTENT_DUPLICATE,
        measured=intent.identity,
        limit=holder,
        unit="decision_id",
        message=f"This intent was already approved as decision {holder}: send a new id for a new trade.",
    )
