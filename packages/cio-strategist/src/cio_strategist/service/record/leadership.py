"""Leading: one of several recorders does the work, so that they do not undo each other's haste."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cio_strategist.errors import StrategistError
from cio_strategist.ports import Lease

LEASE_SECONDS = 10.0
"""How long a leader that went silent keeps others out."""

Sleep = Callable[[float], Awaitable[None]]

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Leadership:
    """Whether this recorder leads. Those that do not wait until it does."""

    def __init__(self, lease: Lease, *, sleep: Sleep = asyncio.sleep) -> None:
        self._lease = lease
        self._sleep = sleep
        self._leading = asyncio.Event()
        self.times = 0
        """How often it has begun to lead."""
        self.trouble: str | None = "the lease was not asked for yet"
        """Why it is not known who leads; None if it is."""

    @property
    def is_leader(self) -> bool:
        """Whether this recorder leads."""
        return self._leading.is_set()

    async def begins(self) -> int:
        """Return once this recorder leads, with how often it has begun to."""
        await self._leading.wait()
        return self.times

    async def run(self) -> None:
        """Take the lease whenever it is free, and renew it, until cancelled; then give it up."""
        try:
            while True:
                await self._ask()
                await self._sleep(LEASE_SECONDS / 3)
        finally:
            if self.is_leader:
                self._leading.clear()
                await self._give_up()

    async def _ask(self) -> None:
        try:
            taken = await self._lease.take(seconds=LEASE_SECONDS)
        except StrategistError as error:
            if self.trouble is None:
                _log.warning("recorder_lease_unknown", error=str(error))
            self.trouble, taken = str(error), False
        else:
            self.trouble = None
        if taken and not self.is_leader:
            self.times += 1
            self._leading.set()
            _log.info("recorder_leads", times=self.times)
        elif not taken and self.is_leader:
            self._leading.clear()
            _log.warning("recorder_leads_no_more")

    async def _give_up(self) -> None:
        try:
            await self._lease.give_up()
        except StrategistError as error:
            _log.warning("recorder_lease_not_given_up", error=str(error))
