"""Where time comes from."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the rest needs of time."""

    def epoch(self) -> float:
        """Return seconds since 1970, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; zero and less do not wait."""
        ...


class SystemClock:
    """The machine's own clock."""

    def epoch(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; zero and less do not wait."""
        if seconds > 0:
            time.sleep(seconds)


class Deadline:
    """A moment after which nothing new is begun, `seconds` from now."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never below zero."""
        return max(0.0, self._end - self._clock.monotonic())

    def end(self) -> None:
        """Move it to now: nothing new is begun any more."""
        self._end = self._clock.monotonic()

    def extend(self, seconds: float) -> None:
        """Move it to at least `seconds` from now."""
        self._end = max(self._end, self._clock.monotonic() + seconds)
