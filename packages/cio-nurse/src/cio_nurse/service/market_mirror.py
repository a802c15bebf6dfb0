"""The market mirror: what is known of every symbol on the exchange, following the store."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

import structlog

from cio_decision.context import MarketView
from cio_decision.freshness import Ages, Input, Standing, standing
from cio_nurse.domain.readings import Unbelievable, read_market
from cio_nurse.errors import StoreError
from cio_nurse.ports import Clock, InputStore
from cio_nurse.service.believed import Believed

RETRY_SECONDS = 1.0
"""How long after a failure the store is asked, or listened to, again."""

PAUSE_SECONDS = 0.1
"""Least time between two reads: a busy market costs at most ten a second, each of all that has changed."""

WHOLE_SECONDS = 30.0
"""How often all of the market is read, so that a lost announcement costs at most this."""

MANY = 1000
"""From as many announced symbols on all of the market is read instead."""

_log = structlog.stdlib.get_logger()


class MarketMirror:
    """Reads the symbols that are announced as changed, and now and then all of them.

    A symbol that leaves the store stays as it was last seen and grows old: prices are lost within seconds, and an exit
    is never refused because the store was emptied.
    """

    name = Input.MARKET

    def __init__(
        self, store: InputStore, clock: Clock, ages: Ages, *, band_share: Decimal, tolerance_seconds: float
    ) -> None:
        self._store = store
        self._clock = clock
        self._ages = ages
        self._band_share = band_share
        self._tolerance_seconds = tolerance_seconds
        self._views: Believed[MarketView] = Believed(
            self.name,
            clock,
            read=self._read_view,
            as_of=lambda view: None if view.live is None else view.live.as_of,
            tolerance_seconds=tolerance_seconds,
        )
        self._announced: set[str] = set()
        self._whole_read_at: float | None = None
        self._wake = asyncio.Event()

    @property
    def refused(self) -> int:
        """How many symbols hold something that is not believed."""
        return self._views.refused

    async def until_read(self) -> None:
        """Return once the store has answered."""
        await self._views.until_read()

    def view_for(self, symbol: str, now: datetime) -> MarketView:
        """Return what is known of a symbol at `now`."""
        known = self._views.values.get(symbol)
        if known is not None:
            return known
        listed = self._views.was_read and not self._views.doubts(symbol) and not self.standing(now).is_lost
        return MarketView(None, listed=listed, ages=self._ages, band_share=self._band_share)

    def standing(self, now: datetime) -> Standing:
        """Return how far the market as a whole can be relied on: by its newest price."""
        return standing(
            "the market data", self._views.newest, self._ages, now=now, tolerance_seconds=self._tolerance_seconds
        )

    async def run(self) -> None:
        """Follow the store until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._keep_reading())

    def announce(self, symbols: Collection[str]) -> None:
        """Have symbols read, or all of the market if none are named."""
        self._announced.update(symbols)
        if not symbols or len(self._announced) >= MANY:
            self._whole_read_at = None
        self._wake.set()

    async def refresh(self) -> None:
        """Read what was announced, or all of the market when that is due."""
        asked, self._announced = self._announced, set()
        if self._whole_read_at is None or self._clock.seconds() - self._whole_read_at >= WHOLE_SECONDS:
            self._whole_read_at = self._clock.seconds()
            answered = await self._views.refresh(self._store.read_market())
        elif asked:
            answered = await self._views.refresh(self._store.read_market(asked), whole=False)
        else:
            return
        if not answered:
            self._whole_read_at = None

    async def _follow(self) -> None:
        while True:
            try:
                async for symbols in self._store.market_changes():
                    self.announce(symbols)
            except StoreError as error:
                _log.debug("market_announcements_lost", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _keep_reading(self) -> None:
        while True:
            await self.refresh()
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                async with asyncio.timeout(RETRY_SECONDS if self._whole_read_at is None else WHOLE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    def _read_view(self, symbol: str, stored: bytes, latest: datetime) -> MarketView | Unbelievable:
        state = read_market(symbol, stored, latest)
        if isinstance(state, Unbelievable):
            return state
        return MarketView(state, listed=True, ages=self._ages, band_share=self._band_share)
