"""DEADLINE_EXCEEDED: a late answer is no answer."""

import math

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code

_MILLISECONDS = 1000


def check(_intent: Intent, context: Context) -> Finding:
    """Veto when the decision took longer than its deadline (50 ms unless set otherwise), or nobody waits for it.

    Inputs: the time since the decision was begun, the ledger's answer included and the wait for its turn not; where the
    sender said until when it waits (the header `Cio-Answer-By`), how long ago that was. Comparison: time > deadline, or
    that > the tolerance for clocks (2 s unless set otherwise). Unit: ms. Risk-reducing intents are exempt.
    """
    if context.answer_by is not None:
        ago = (context.now - context.answer_by).total_seconds()
        if ago > context.clock_tolerance_seconds:
            return built_in_breach(
                Code.DEADLINE_EXCEEDED,
                measured=ago * _MILLISECONDS,
                limit=context.clock_tolerance_seconds * _MILLISECONDS,
                unit="ms",
                message=f"The sender waited for an answer until {amount(ago)} seconds ago: send it again.",
            )
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
