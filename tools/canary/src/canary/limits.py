"""Keeps to the exchange's limits: request weight a minute, orders in ten seconds and a minute, and its pauses."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from canary.clock import Clock, Deadline
from canary.errors import OutOfTimeError

MINUTE = 60
TEN_SECONDS = 10
SHARE = 0.95
"""How much of a limit is used: others may send from this address too."""
DEFAULT_PAUSE_SECONDS = 5.0
SHORTEST_WAIT_SECONDS = 0.001
LONGEST_WAIT_SECONDS = 0.5
"""After so long the deadline is looked at again: it may have been moved to now."""


@dataclass(slots=True)
class Window:
    """A limit of `limit` units in each whole `seconds` of the exchange's clock, told in `header`."""

    seconds: int
    limit: int
    header: str
    index: int = -1
    used: int = 0

    def wait(self, epoch: float, cost: int) -> float:
        """Return the wait until `cost` more fits; a cost beyond the limit fits an empty window."""
        index = int(epoch // self.seconds)
        if index != self.index:
            self.index, self.used = index, 0
        if self.used == 0 or self.used + cost <= self.limit * SHARE:
            return 0.0
        return (index + 1) * self.seconds - epoch


@dataclass(slots=True)
class Limits:
    """The published limits of USD-M futures; the exchange's own numbers replace them once they are known."""

    weight: Window = field(default_factory=lambda: Window(MINUTE, 2400, "x-mbx-used-weight-1m"))
    orders_short: Window = field(default_factory=lambda: Window(TEN_SECONDS, 300, "x-mbx-order-count-10s"))
    orders_long: Window = field(default_factory=lambda: Window(MINUTE, 1200, "x-mbx-order-count-1m"))


class Pacer:
    """Lets requests of all threads through while they fit the limits, and holds them while the exchange says wait."""

    def __init__(self, clock: Clock, deadline: Deadline, limits: Limits) -> None:
        self.limits = limits
        self.offset = 0.0
        """Seconds by which the exchange's clock is ahead of ours."""
        self._clock = clock
        self._deadline = deadline
        self._lock = threading.Lock()
        self._held_until = 0.0

    def acquire(self, weight: int, *, order: bool, waiting: Callable[[float], None]) -> None:
        """Wait until a request of this weight may go; raises `OutOfTimeError` if that is beyond the deadline.

        `waiting` is told how many seconds are left to wait.
        """
        while True:
            with self._lock:
                wait = self._wait(weight, order=order)
                if wait <= 0:
                    self._count(weight, order=order)
                    return
            if wait > self._deadline.left:
                raise OutOfTimeError(f"the exchange wants us to wait {wait:.0f} s, longer than the run may take")
            waiting(wait)
            # Not less than what a clock can tell apart, or it would spin.
            self._clock.sleep(min(max(wait, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS))

    def hold(self, retry_after: str | None) -> float:
        """Let nothing through for the seconds that the exchange named, and return them."""
        try:
            seconds = float(retry_after or DEFAULT_PAUSE_SECONDS)
        except ValueError:
            seconds = DEFAULT_PAUSE_SECONDS
        with self._lock:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)
        return seconds

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take over what the exchange has counted, where that is more than we have."""
        with self._lock:
            for window in (self.limits.weight, self.limits.orders_short, self.limits.orders_long):
                counted = headers.get(window.header, "")
                if counted.isascii() and counted.isdigit():
                    window.used = max(window.used, int(counted))

    def _wait(self, weight: int, *, order: bool) -> float:
        held = self._held_until - self._clock.monotonic()
        now = self._clock.epoch() + self.offset
        waits = [held, self.limits.weight.wait(now, weight)]
        if order:
            waits += [self.limits.orders_short.wait(now, 1), self.limits.orders_long.wait(now, 1)]
        return max(waits)

    def _count(self, weight: int, *, order: bool) -> None:
        self.limits.weight.used += weight
        if order:
            self.limits.orders_short.used += 1
            self.limits.orders_long.used += 1
