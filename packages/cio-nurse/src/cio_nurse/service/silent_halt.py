"""Silent halts: trading has stopped and nothing says so. Told once when it begins and once when it ends."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from pydantic import ValidationError

from cio_nurse.ports import Clock, Inbound
from cio_nurse.service.silence import DeafEngine, NoConsumer, NothingApproved, is_entry
from petrosa_contracts import Alert, AlertSeverity, Verdict
from petrosa_contracts.execution import ExecutionEvent

LOOK_SECONDS = 0.5
"""How often it is looked whether one has begun or ended."""

_log = structlog.stdlib.get_logger()


class _Kind(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def ended(self) -> str: ...

    def problem(self, now: float) -> str: ...


class SilentHalts:
    """Hears of every verdict and of what becomes of signals, and tells when nothing gets through.

    `reasons` may be asked from another thread.
    """

    def __init__(
        self, *, tell: Callable[[Alert], None], clock: Clock, instance: str, seconds: float, entries: int
    ) -> None:
        self._tell_alert = tell
        self._clock = clock
        self._instance = instance
        self._approvals = NothingApproved(seconds=seconds, entries=entries)
        self._consumers = NoConsumer(quiet_seconds=seconds)
        self._engine = DeafEngine(quiet_seconds=seconds)
        self._kinds: tuple[_Kind, ...] = (self._approvals, self._consumers, self._engine)
        self._lasting: Mapping[str, str] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of all that can be noticed."""
        return tuple(kind.name for kind in self._kinds)

    def lasts(self, kind: str) -> bool:
        """Whether one of that kind has begun and not ended."""
        return kind in self._lasting

    def reasons(self) -> tuple[str, ...]:
        """Return a sentence on each that lasts, without a full stop."""
        return tuple(self._lasting.values())

    def decided(self, verdict: Verdict) -> None:
        """Note a verdict that is told; of an approval, that its signal has left."""
        now = self._clock.seconds()
        self._approvals.decided(verdict, now)
        if verdict.approved and verdict.action != "hold":
            self._consumers.left(verdict.decision_id, now)
            if is_entry(verdict):
                self._engine.left(verdict.decision_id, now)

    def undelivered(self, decision_id: str) -> None:
        """Note that nobody took a signal."""
        self._consumers.undelivered(decision_id)
        self._engine.undelivered(decision_id)
        self.note()

    def engine_replied(self, decision_id: str) -> None:
        """Note that an engine replied to a signal."""
        self._engine.told(decision_id, by_event=False)

    async def hear(self, message: Inbound) -> None:
        """Take an execution event. What cannot be read is not this gate's business."""
        try:
            event = ExecutionEvent.model_validate_json(message.data)
        except ValidationError:
            return
        self._engine.told(event.decision_id, by_event=True)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.note()
            await asyncio.sleep(LOOK_SECONDS)

    def note(self) -> None:
        """Log and alert what has begun or ended since this was last called."""
        now, before = self._clock.seconds(), self._lasting
        found = {kind.name: problem for kind in self._kinds if (problem := kind.problem(now))}
        self._lasting = found
        for kind in self._kinds:
            if (kind.name in found) is (kind.name in before):
                continue
            if kind.name in found:
                _log.error("silent_halt_began", kind=kind.name, reason=found[kind.name])
                self._tell(kind.name, AlertSeverity.CRITICAL, "began", f"{self._instance}: {found[kind.name]}")
            else:
                _log.info("silent_halt_ended", kind=kind.name, reason=kind.ended)
                self._tell(kind.name, AlertSeverity.INFO, "ended", f"{self._instance}: it is over, {kind.ended}")

    def _tell(self, kind: str, severity: AlertSeverity, phase: str, message: str) -> None:
        now = self._clock.now()
        self._tell_alert(
            Alert.of(
                kind,
                "nurse",
                category="silent_halt",
                severity=severity,
                message=message,
                at=now,
                # Readers drop what they know by its key, and each halt is news.
                cause=f"{self._instance}: {phase} {now.isoformat()}",
            )
        )
