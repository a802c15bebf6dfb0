"""Alerts on their way out: told once, and brought out in order as soon as NATS takes them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from petrosa_contracts.alert import Alert
from petrosa_contracts.runtime.event_log import EventLog

MOST_WAITING = 100
"""Alerts that may wait for NATS; beyond it the oldest are dropped."""

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits between attempts while NATS is away; the last one repeats for as long as it takes."""

Publish = Callable[[str, bytes], Awaitable[None]]
"""(subject, payload)."""


class AlertQueue:
    """Publishes alerts without making anybody wait. `run` must be running for them to leave.

    `publish` raises `unavailable` while NATS is away.
    """

    def __init__(self, publish: Publish, *, unavailable: type[Exception], log: EventLog) -> None:
        self._publish = publish
        self._unavailable = unavailable
        self._log = log
        self._waiting: deque[Alert] = deque()
        self._news = asyncio.Event()

    def tell(self, alert: Alert) -> None:
        """Take an alert to publish, and log it. Where too many wait, the oldest is dropped, which is logged too."""
        self._log.warning("alert", action=alert.action, about=alert.strategy_id, message=alert.message)
        if len(self._waiting) == MOST_WAITING:
            lost = self._waiting.popleft()
            self._log.error("alert_dropped", action=lost.action, about=lost.strategy_id, key=lost.dedupe_key)
        self._waiting.append(alert)
        self._news.set()

    async def run(self) -> None:
        """Publish what waits, oldest first, until cancelled. An alert may arrive twice, with the same key."""
        failures = 0
        while True:
            await self._news.wait()
            try:
                await self._publish_all()
            except self._unavailable as error:
                wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                self._log.warning("alerts_postponed", waiting=len(self._waiting), reason=str(error), retry_in=wait)
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
