"""The decision itself: a pure function of the intent and its context."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cio_decision.breaches import Measured
from cio_decision.context import Context
from cio_decision.decoding import Unreadable
from cio_decision.exits import increases_risk
from cio_decision.gates import FOR_CLOSES, FOR_ENTRIES, FOR_REDUCING_ORDERS, Gate, Panel
from cio_decision.intent import Intent
from petrosa_contracts import Breach, Code, Decision, Mode, Verdict


@dataclass(frozen=True, slots=True)
class Findings:
    """What the gates that look at an intent found."""

    vetoing: tuple[Breach, ...]
    """What the intent is vetoed for, in the order of the gates."""
    noted: tuple[Breach, ...] = ()
    """What is beyond a limit and passes all the same, because it only reduces risk; in the order of the gates."""
    measured: Mapping[Code, Measured] = field(default_factory=dict[Code, Measured])
    """What each gate without a breach measured, and its limit."""

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """All breaches: first those that veto, then those that are only noted."""
        return self.vetoing + self.noted


def examine(intent: Intent, context: Context) -> Findings:
    """Ask every gate that looks at such an intent and return what all of them found."""
    panel = panel_for(intent, context)
    measured: dict[Code, Measured] = {}
    vetoing = _breaches(panel.vetoing, intent, context, measured)
    noted = _breaches(panel.noting, intent, context, measured)
    return Findings(vetoing, noted, measured)


def panel_for(intent: Intent, context: Context) -> Panel:
    """Return the gates that look at an intent: few for what only reduces risk, or asks for nothing."""
    if increases_risk(intent, context):
        return FOR_ENTRIES
    return FOR_REDUCING_ORDERS if intent.opens else FOR_CLOSES


def evaluate(intent: Intent, context: Context, *, latency_ms: float = 0.0) -> Verdict:
    """Decide on an intent: approved if no gate vetoes it, otherwise vetoed by the first one that does.

    The same arguments always give the same verdict. `latency_ms` is measured outside and only passed through.
    """
    return conclude(intent, context, examine(intent, context), latency_ms=latency_ms)


def refuse(
    unreadable: Unreadable, *, decision_id: str, mode: Mode, epoch: int | None, received_at: datetime, latency_ms: float
) -> Verdict:
    """Return the verdict on a payload that became no intent."""
    return Verdict(
        decision_id=decision_id,
        verdict=Decision.VETOED,
        code=unreadable.breaches[0].code,
        message=unreadable.breaches[0].message,
        breaches=unreadable.breaches,
        mode=mode,
        epoch=epoch,
        strategy_id=unreadable.text("strategy_id"),
        symbol=unreadable.text("symbol"),
        action=unreadable.text("action"),
        signal_id=unreadable.text("signal_id"),
        received_at=received_at,
        latency_ms=latency_ms,
    )


def conclude(intent: Intent, context: Context, findings: Findings, *, latency_ms: float) -> Verdict:
    """Return the verdict that follows from the findings, with the live price that an approval was checked against."""
    first = findings.vetoing[0] if findings.vetoing else None
    signal = intent.signal
    return Verdict(
        decision_id=context.decision_id,
        verdict=Decision.APPROVED if first is None else Decision.VETOED,
        code=None if first is None else first.code,
        message=_approval(intent, findings.noted) if first is None else first.message,
        breaches=findings.breaches,
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


def _breaches(
    gates: Iterable[Gate], intent: Intent, context: Context, measured: dict[Code, Measured]
) -> tuple[Breach, ...]:
    """Return what the gates find to be beyond a limit, and add to `measured` what is not."""
    breaches: list[Breach] = []
    for gate in gates:
        found = gate.check(intent, context)
        # What was measured is what most gates find, and asking a model's class about an instance is slow.
        if isinstance(found, tuple):
            measured[gate.code] = found
        elif found is not None:
            breaches.append(found)
    return tuple(breaches)


def _approval(intent: Intent, noted: tuple[Breach, ...]) -> str:
    approved = f"{intent.signal.action} {intent.signal.symbol} approved"
    if not noted:
        return f"{approved}."
    why = "it asks for nothing" if intent.action == "hold" else "a way out is not blocked"
    return f"{approved}, although beyond {', '.join(breach.code for breach in noted)}: {why}."
