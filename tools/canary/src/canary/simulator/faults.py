"""What can be made to go wrong at the simulated exchange."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from canary.simulator.book import Book


class Kind(Enum):
    """How a request fails."""

    REFUSE = "an error of the exchange; nothing is done"
    LOSE_BEFORE = "the connection ends; nothing is done"
    LOSE_AFTER = "the connection ends; it is done all the same"
    FAIL_AFTER = "an error of the exchange; it is done all the same"
    GARBLE = "an answer that is no JSON; it is done all the same"
    UNREACHABLE = "no connection at all"


@dataclass(slots=True)
class Fault:
    """Happens to the next `times` requests of this method and path, of this symbol if there is one."""

    kind: Kind
    method: str = ""
    path: str = ""
    times: int = 1
    symbol: str = ""
    status: int = 400
    code: int = 0
    message: str = "told to fail"
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def takes(self, method: str, path: str, symbol: str) -> bool:
        """Return whether it happens to this request, and count it."""
        fits = self.method in {"", method} and self.path in {"", path} and self.symbol in {"", symbol}
        if not fits or self.times <= 0:
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Turn:
    """Something that happens on the market once: before or after the n-th request of this method and path."""

    method: str
    path: str
    act: Callable[[Book], None]
    count: int = 1
    after: bool = False

    def due(self, method: str, path: str) -> bool:
        """Return whether this request is the one, and count it."""
        if self.method != method or self.path != path:
            return False
        self.count -= 1
        return self.count == 0
