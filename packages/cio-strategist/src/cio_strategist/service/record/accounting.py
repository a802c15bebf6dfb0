"""The accountant: holds every intent that came against the records, and tells when they do not agree."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import structlog

from cio_strategist.domain.record.accounting import TOLERANCE, Account, Seen, account, reach
from cio_strategist.errors import StoreUnreachableError, StoreUnreadableError, TransportUnavailableError
from cio_strategist.ports import AlertOutlet, ChainStore, Clock, IntentStream, RecorderMetrics, RecordSource
from cio_strategist.service.record.leadership import Leadership, Sleep
from petrosa_contracts import Alert, AlertSeverity

SPAN = timedelta(minutes=10)
"""How much is compared at once."""
GRACE = timedelta(seconds=5)
"""What a decision and its way into the stream may take."""
LOOK_BACK = timedelta(minutes=30)
"""How far back a new leader begins."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Accounting:
    """Compares intents with records over a span of time."""

    def __init__(self, intents: IntentStream, chain: ChainStore, records: RecordSource, *, clock: Clock) -> None:
        self._intents = intents
        self._chain = chain
        self._records = records
        self._clock = clock

    async def known_until(self) -> datetime:
        """Return until when every record there is can be known: what waits to be recorded is not missing."""
        waits_since = await self._records.waits_since()
        return (self._clock.now() if waits_since is None else waits_since) - GRACE

    async def kept_since(self) -> datetime | None:
        """Return from when on intents are kept; None if there are none."""
        return await self._intents.kept_since()

    async def over(self, since: datetime, until: datetime) -> AsyncIterator[Account]:
        """Yield the accounts of the time from `since` to before `until`, span by span."""
        while since < until:
            end = min(until, since + SPAN)
            first, last = reach(since, end)
            intents = await self._intents.intents(first, last)
            yield account(intents, await self._chain.decisions(first, last), since=since, until=end)
            since = end


class Accountant:
    """Does so again and again, while it leads."""

    def __init__(
        self,
        accounting: Accounting,
        *,
        leadership: Leadership,
        clock: Clock,
        metrics: RecorderMetrics,
        alerts: AlertOutlet,
        every_seconds: float,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._accounting = accounting
        self._leadership = leadership
        self._clock = clock
        self._metrics = metrics
        self._alerts = alerts
        self._every_seconds = every_seconds
        self._sleep = sleep
        self.done_until: datetime | None = None
        """Until when everything was accounted for; None before the first time."""

    async def run(self) -> None:
        """Account until cancelled."""
        while True:
            await self._leadership.begins()
            try:
                await self.account()
            except (StoreUnreachableError, StoreUnreadableError, TransportUnavailableError) as error:
                _log.warning("accounting_waits", error=str(error))
            await self._sleep(self._every_seconds)

    async def account(self) -> None:
        """Account for what came since the last time."""
        kept_since = await self._accounting.kept_since()
        # Whether gates were at work at a moment also shows in what they recorded after it.
        until = await self._accounting.known_until() - TOLERANCE
        if kept_since is None:
            return
        since = max(kept_since, self.done_until or self._clock.now() - LOOK_BACK)
        async for found in self._accounting.over(since, until):
            self._metrics.accounted(found)
            for alert in alerts_of(found, at=self._clock.now()):
                _log.error("accounts_differ", message=alert.message)
                # Told first: what cannot be told now is found again the next time.
                await self._alerts.tell(alert)
            self.done_until = found.until


def alerts_of(found: Account, *, at: datetime) -> Sequence[Alert]:
    """Return what must be told about an account; nothing if it is balanced and everything was answered."""
    told = (
        (found.missing, AlertSeverity.CRITICAL, "record_missing", "intents that a gate must have taken have no record"),
        (found.surplus, AlertSeverity.CRITICAL, "record_surplus", "records have no intent"),
        (found.unanswered, AlertSeverity.WARNING, "intents_unanswered", "intents came while no gate was there"),
    )
    return [
        Alert.of(
            action,
            "recorder",
            category="audit",
            severity=severity,
            message=f"{len(seen)} {what}: {_examples(seen)}",
            at=at,
            # One outage is one alert, however long it lasts; a missing record is one of its own.
            cause="" if severity is AlertSeverity.WARNING else seen[0].name,
        )
        for seen, severity, action, what in told
        if seen
    ]


def _examples(seen: Sequence[Seen]) -> str:
    first = seen[0]
    return f"the first is {first.name} on {first.subject} at {first.at:%Y-%m-%dT%H:%M:%SZ}"
