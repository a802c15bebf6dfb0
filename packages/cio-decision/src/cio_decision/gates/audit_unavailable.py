"""AUDIT_UNAVAILABLE: no record, no trade."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(_intent: Intent, context: Context) -> Finding:
    """Veto what increases risk while its record cannot be kept durably in time.

    Inputs: whether the stream acknowledged this record, or the last one, within the deadline. Comparison: it did not.
    Unit: record kept. Risk-reducing intents are exempt; their records wait on this machine's disk.
    """
    if context.audit_available:
        return None
    return built_in_breach(
        Code.AUDIT_UNAVAILABLE,
        measured=False,
        limit=True,
        unit="record kept",
        message="The record of this decision could not be kept in time, and nothing opens without one: send it again "
        "when the heartbeat no longer says so.",
    )
