"""Stand-ins for the tracker's account and for where it publishes, kept in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.domain.portfolio.reading import Reading
from cio_strategist.errors import ExchangeUnavailableError, StoreUnreachableError
from cio_strategist.ports import ShownPortfolio
from petrosa_contracts import Alert, PortfolioState


class FakeAccount:
    """`AccountSource` that answers with `reading`, or is away while that is None."""

    def __init__(self, reading: Callable[[], Reading | None]) -> None:
        self.reading = reading
        self.asked = 0
        self.known_until: datetime | None = None
        self.retry_after_seconds = 0.0

    async def read(self, *, known_until: datetime | None) -> Reading:
        self.asked += 1
        self.known_until = known_until
        reading = self.reading()
        if reading is None:
            raise ExchangeUnavailableError("nobody answers", retry_after_seconds=self.retry_after_seconds)
        return reading


class FakePortfolioStore:
    """`PortfolioStore` and `LatchStore` in memory.

    `up = False` makes it unreachable. `before_write` comes between reading and writing: whatever it changes in `shown`
    makes the state be asked for again.
    """

    def __init__(self) -> None:
        self.shown = ShownPortfolio(None)
        self.up = True
        self.before_write: Callable[[], None] = lambda: None
        self.published: list[PortfolioState] = []
        self.settled: list[tuple[int, tuple[str, ...]]] = []
        self.asked: list[tuple[Latch, str, str]] = []

    async def read(self) -> ShownPortfolio:
        self._reach()
        return self.shown

    async def publish(self, make: Callable[[ShownPortfolio], PortfolioState | None]) -> PortfolioState | None:
        while True:
            self._reach()
            before = self.shown
            state = make(before)
            self.before_write()
            self._reach()
            if self.shown is not before:
                continue
            if state is not None:
                self.shown = ShownPortfolio(state, cleared=before.cleared)
                self.published.append(state)
            return state

    async def settle(self, revision: int, decision_ids: Sequence[str]) -> None:
        self._reach()
        self.settled.append((revision, tuple(decision_ids)))

    async def clear(self, latch: Latch, at: datetime, *, by: str, reason: str) -> None:
        self._reach()
        self.asked.append((latch, by, reason))
        self.shown = replace(self.shown, cleared={**self.shown.cleared, latch: at})

    def _reach(self) -> None:
        if not self.up:
            raise StoreUnreachableError("Redis cannot be reached: start it, or point REDIS_URL at the right one")


class KeptAlerts:
    """`AlertChannel` that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Alert] = []

    def tell(self, alert: Alert) -> None:
        self.told.append(alert)

    @property
    def actions(self) -> list[str]:
        return [alert.action for alert in self.told]


class CountedTracking:
    """`TrackerMetrics` that counts."""

    def __init__(self) -> None:
        self.readings: list[str] = []
        self.events: list[str] = []
        self.publications = 0

    def reading(self, outcome: str) -> None:
        self.readings.append(outcome)

    def event(self, kind: str) -> None:
        self.events.append(kind)

    def published(self) -> None:
        self.publications += 1
