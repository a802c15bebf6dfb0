"""The request weight that a minute allows, and the orders that ten seconds and a minute allow."""

from dataclasses import dataclass, field

from devstack.exchange.minutes import MINUTE
from devstack.exchange.refusals import Reason, RefusedError

DEFAULT_LIMIT = 2400
SPOT_LIMIT = 6000
HEADER = "X-MBX-USED-WEIGHT-1M"
TEN_SECONDS = 10_000
ORDERS_PER_TEN_SECONDS = 300
ORDERS_PER_MINUTE = 1200


@dataclass(slots=True)
class Weights:
    """Adds up request weight by the minute, of which `limit` is allowed."""

    limit: int = DEFAULT_LIMIT
    used: int = 0
    minute: int = 0

    def add(self, weight: int, now: int) -> None:
        """Count a request; raises `RefusedError` once the minute's limit is exceeded."""
        if now // MINUTE != self.minute:
            self.minute, self.used = now // MINUTE, 0
        self.used += weight
        if self.used > self.limit:
            raise RefusedError(Reason.TOO_MANY_REQUESTS, self.limit)


@dataclass(slots=True)
class OrderCount:
    """Counts orders in whole windows of `length` milliseconds, of which `limit` are allowed."""

    length: int
    limit: int
    header: str
    words: str
    window: int = 0
    used: int = 0

    def add(self, now: int) -> None:
        """Count an order; raises `RefusedError` once the window's limit is exceeded."""
        if now // self.length != self.window:
            self.window, self.used = now // self.length, 0
        self.used += 1
        if self.used > self.limit:
            raise RefusedError(Reason.TOO_MANY_NEW_ORDERS, self.limit, self.words)


@dataclass(slots=True)
class OrderCounts:
    """The two windows in which new orders are counted."""

    short: OrderCount = field(
        default_factory=lambda: OrderCount(
            TEN_SECONDS, ORDERS_PER_TEN_SECONDS, "X-MBX-ORDER-COUNT-10S", "orders per 10 SECOND"
        )
    )
    long: OrderCount = field(
        default_factory=lambda: OrderCount(MINUTE, ORDERS_PER_MINUTE, "X-MBX-ORDER-COUNT-1M", "orders per 1 MINUTE")
    )

    def add(self, now: int) -> None:
        """Count an order; raises `RefusedError` once a limit is exceeded."""
        for count in (self.short, self.long):
            count.add(now)

    @property
    def headers(self) -> dict[str, str]:
        """What an answer to an order tells of them."""
        return {count.header: str(count.used) for count in (self.short, self.long)}
