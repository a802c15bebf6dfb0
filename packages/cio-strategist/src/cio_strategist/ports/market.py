"""Market data, candles and regimes, and where gates read them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol


class MarketSource(Protocol):
    """The exchange's public answers, decoded from JSON. Everything here raises `ExchangeUnavailableError`."""

    def allow(self, weight_per_minute: int) -> None:
        """Take note of the request weight that the exchange allows an address per minute."""
        ...

    async def listing(self) -> object:
        """Return what it lists, in the form of `exchangeInfo`."""
        ...

    async def premium_index(self) -> object:
        """Return the mark prices of all symbols."""
        ...

    async def book_tickers(self) -> object:
        """Return the best bids and asks of all symbols."""
        ...


class CandleSource(Protocol):
    """Where past candles are read. Everything here raises `ExchangeUnavailableError`."""

    most_candles: int
    """The most that one answer holds."""

    async def klines(self, symbol: str, interval: str, *, since: datetime, limit: int) -> object:
        """Return at most `limit` candles that open at `since` (aware UTC) or later, oldest first, decoded from JSON."""
        ...


class RegimeOpinion(Protocol):
    """Somebody else's word on the regime. Raises `ExchangeUnavailableError` when there is none to be had."""

    async def regime(self, symbol: str, period: str) -> object:
        """Return the answer, decoded from JSON; `period` is the length of its candles, such as 1h."""
        ...


class FieldStore(Protocol):
    """A hash that gates read, and that the process alone writes.

    Everything here raises `StoreUnreachableError` when it does not answer, and `StoreUnreadableError` when it refuses.
    """

    async def read(self) -> Mapping[str, str]:
        """Return all fields."""
        ...

    async def write(self, fields: Mapping[str, str], *, remove: Iterable[str] = ()) -> int:
        """Set and remove fields, whole or not at all, tell gates which, and return how many there are then."""
        ...


class FeedMetrics(Protocol):
    """Counts what the market feed takes, drops and writes."""

    def taken(self, source: str) -> None:
        """Count an observation that was believed. `source` is stream or poll."""
        ...

    def dropped(self, source: str, reason: str) -> None:
        """Count something that was not."""
        ...

    def written(self, symbols: int) -> None:
        """Count one write to Redis, of so many symbols."""
        ...

    def repaired(self, fields: int) -> None:
        """Count fields in Redis that were not what was written there, found and repaired."""
        ...

    def failed(self, what: str) -> None:
        """Count something that could not be read or written and is tried again."""
        ...
