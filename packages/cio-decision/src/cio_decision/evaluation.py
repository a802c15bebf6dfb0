"""The decision itself: a pure function of the intent and its context."""

from collections.abc import Sequence

from cio_decision.context import Context
from cio_decision.gates import GATES, GATES_FOR_EXITS
from cio_decision.intent import Intent
from petrosa_contracts import Breach, Decision, Verdict


def breaches_of(intent: Intent, context: Context) -> list[Breach]:
    """Return every breach, in the order of the gates. All gates that apply are run."""
    gates = GATES if intent.opens else GATES_FOR_EXITS
    found: list[Breach] = []
    for gate in gates:
        breach = gate.check(intent, context)
        if breach is not None:
            found.append(breach)
    return found


def evaluate(intent: Intent, context: Context, *, latency_ms: float = 0.0) -> Verdict:
    """Decide on an intent: approved if no gate finds a breach, otherwise vetoed by the first one.

    The same arguments always give the same verdict. `latency_ms` is measured outside and only passed through.
    """
    return conclude(intent, context, breaches_of(intent, context), latency_ms=latency_ms)


def conclude(intent: Intent, context: Context, breaches: Sequence[Breach], *, latency_ms: float) -> Verdict:
    """Return the verdict that follows from the breaches."""
    first = breaches[0] if breaches else None
    signal = intent.signal
    return Verdict(
        decision_id=context.decision_id,
        verdict=Decision.APPROVED if first is None else Decision.VETOED,
        code=None if first is None else first.code,
        message=f"{signal.action} {signal.symbol} approved." if first is None else first.message,
        breaches=tuple(breaches),
        mode=context.mode,
        epoch=context.epoch,
        strategy_id=signal.strategy_id,
        symbol=signal.symbol,
        action=signal.action,
        signal_id=intent.signal_id,
        received_at=context.received_at,
        latency_ms=latency_ms,
    )
