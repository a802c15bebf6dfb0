"""INTENT_STALE: an old order must not become a fresh one."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code

_PARAMETER = "max_signal_age_seconds"


def check(intent: Intent, context: Context) -> Finding:
    """Veto an intent older than `max_signal_age_seconds`, or one whose timestamp gives no instant.

    Inputs: the instant in the payload and the time of decision. Comparison: age > limit. Unit: seconds. Risk-reducing
    intents are exempt.
    """
    limit: int = context.policy[_PARAMETER]
    if intent.instant is None:
        return policy_breach(
            Code.INTENT_STALE,
            context,
            _PARAMETER,
            measured=None,
            message="The timestamp is missing or is no instant: send ISO 8601 text in UTC, or epoch seconds.",
        )
    age = (context.now - intent.instant).total_seconds()
    if age <= limit:
        return age, limit
    return policy_breach(
        Code.INTENT_STALE,
        context,
        _PARAMETER,
        measured=age,
        message=f"The intent is {amount(age)} seconds old and may be at most {limit}.",
    )
