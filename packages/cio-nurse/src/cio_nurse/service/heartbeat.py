"""The heartbeat: the gate's pulse, on a connection of its own."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from pydantic_core import to_json

from cio_nurse import __version__
from cio_nurse.errors import TransportUnavailableError
from cio_nurse.ports import Clock, Transport
from cio_nurse.service.gate_mode import GateMode
from cio_nurse.service.mirror import Mirror
from petrosa_contracts import GovernanceHeartbeat, GovernanceStatus, Mode

_log = structlog.stdlib.get_logger()

STALL_SECONDS = 2.0
"""How long the gate's own loop may stand still before the pulse says so."""

_STATUS = {
    Mode.ACTIVE: GovernanceStatus.GOVERNANCE_ACTIVE,
    Mode.SAFE: GovernanceStatus.DEGRADED,
    Mode.CONSERVATIVE: GovernanceStatus.DEGRADED,
    Mode.BLIND: GovernanceStatus.DEGRADED,
    Mode.HALTED: GovernanceStatus.HALTED,
    Mode.FROZEN: GovernanceStatus.FROZEN,
}


class SilentHalts(Protocol):
    """Whether nothing gets through though all looks well."""

    def reasons(self) -> Sequence[str]:
        """Return a sentence on each way in which that is so."""
        ...


class PortfolioTroubles(Protocol):
    """Whether the portfolio is beyond a limit, or in another position mode than policy says."""

    def reasons(self) -> Sequence[str]:
        """Return a sentence on each that is so."""
        ...


class Recording(Protocol):
    """Whether records of decisions are kept."""

    @property
    def available(self) -> bool:
        """Whether a record of now can be expected to be kept in time."""
        ...


class Heartbeat:
    """Says how the gate is: to whoever asks, and to everybody at an interval."""

    def __init__(
        self,
        *,
        transport: Transport,
        mirror: Mirror,
        mode: GateMode,
        halts: SilentHalts,
        troubles: PortfolioTroubles,
        clock: Clock,
        subject: str,
        instance: str,
        every_seconds: float,
        stalled_seconds: Callable[[], float],
        primal_problem: str = "",
        recording: Recording | None = None,
    ) -> None:
        self._transport = transport
        self._mirror = mirror
        self._mode = mode
        self._halts = halts
        self._troubles = troubles
        self._clock = clock
        self._subject = subject
        self._instance = instance
        self._every_seconds = every_seconds
        self._stalled_seconds = stalled_seconds
        self._primal_problem = primal_problem
        self._recording = recording

    def pulse(self) -> GovernanceHeartbeat:
        """Return the gate's state at this moment: the mode that holds everywhere, and why not everything may pass."""
        now, mode, reasons = self._clock.now(), self._mode.now(), self._mode.reasons()
        status = _STATUS[mode]
        if (stalled := self._stalled_seconds()) > STALL_SECONDS:
            reasons.append(f"the gate's loop stood still for {stalled:.0f} seconds")
        if self._primal_problem:
            reasons.append(f"the built-in tightest primal limits hold: {self._primal_problem}")
        if self._recording is not None and not self._recording.available:
            reasons.append("records of decisions are not kept, and nothing opens without one")
        reasons.extend(self._halts.reasons())
        if reasons and status is GovernanceStatus.GOVERNANCE_ACTIVE:
            status = GovernanceStatus.DEGRADED
        # Of a limit that does its work the gate is no less active, and bots recover from fail-safe mode as ever.
        reasons.extend(self._troubles.reasons())
        return GovernanceHeartbeat(
            status=status,
            mode=mode,
            timestamp=now.timestamp(),
            version=__version__,
            instance=self._instance,
            epoch=self._mirror.view.epoch,
            policy_age_seconds=self._mirror.policy_age_seconds,
            reasons=tuple(reasons),
        )

    async def answer(self, reply: str) -> None:
        """Answer a ping. Messages without a reply subject are the pulse itself, or another's, and are not answered."""
        if reply:
            await self._publish(reply)

    async def run(self) -> None:
        """Publish the pulse at its interval until cancelled."""
        while True:
            await self._publish(self._subject)
            await asyncio.sleep(self._every_seconds)

    async def _publish(self, subject: str) -> None:
        try:
            await self._transport.publish(subject, to_json(self.pulse()))
        except TransportUnavailableError as error:
            _log.warning("heartbeat_not_published", reason=str(error))
