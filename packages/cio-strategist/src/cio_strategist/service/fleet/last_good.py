"""What was last read from somewhere that may be away."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from cio_strategist.errors import BotError
from cio_strategist.ports import Clock

FRESH_SECONDS = 60.0
"""How long something read is used without reading it again."""
PAUSE_SECONDS = 5.0
"""How long after a failure it is not tried again, so that nobody waits for what was away a moment ago."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """Something read, and how far to believe it."""

    value: T
    age_seconds: float
    """Seconds since it was read."""
    trouble: str | None
    """Why it could not be read again since; None if it could, or is fresh."""


class LastGood(Generic[T]):
    """Reads something at most once a minute, and keeps what was read while it cannot be read again.

    Callers at the same time share one reading.
    """

    def __init__(self, read: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._turn = asyncio.Lock()
        self._good: tuple[T, datetime] | None = None
        self._failure: tuple[BotError, datetime] | None = None

    async def get(self) -> Known[T]:
        """Return what was read last, reading it again if that is due. Raises `BotError` if it never could be read."""
        async with self._turn:
            if self._is_due():
                await self._refresh()
            trouble = None if self._failure is None else str(self._failure[0])
            if self._good is None:
                raise BotError(trouble) from (self._failure and self._failure[0].__cause__)
            value, read_at = self._good
            return Known(value, max(0.0, self._seconds_since(read_at)), trouble)

    def _is_due(self) -> bool:
        if self._failure is not None:
            since, wait = self._seconds_since(self._failure[1]), PAUSE_SECONDS
        elif self._good is not None:
            since, wait = self._seconds_since(self._good[1]), FRESH_SECONDS
        else:
            return True
        # A clock that went back tells nothing of the age.
        return not 0 <= since < wait

    async def _refresh(self) -> None:
        try:
            value = await self._read()
        except BotError as error:
            self._failure = (error, self._clock.now())
        else:
            self._good = (value, self._clock.now())
            self._failure = None

    def _seconds_since(self, moment: datetime) -> float:
        return (self._clock.now() - moment).total_seconds()
