"""The tracker: reads the account, hears execution events, and keeps the portfolio where the gates read it."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError

from cio_strategist.domain.portfolio.book import Latch, PortfolioBook
from cio_strategist.errors import ConflictError, ExchangeUnavailableError, StoreUnreachableError, StoreUnreadableError
from cio_strategist.ports import AccountSource, Clock, PortfolioStore, ShownPortfolio, TrackerMetrics
from cio_strategist.service.portfolio.watch import PortfolioWatch
from petrosa_contracts import PortfolioState
from petrosa_contracts.execution import ExecutionEvent

PUBLISH_PAUSE_SECONDS = 0.2
"""Shortest time between two publications: however many fills come, gates see at most five states a second."""

SETTLING_SECONDS = 0.25
"""Time between the first readings ever, on which the day's start rests."""

LONGEST_WAIT_SECONDS = 60.0
"""Longest wait between attempts while the exchange does not answer, unless it asks for more."""

TOLERANCE = timedelta(seconds=2)
"""How far another tracker's clock may be ahead. What lies further in the future is not believed to be newer."""

_STORE_PAUSES = (0.2, 0.5, 1.0, 2.0)
_MOST_DECISIONS = 10_000
_MOST_EARLY = 1_000
_RESUMING, _READING, _PUBLISHING = "resuming", "reading", "publishing"

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class PortfolioTracker:
    """Keeps `cio:portfolio`. `read_forever` and `publish_forever` must be running; events come through `hear`.

    The account is the truth: between two readings fills move the positions, and `as_of` stays, so that gates see the
    portfolio age while the exchange is away. Several trackers may run: each publishes what it knows unless the other's
    reading is newer, and takes over what the other has latched.
    """

    def __init__(
        self,
        account: AccountSource,
        store: PortfolioStore,
        *,
        clock: Clock,
        read_seconds: float,
        watch: PortfolioWatch,
        metrics: TrackerMetrics,
    ) -> None:
        self._account = account
        self._store = store
        self._clock = clock
        self._read_seconds = read_seconds
        self._watch = watch
        self._metrics = metrics
        self._book: PortfolioBook | None = None
        self._early: deque[tuple[ExecutionEvent, datetime]] = deque(maxlen=_MOST_EARLY)
        self._revision = 0
        self._over: dict[str, None] = {}
        self._news = asyncio.Event()
        self._failures = 0
        self._troubles: dict[str, str] = {_READING: "the account was not read yet"}
        self.shown: PortfolioState | None = None
        """What gates were shown last, by this tracker or by another one that was ahead of it."""

    @property
    def troubles(self) -> Mapping[str, str]:
        """Why the newest attempts to read or to publish came to nothing, for those that did not succeed."""
        return self._troubles

    async def read_forever(self) -> None:
        """Read the account every interval until cancelled, beginning with what was published before."""
        await self._resume()
        while True:
            wait = await self._read_once()
            await asyncio.sleep(wait)

    async def publish_forever(self) -> None:
        """Publish what is new until cancelled, the newest state only, and settle what it shows."""
        failures = 0
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._publish()
            except (StoreUnreachableError, StoreUnreadableError, ConflictError) as error:
                self._news.set()
                wait = _STORE_PAUSES[min(failures, len(_STORE_PAUSES) - 1)]
                self._tell_trouble(_PUBLISHING, str(error), wait)
                failures += 1
                await asyncio.sleep(wait)
            else:
                failures = 0
                self._recover(_PUBLISHING)
                await asyncio.sleep(PUBLISH_PAUSE_SECONDS)

    async def hear(self, _subject: str, payload: bytes) -> None:
        """Take an execution event. One that cannot be read is logged and counted."""
        try:
            event = ExecutionEvent.model_validate_json(payload)
        except ValidationError as error:
            self._metrics.event("unreadable")
            _log.warning("execution_event_unreadable", size=len(payload), errors=error.error_count())
            return
        self._metrics.event(event.event_type)
        if self._book is None:
            self._early.append((event, self._clock.now()))
        elif self._book.hear(event, self._clock.now()):
            self._news.set()

    async def _resume(self) -> None:
        failures = 0
        while True:
            try:
                shown = await self._store.read()
            except (StoreUnreachableError, StoreUnreadableError) as error:
                wait = _STORE_PAUSES[min(failures, len(_STORE_PAUSES) - 1)]
                self._tell_trouble(_RESUMING, str(error), wait)
                failures += 1
                await asyncio.sleep(wait)
            else:
                break
        if shown.problem is not None:
            self._watch.lost(shown.problem, self._clock.now())
        state = shown.state
        self._revision = 0 if state is None else state.revision
        self._book = PortfolioBook(state)
        for event, heard_at in self._early:
            self._book.hear(event, heard_at)
        self._early.clear()
        self._recover(_RESUMING)
        _log.info("portfolio_resumed", revision=self._revision, as_of=None if state is None else state.as_of)

    async def _read_once(self) -> float:
        """Make one reading and return how long to wait before the next, seconds."""
        book = self._needed_book
        began_at = self._clock.now()
        try:
            reading = await self._account.read(known_until=book.as_of)
        except ExchangeUnavailableError as error:
            self._metrics.reading("failed")
            wait = min(self._read_seconds * 2**self._failures, max(LONGEST_WAIT_SECONDS, self._read_seconds))
            wait = max(wait, error.retry_after_seconds)
            self._failures = min(self._failures + 1, 16)
            self._tell_trouble(_READING, str(error), wait)
            self._watch.away(book.as_of, str(error), self._clock.now())
            return wait
        self._metrics.reading("complete")
        self._failures = 0
        self._recover(_READING)
        book.read(reading)
        if not book.is_settled:
            return SETTLING_SECONDS
        self._news.set()
        return max(0.0, self._read_seconds - (self._clock.now() - began_at).total_seconds())

    async def _publish(self) -> None:
        book = self._needed_book
        if not book.is_settled:
            return
        state = await self._store.publish(self._made)
        if state is None:
            return
        self._revision = state.revision
        self.shown = state
        self._metrics.published()
        self._watch.published(state, self._clock.now())
        if self._over:
            decisions = list(self._over)
            await self._store.settle(state.revision, decisions)
            for decision in decisions:
                self._over.pop(decision, None)

    def _made(self, shown: ShownPortfolio) -> PortfolioState | None:
        """Return what to publish in place of what is shown; None where another tracker's reading is newer."""
        book, other = self._needed_book, shown.state
        for latch in Latch:
            if latch in shown.cleared and book.clear(latch, shown.cleared[latch]):
                _log.warning("latch_cleared", latch=latch, at=shown.cleared[latch])
        if other is not None and other.revision != self._revision:
            book.absorb(other)
            if book.as_of is not None and book.as_of < other.as_of <= self._clock.now() + TOLERANCE:
                self.shown = other
                return None
        for decision in book.decisions_over():
            self._over[decision] = None
        while len(self._over) > _MOST_DECISIONS:
            del self._over[next(iter(self._over))]
        return book.state(max(self._revision, 0 if other is None else other.revision) + 1)

    @property
    def _needed_book(self) -> PortfolioBook:
        if self._book is None:
            raise AssertionError("nothing is read or published before it was resumed")
        return self._book

    def _tell_trouble(self, what: str, trouble: str, wait: float) -> None:
        if trouble != self._troubles.get(what):
            _log.warning("tracker_trouble", what=what, error=trouble, retry_in=wait)
        self._troubles[what] = trouble

    def _recover(self, what: str) -> None:
        if self._troubles.pop(what, None) is not None:
            _log.info("tracker_recovered", what=what)
