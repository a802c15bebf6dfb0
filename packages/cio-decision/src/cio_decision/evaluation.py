"""The decision itself: a pure function of the intent and its context."""

from collections.abc import Sequence
from dataclasses import dataclass

from cio_decision.breaches import Measured
from cio_decision.context import Context
from cio_decision.exits import increases_risk
from cio_decision.gates import GATES, GATES_FOR_EXITS, Gate
from cio_decision.intent import Intent
from petrosa_contracts import Breach, Code, Decision, Verdict


@dataclass(frozen=True, slots=True)
class Findings:
    """What the gates that apply to an intent found, in their order."""

    breaches: tuple[Breach, ...]
    measured: tuple[tuple[Code, Measured], ...]
    """What each gate without a breach measured, and its limit."""


def examine(intent: Intent, context: Context) -> Findings:
    """Run every gate that applies and return what all of them found."""
    breaches: list[Breach] = []
    measured: list[tuple[Code, Measured]] = []
    for gate in gates_for(intent, context):
        found = gate.check(intent, context)
        if isinstance(found, Breach):
            breaches.append(found)
        elif found is not None:
            measured.append((gate.code, found))
    return Findings(tuple(breaches), tuple(measured))


def breaches_of(intent: Intent, context: Context) -> tuple[Breach, ...]:
    """Return every breach, in the order of the gates. All gates that apply are run."""
    return examine(intent, context).breaches


def gates_for(intent: Intent, context: Context) -> tuple[Gate, ...]:
    """Return the gates that an intent has to pass: few for what only reduces risk, or asks for nothing."""
    return GATES if increases_risk(intent, context) else GATES_FOR_EXITS


def evaluate(intent: Intent, context: Context, *, latency_ms: float = 0.0) -> Verdict:
    """Decide on an intent: approved if no gate finds a breach, otherwise vetoed by the first one.

    The same arguments always give the same verdict. `latency_ms` is measured outside and only passed through.
    """
    return conclude(intent, context, breaches_of(intent, context), latency_ms=latency_ms)


def conclude(intent: Intent, context: Context, breaches: Sequence[Breach], *, latency_ms: float) -> Verdict:
    """Return the verdict that follows from the breaches, with the live price that an approval was checked against."""
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
        live=context.live_values(),
    )
