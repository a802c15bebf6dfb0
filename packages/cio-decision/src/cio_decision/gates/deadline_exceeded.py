"""DEADLINE_EXCEEDED: a late answer is no answer."""

import math

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code

_MILLISECONDS = 1000


def check(_intent: Intent, context: Context) -> Finding:
    """Veto when the decision took longer than its deadline (50 ms unless set otherwise).

    Inputs: the time since the decision was begun, the ledger's answer included and the wait for its turn not.
    Comparison: time > deadline. Unit: ms. Risk-reducing intents are exempt.
    """
    measured = context.decision_seconds * _MILLISECONDS
    limit = context.decision_deadline_seconds * _MILLISECONDS
    if context.decision_seconds <= context.decision_deadline_seconds:
        return measured, limit
    shown = math.ceil(measured * 10) / 10
    return built_in_breach(
        Code.DEADLINE_EXCEEDED,
        measured=measured,
        limit=limit,
        unit="ms",
        message=f"The decision took {amount(shown)} ms and may take {amount(limit)}: send it again.",
    )
