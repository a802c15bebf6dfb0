"""Doing something again and again, with what it needs being away now and then."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cio_strategist.errors import ExchangeUnavailableError, StoreUnreachableError, StoreUnreadableError
from cio_strategist.ports import FeedMetrics

LONGEST_PAUSE_SECONDS = 30.0
"""The longest pause after failures, unless the other side asks for a longer one."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def repeat(
    work: Callable[[], Awaitable[None]],
    *,
    what: str,
    every: float,
    first: float = 1.0,
    metrics: FeedMetrics,
    longest: float = LONGEST_PAUSE_SECONDS,
) -> None:
    """Do `work` until cancelled, `every` seconds apart.

    Where a store or the exchange is away it is tried again, after pauses that begin at `first` seconds, double up to
    `longest` seconds, and are never shorter than the exchange asks for. Whatever else is raised passes.
    """
    failures = 0
    while True:
        pause = every
        try:
            await work()
        except (ExchangeUnavailableError, StoreUnreachableError, StoreUnreadableError) as error:
            wanted = error.retry_after_seconds if isinstance(error, ExchangeUnavailableError) else 0.0
            pause = max(wanted, min(first * 2.0 ** min(failures, 16), longest))
            failures += 1
            metrics.failed(what)
            _log.warning("feed_failed", what=what, error=str(error), failures=failures, retry_in=round(pause, 3))
        else:
            if failures:
                _log.info("feed_recovered", what=what, failures=failures)
            failures = 0
        await asyncio.sleep(pause)
