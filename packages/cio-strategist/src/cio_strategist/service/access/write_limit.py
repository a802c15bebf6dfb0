"""How many writes a caller may make in a minute."""

import math

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from cio_strategist.domain.access.caller import Caller
from cio_strategist.errors import RateLimitedError
from petrosa_contracts.instant import epoch_now

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class WriteLimit:
    """Lets every caller write `per_minute` times (at least 1) within any 60 seconds.

    It is counted in memory: each gateway process counts for itself, and a restart begins anew. It is there against a
    caller that runs wild, not against one that means harm: what may be loosened at all is bounded by budgets that are
    counted in the store. Time is the system's calendar clock, as the library takes it.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def take(self, caller: Caller) -> None:
        """Count a write. Raises `RateLimitedError` with the seconds (1 to 60) after which the next one is taken.

        A refused write is not counted. Tokens of one name and callers without a token count by their name.
        """
        if await self._windows.hit(self._item, caller.name):
            return
        window = await self._windows.get_window_stats(self._item, caller.name)
        wait = min(max(math.ceil(window.reset_time - epoch_now()), 1), self._item.get_expiry())
        _log.warning("write_limited", caller=caller.name, retry_after_seconds=wait)
        raise RateLimitedError(
            f"{caller.name} has made all the writes that it may make in a minute ({self._item.amount}): "
            f"wait {wait} {'second' if wait == 1 else 'seconds'}",
            retry_after_seconds=wait,
        )
