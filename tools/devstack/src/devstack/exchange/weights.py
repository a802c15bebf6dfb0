"""The request weight that a minute allows."""

from dataclasses import dataclass

from devstack.exchange.minutes import MINUTE
from devstack.exchange.refusals import Reason, RefusedError

DEFAULT_LIMIT = 2400
HEADER = "X-MBX-USED-WEIGHT-1M"


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
