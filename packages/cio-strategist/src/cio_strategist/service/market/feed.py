"""The market feed: what the fleet streams and what the exchange answers, onto one board."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from cio_strategist.domain.market.board import MarketBoard
from cio_strategist.domain.market.exchange_answers import read_book_tickers, read_premium_index
from cio_strategist.domain.market.fleet_message import read_fleet_message
from cio_strategist.domain.market.listing import read_listing
from cio_strategist.domain.market.observation import ClosedCandle, Drop, Observation
from cio_strategist.errors import ExchangeUnavailableError
from cio_strategist.ports import Clock, FeedMetrics, MarketSource
from cio_strategist.service.repeating import repeat

STREAM, POLL = "stream", "poll"

_BATCH = 50
"""Rows of an answer that are taken at a time, so that nothing else waits for a long list."""

_LEAST_SHARE = 0.5
"""Share of the symbols below which a new listing must be read twice: without its symbol, even an exit is refused."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class MarketFeed:
    """Believes what is sound and newest, and drops the rest with a reason. Knows no symbol that is not listed."""

    def __init__(
        self,
        exchange: MarketSource,
        board: MarketBoard,
        *,
        clock: Clock,
        metrics: FeedMetrics,
        on_candle: Callable[[ClosedCandle], None],
        listing_seconds: float,
        poll_seconds: float,
    ) -> None:
        self._exchange = exchange
        self._board = board
        self._clock = clock
        self._metrics = metrics
        self._on_candle = on_candle
        self._listing_seconds = listing_seconds
        self._poll_seconds = poll_seconds
        self._streamed: dict[str, None] = {}
        self._doubted = False
        self.listed_at: datetime | None = None
        """When the exchange's listing was read; None before the first time."""
        self.polled_at: datetime | None = None
        """When all prices were read from the exchange; None before the first time."""

    @property
    def streamed(self) -> tuple[str, ...]:
        """The listed symbols that a price was streamed of."""
        return tuple(self._streamed)

    async def receive(self, _subject: str, payload: bytes) -> None:
        """Take one message of the fleet. Never raises for what is in it."""
        read = read_fleet_message(payload, received_at=self._clock.now())
        if isinstance(read, Drop):
            self._metrics.dropped(STREAM, read)
            return
        for one in read:
            if isinstance(one, Observation):
                if self._observe(STREAM, one):
                    self._streamed[one.symbol] = None
            elif one.symbol in self._board:
                self._on_candle(one)

    async def keep_listing(self) -> None:
        """Read what the exchange lists, again and again."""
        await repeat(self._read_listing, what="listing", every=self._listing_seconds, metrics=self._metrics)

    async def keep_prices(self) -> None:
        """Read all prices from the exchange again and again; if that is off, wait for ever."""
        if self._poll_seconds == 0:
            await asyncio.Event().wait()
        await repeat(self._read_prices, what="prices", every=self._poll_seconds, metrics=self._metrics)

    async def _read_listing(self) -> None:
        listing = read_listing(await self._exchange.listing())
        if listing is None:
            raise ExchangeUnavailableError("exchangeInfo: no symbol in it is readable")
        if len(listing.symbols) < _LEAST_SHARE * len(self._board) and not self._doubted:
            self._doubted = True
            raise ExchangeUnavailableError("exchangeInfo: most symbols are gone; believed if it says so twice in a row")
        self._doubted = False
        gone = self._board.take_listing(listing, read_at=self._clock.now())
        for symbol in gone:
            self._streamed.pop(symbol, None)
        self.listed_at = self._clock.now()
        if listing.weight_per_minute is not None:
            self._exchange.allow(listing.weight_per_minute)
        _log.info("listing_read", symbols=len(self._board), delisted=sorted(gone))
        if listing.unreadable:
            _log.error("listing_unreadable", symbols=sorted(listing.unreadable))

    async def _read_prices(self) -> None:
        if not len(self._board):
            # Nothing would be known of any symbol.
            return
        marks = await self._exchange.premium_index()
        await self._take(read_premium_index(marks, received_at=self._clock.now()))
        books = await self._exchange.book_tickers()
        await self._take(read_book_tickers(books, received_at=self._clock.now()))
        self.polled_at = self._clock.now()

    async def _take(self, read: Sequence[Observation | Drop]) -> None:
        for number, one in enumerate(read):
            if isinstance(one, Drop):
                self._metrics.dropped(POLL, one)
            else:
                self._observe(POLL, one)
            if number % _BATCH == 0:
                await asyncio.sleep(0)

    def _observe(self, source: str, observation: Observation) -> bool:
        dropped = self._board.observe(observation)
        if dropped is None:
            self._metrics.taken(source)
        else:
            self._metrics.dropped(source, dropped)
        return dropped is None
