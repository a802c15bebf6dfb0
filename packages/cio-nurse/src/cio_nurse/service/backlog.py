"""The backlog: records that the stream did not take in time, on their way through the journal."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from cio_nurse.errors import JournalError
from cio_nurse.ports import Journal, JournalEntry

Settle = Callable[[bool], Awaitable[None]]
"""What to do when it is known whether the stream keeps a record."""

Send = Callable[[JournalEntry, Settle], Awaitable[None]]
"""Publishes a record, and settles it once."""

QUEUE = 20_000
"""How many records may wait to be written; what comes beyond is dropped, counted and said."""

AT_ONCE = 200
"""How many are written with one sync, or sent before any is acknowledged."""

RETRY_SECONDS = 1.0
"""How long between two attempts at delivery."""

_log = structlog.stdlib.get_logger()


class Backlog:
    """Writes late records to the journal and delivers them, oldest first, when the stream answers again.

    What is delivered twice is told by its id, by the stream or by the store behind it. While not connected nothing is
    delivered: that a record could not be sent then would say nothing about those of later. What is larger than NATS
    takes is given up, or it would stand in the way of all others.

    While the journal cannot be written, the newest record is held in memory and the others are dropped: with it the
    gate learns that the stream answers again, also when no intents come.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        connected: Callable[[], bool],
        largest: Callable[[], int],
        on_written: Callable[[], None],
        on_dropped: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._connected = connected
        self._largest = largest
        self._on_written = on_written
        self._on_dropped = on_dropped
        self._queue: deque[JournalEntry] = deque()
        self._added = asyncio.Event()
        self._writing = asyncio.Lock()
        self._held: JournalEntry | None = None
        self._written = 0
        self._dropped = 0

    @property
    def waiting(self) -> int:
        """How many records are in the journal, on their way into it, or held because they cannot be written."""
        return self._written + len(self._queue) + (self._held is not None)

    @property
    def dropped(self) -> int:
        """How many records could not be kept anywhere."""
        return self._dropped

    def add(self, entry: JournalEntry) -> None:
        """Take a record; it is written soon."""
        if len(self._queue) >= QUEUE:
            self._drop([entry], "too many records wait for the journal")
            return
        self._queue.append(entry)
        self._added.set()

    async def run(self, send: Send) -> None:
        """Write and deliver until cancelled."""
        async with self._writing:
            self._written = await asyncio.to_thread(self._journal.open)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write_always())
            tasks.create_task(self._deliver_always(send))

    async def end(self) -> None:
        """Write what waits to be written; what cannot be is dropped."""
        await self._write_queue()
        if self._held is not None:
            self._drop([self._held], "the gate ends")
            self._held = None

    async def _write_always(self) -> None:
        while True:
            await self._added.wait()
            self._added.clear()
            await self._write_queue()
            if self._held is not None:
                await asyncio.sleep(RETRY_SECONDS)

    async def _write_queue(self) -> None:
        while self._queue:
            await self._write()

    async def _write(self) -> None:
        async with self._writing:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), AT_ONCE))]
            try:
                await asyncio.to_thread(self._journal.append, batch)
            except JournalError as error:
                self._hold_newest(batch, str(error))
                return
            self._written += len(batch)
        for _ in batch:
            self._on_written()

    def _hold_newest(self, batch: Sequence[JournalEntry], reason: str) -> None:
        if self._held is None:
            _log.error("journal_not_written", reason=reason)
        *older, self._held = batch if self._held is None else [self._held, *batch]
        if older:
            self._drop(older, reason)

    async def _deliver_always(self, send: Send) -> None:
        while True:
            if self._held is not None and self._connected():
                await self._deliver_held(self._held, send)
            if not self._written or not self._connected() or not await self._deliver(send):
                await asyncio.sleep(RETRY_SECONDS)

    async def _deliver_held(self, held: JournalEntry, send: Send) -> None:
        if await _all_taken([held], send) and self._held is held:
            self._held = None

    async def _deliver(self, send: Send) -> bool:
        """Send the oldest records and forget them if all were taken; whether they were.

        A journal that cannot be read is tried again: the gate goes on without it.
        """
        try:
            entries = await asyncio.to_thread(self._journal.oldest, AT_ONCE)
            if not entries:
                _log.error("journal_lost_records", records=self._written)
                self._written = 0
                return False
            deliverable = [entry for entry in entries if len(entry.payload) <= self._largest()]
            if not await _all_taken(deliverable, send):
                return False
            await asyncio.to_thread(self._journal.forget, len(entries))
        except JournalError as error:
            _log.error("journal_not_delivered", waiting=self.waiting, error=str(error))
            return False
        self._written -= len(entries)
        if too_large := [entry for entry in entries if entry not in deliverable]:
            self._drop(too_large, f"larger than the {self._largest()} bytes that NATS takes")
        _log.info("journal_delivered", records=len(deliverable), waiting=self.waiting)
        return True

    def _drop(self, entries: Sequence[JournalEntry], reason: str) -> None:
        self._dropped += len(entries)
        for _ in entries:
            self._on_dropped()
        _log.error("records_dropped", records=len(entries), reason=reason)


async def _all_taken(entries: Sequence[JournalEntry], send: Send) -> bool:
    outcomes: list[bool] = []
    settled = asyncio.Event()

    async def settle(kept: bool) -> None:
        outcomes.append(kept)
        if len(outcomes) == len(entries):
            settled.set()

    for entry in entries:
        await send(entry, settle)
    if entries:
        await settled.wait()
    return all(outcomes)
