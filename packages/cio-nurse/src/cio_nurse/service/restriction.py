"""Restriction: the gate lets less pass by itself, because something is missing. Told once, and its end once."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from cio_nurse.ports import Clock
from cio_nurse.service.gate_mode import GateMode
from petrosa_contracts import Alert, AlertSeverity, Mode

LASTS_SECONDS = 5.0
"""How long a restriction, or its end, has to last before it is told: a store that restarts is no news."""

LOOK_SECONDS = 0.5
"""How often it is looked."""

_log = structlog.stdlib.get_logger()


class Recording(Protocol):
    """Whether records of decisions are kept."""

    @property
    def available(self) -> bool:
        """Whether a record of now can be expected to be kept in time."""
        ...


class Restriction:
    """Tells of CONSERVATIVE and BLIND, and of records that are not kept; not of what somebody has set."""

    def __init__(
        self,
        *,
        mode: GateMode,
        recording: Recording,
        tell: Callable[[Alert], None],
        clock: Clock,
        instance: str,
    ) -> None:
        self._mode = mode
        self._recording = recording
        self._tell = tell
        self._clock = clock
        self._instance = instance
        self._told = ""
        self._seen = ""
        self._seen_at = clock.seconds()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.note()
            await asyncio.sleep(LOOK_SECONDS)

    def note(self) -> None:
        """Tell what has lasted for long enough and was not told yet."""
        found, now = self._name(), self._clock.seconds()
        if found != self._seen:
            self._seen, self._seen_at = found, now
        if found != self._told and now - self._seen_at >= LASTS_SECONDS:
            self._tell_of(found)
            self._told = found

    def _name(self) -> str:
        """Return what restricts, without the numbers in its reasons, which change all the time; empty for nothing."""
        mode = self._mode.own()
        named = [] if mode is Mode.ACTIVE else [str(mode)]
        return ", ".join(named if self._recording.available else [*named, "AUDIT_UNAVAILABLE"])

    def _tell_of(self, found: str) -> None:
        now = self._clock.now()
        reasons = "; ".join(self._mode.own_reasons()) or "records of decisions are not kept"
        message = f"{self._instance} is {found}: {reasons}" if found else f"{self._instance} is no longer {self._told}"
        level = _log.error if found else _log.info
        level("restriction_changed", before=self._told, now=found)
        self._tell(
            Alert.of(
                "restricted",
                "nurse",
                category="mode",
                severity=AlertSeverity.CRITICAL if found else AlertSeverity.INFO,
                message=message,
                at=now,
                # Readers drop what they know by its key, and each time is news.
                cause=f"{self._instance}: {found} {now.isoformat()}",
            )
        )
