"""Alerts of the strategist: told once, and brought out in order as soon as NATS takes them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from cio_strategist.errors import TransportUnavailableError
from petrosa_contracts import Alert

MOST_WAITING = 100
"""Alerts that may wait for NATS; beyond it the oldest are dropped, which is logged."""

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits between attempts while NATS is away; the last one repeats for as long as it takes."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

Publish = Callable[[str, bytes], Awaitable[None]]
"""(subject, payload). Raises `TransportUnavailableError` while NATS is away."""


class Alerts:
    """Publishes alerts without making anybody wait. `run` must be running for them to leave."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._waiting: deque[Alert] = deque()
        self._news = asyncio.Event()

    def tell(self, alert: Alert) -> None:
        """Take an alert to publish, and log it."""
        _log.warning("alert", action=alert.action, about=alert.strategy_id, message=alert.message)
        if len(self._waiting) == MOST_WAITING:
            lost = self._waiting.popleft()
            _log.error("alert_dropped", action=lost.action, about=lost.strategy_id, key=lost.dedupe_key)
        self._waiting.append(alert)
        self._news.set()

    async def run(self) -> None:
        """Publish what waits, oldest first, until cancelled. An alert may arrive twice, with the same key."""
        failures = 0
        while True:
            await self._news.wait()
            try:
                await self._publish_all()
            except TransportUnavailableError as error:
                wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                _log.warning("alerts_postponed", waiting=len(self._waiting), reason=str(error), retry_in=wait)
                failures += 1
                await asyncio.sleep(wait)
            else:
                failures = 0

    async def _publish_all(self) -> None:
        while self._waiting:
            alert = self._waiting[0]
            await self._publish(alert.subject, alert.model_dump_json().encode())
            if self._waiting and self._waiting[0] is alert:
                self._waiting.popleft()
        self._news.clear()
