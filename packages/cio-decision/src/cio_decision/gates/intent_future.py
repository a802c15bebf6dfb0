"""INTENT_FUTURE: a clock that runs ahead hides an intent's age."""

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto an intent whose instant is further ahead of the gate's clock than the tolerance.

    Inputs: the instant in the payload and the time of decision. Comparison: lead > tolerance (2 s unless set
    otherwise). Unit: seconds. Nothing is exempt.
    """
    if intent.instant is None:
        return None
    lead = (intent.instant - context.now).total_seconds()
    if lead <= context.clock_tolerance_seconds:
        return lead, context.clock_tolerance_seconds
    return built_in_breach(
        Code.INTENT_FUTURE,
        measured=lead,
        limit=context.clock_tolerance_seconds,
        unit="seconds",
        message=f"The intent is dated {amount(lead)} seconds in the future: check the sender's clock and time zone.",
    )
