"""The recorder: what streams and the trail of changes hold goes into the chain, and is acknowledged after that."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from cio_strategist.domain.record.entry import Draft
from cio_strategist.domain.record.recording import StreamedMessage
from cio_strategist.errors import (
    EntriesLostError,
    StoreUnreachableError,
    StoreUnreadableError,
    TransportUnavailableError,
)
from cio_strategist.ports import AlertOutlet, ChainStore, Clock, RecorderMetrics, RecordSource, RecordTracing, Trail
from cio_strategist.service.record.chain_writer import ChainWriter
from cio_strategist.service.record.leadership import Leadership, Sleep
from petrosa_contracts import Alert, AlertSeverity

BATCH = 250
"""Most records that are written at once."""
FETCH_SECONDS = 1.0
"""How long a fetch waits for a first message."""
LOOK_SECONDS = 1.0
"""Between two looks at the trail, at the backlog, and at whether a checkpoint is due."""
STUCK = timedelta(seconds=60)
"""A backlog that does not shrink for so long is an alert."""
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits between attempts while something is away; the last one repeats for as long as it takes."""

# What is damaged is no reason to stop either: it is told, and tried again.
_AWAY = (StoreUnreachableError, StoreUnreadableError, TransportUnavailableError)
_NO_REVISION = -1

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Feed:
    """A stream, and how its messages become drafts."""

    source: RecordSource
    draft: Callable[[StreamedMessage], Draft]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was fetched together."""

    messages: Sequence[StreamedMessage] = ()
    drafts: Sequence[Draft] = ()
    began: int = 0
    """When it was fetched, for its trace."""


_NOTHING = _Batch()


class Recorder:
    """Feeds the chain, while it leads.

    Nothing is acknowledged before it is in the chain. While the store is away, everything waits in the streams.
    """

    def __init__(
        self,
        *,
        leadership: Leadership,
        store: ChainStore,
        writer: ChainWriter,
        feeds: Sequence[Feed],
        trail: Trail,
        clock: Clock,
        metrics: RecorderMetrics,
        alerts: AlertOutlet,
        tracing: RecordTracing | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._leadership = leadership
        self._store = store
        self._writer = writer
        self._feeds = tuple(feeds)
        self._trail = trail
        self._clock = clock
        self._metrics = metrics
        self._alerts = alerts
        self._tracing = tracing
        self._sleep = sleep
        self._revision = _NO_REVISION
        self._trouble: dict[str, str] = {}
        self._backlog: dict[str, int] = {}
        self._shrank_at: dict[str, datetime] = {}
        self._alerted: set[str] = set()

    @property
    def trouble(self) -> Sequence[str]:
        """What does not work now, in words."""
        unknown = self._leadership.trouble
        return [*self._trouble.values(), *([unknown] if unknown is not None else [])]

    def facts(self) -> Mapping[str, Any]:
        """Return how it is, for people."""
        return {
            "leader": self._leadership.is_leader,
            "head": self._writer.head.shown(),
            "signed_to": self._writer.signed_to,
            "backlog": dict(self._backlog),
            "trouble": list(self.trouble),
        }

    def tasks(self) -> tuple[Work, ...]:
        """Return what is to be run side by side until cancelled."""
        feeding = (lambda feed=feed: self._feed(feed) for feed in self._feeds)
        return (self._leadership.run, *feeding, self._follow_trail, self._keep_signing, self._watch_backlog)

    async def _feed(self, feed: Feed) -> None:
        """Write one batch while the next one is fetched: the store works in the meantime.

        After a fetch that failed it begins anew: what was on its way would come again only when more had been recorded.
        """
        name, begun, ahead = feed.source.stream, None, _NOTHING
        while True:
            times = (await self._leadership.begins(), self._writer.losses)
            if begun != times:
                # What was fetched before that comes again.
                begun, ahead = None, _NOTHING
                if not await self._persist(name, partial(self._begin, feed.source)):
                    continue
                begun = times
            async with asyncio.TaskGroup() as group:
                fetching = group.create_task(self._fetch(feed))
                group.create_task(self._record(feed, ahead, times[1]))
            ahead = fetching.result() or _NOTHING
            if fetching.result() is None:
                begun = None

    async def _begin(self, source: RecordSource) -> None:
        await self._store.prepare()
        await self._writer.look()
        await source.resume(await self._store.recorded_to(source.stream))

    async def _fetch(self, feed: Feed) -> _Batch | None:
        """Return the next messages; None if it failed, which may have cost some of them."""
        what = f"fetch {feed.source.stream}"
        try:
            messages = await feed.source.fetch(BATCH, wait_seconds=FETCH_SECONDS)
        except TransportUnavailableError as error:
            _log.warning("fetch_failed", stream=feed.source.stream, error=str(error))
            self._trouble[what] = str(error)
            await self._sleep(RETRY_SECONDS[0])
            return None
        self._trouble.pop(what, None)
        began = self._tracing.now() if self._tracing else 0
        return _Batch(messages, [feed.draft(message) for message in messages], began)

    async def _record(self, feed: Feed, batch: _Batch, losses: int) -> None:
        if not batch.drafts or not await self._persist(
            "chain", partial(self._writer.append, batch.drafts, losses=losses)
        ):
            return
        try:
            await feed.source.acknowledge(batch.messages)
        except TransportUnavailableError as error:
            _log.warning("records_not_acknowledged", stream=feed.source.stream, error=str(error))
        if self._tracing:
            self._tracing.recorded((message.headers for message in batch.messages), batch.began)

    async def _follow_trail(self) -> None:
        begun = None
        while True:
            times = (await self._leadership.begins(), self._writer.losses)
            if begun != times:
                if not await self._persist("trail", partial(self._link_old, times[1])):
                    continue
                begun = times
            await self._persist("trail", partial(self._link_new, times[1]))
            await self._sleep(LOOK_SECONDS)

    async def _link_old(self, losses: int) -> None:
        """Link what older engines changed, and find out from where on the rest is to be linked."""
        await self._store.prepare()
        await self._writer.look()
        newest = await self._store.newest_revision()
        # Of the newest one some changes may be missing: their recorder died between two of them.
        self._revision = _NO_REVISION if newest is None else newest - 1
        skip = 0
        while drafts := await self._trail.without_revision(skip=skip, limit=BATCH):
            await self._writer.append(drafts, losses=losses)
            skip += len(drafts)

    async def _link_new(self, losses: int) -> None:
        while drafts := await self._trail.after(self._revision, limit=BATCH):
            await self._writer.append(drafts, losses=losses)
            self._revision = max(int(draft.facts["revision"]) for draft in drafts)

    async def _keep_signing(self) -> None:
        while True:
            await self._leadership.begins()
            await self._persist("checkpoint", self._writer.sign_if_due)
            await self._sleep(LOOK_SECONDS)

    async def _watch_backlog(self) -> None:
        """Whether this recorder leads or not: without a store, nobody does."""
        while True:
            for feed in self._feeds:
                try:
                    await self._look_at_backlog(feed.source)
                except TransportUnavailableError as error:
                    _log.debug("backlog_unknown", stream=feed.source.stream, error=str(error))
            await self._sleep(LOOK_SECONDS)

    async def _look_at_backlog(self, source: RecordSource) -> None:
        stream, now = source.stream, self._clock.now()
        waiting, before = await source.waiting(), self._backlog.get(stream, 0)
        self._backlog[stream] = waiting
        self._metrics.backlog(stream, waiting)
        if waiting == 0 or waiting < before or stream not in self._shrank_at:
            self._shrank_at[stream] = now
            self._alerted.discard(stream)
        elif now - self._shrank_at[stream] >= STUCK and stream not in self._alerted:
            _log.error("audit_backlog", stream=stream, waiting=waiting, trouble=self.trouble)
            await self._alerts.tell(self._backlog_alert(stream, waiting, now))
            self._alerted.add(stream)

    def _backlog_alert(self, stream: str, waiting: int, now: datetime) -> Alert:
        reason = "; ".join(self.trouble) or "no recorder takes them"
        return Alert.of(
            "audit_backlog",
            "recorder",
            category="audit",
            severity=AlertSeverity.CRITICAL,
            message=f"{waiting} records wait in {stream} and are not written to the store: {reason}",
            at=now,
            cause=stream,
        )

    async def _persist(self, name: str, work: Callable[[], Coroutine[Any, Any, object]]) -> bool:
        """Do `work` again and again until it is done, and say so.

        False if this recorder leads no more, or the store has lost entries: whose work that was is to begin anew.
        """
        attempt = 0
        while self._leadership.is_leader:
            try:
                await work()
            except EntriesLostError:
                return False
            except _AWAY as error:
                wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
                _log.warning("recording_waits", what=name, error=str(error), retry_in=wait)
                self._trouble[name] = str(error)
                attempt += 1
                await self._sleep(wait)
            else:
                self._trouble.pop(name, None)
                return True
        return False
