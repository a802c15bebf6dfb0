"""The exchange's times: that of its market, and the one that it holds requests to."""

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Milliseconds since the epoch, UTC.

    The market's time is stepped when it begins at `start`, else it runs with the machine's clock; either can be moved
    forward, a stepped one can be let run, and none goes back. Requests are held to the machine's clock, which their
    senders sign with, whatever the market's time is; `skew` is by how much the exchange has that wrong.
    """

    start: int | None = None
    moved: int = 0
    skew: int = 0

    @property
    def now(self) -> int:
        """The market's time, which orders and prices carry."""
        return (machine_time() if self.start is None else self.start) + self.moved

    @property
    def server_time(self) -> int:
        """The time that signed requests are held to, and that the exchange tells who asks for it."""
        return machine_time() + self.skew

    def advance(self, milliseconds: int) -> None:
        """Move the market's time forward."""
        self.moved += milliseconds

    def run(self) -> None:
        """Let the market's time run with the machine's clock: from there, or from where it is if that is further on."""
        self.start, self.moved = None, max(0, self.now - machine_time())


def machine_time() -> int:
    """Return the machine's time in milliseconds."""
    return time.time_ns() // 1_000_000
