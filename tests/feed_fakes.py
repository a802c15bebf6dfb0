"""Stand-ins for what the market feed needs from the outside, kept in memory."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from cio_strategist.errors import ExchangeUnavailableError, StoreUnreachableError


class FakeFieldStore:
    """`FieldStore`. `up = False` makes it unreachable; `lose` empties it."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields or {})
        self.up = True
        self.writes: list[frozenset[str]] = []

    async def read(self) -> Mapping[str, str]:
        await self._answer()
        return dict(self.fields)

    async def write(self, fields: Mapping[str, str], *, remove: Iterable[str] = ()) -> int:
        await self._answer()
        gone = frozenset(remove)
        self.fields = {name: text for name, text in (self.fields | dict(fields)).items() if name not in gone}
        if fields or gone:
            self.writes.append(frozenset(fields) | gone)
        return len(self.fields)

    def lose(self) -> None:
        self.fields.clear()

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if not self.up:
            raise StoreUnreachableError("Redis is away")


class FakeExchange:
    """`MarketSource`, `CandleSource` and `RegimeOpinion`. `trouble` is raised instead of any answer; what is
    in `troubled` has none."""

    most_candles = 1500

    def __init__(self) -> None:
        self.weight_per_minute = 2400
        self.info: object = {}
        self.marks: object = []
        self.books: object = []
        self.candles: dict[str, list[list[object]]] = {}
        self.opinions: dict[str, object] = {}
        self.trouble: ExchangeUnavailableError | None = None
        self.troubled: set[str] = set()
        self.asked: Counter[str] = Counter()

    def allow(self, weight_per_minute: int) -> None:
        self.weight_per_minute = weight_per_minute

    async def listing(self) -> object:
        return await self._answer("listing", self.info)

    async def premium_index(self) -> object:
        return await self._answer("premium_index", self.marks)

    async def book_tickers(self) -> object:
        return await self._answer("book_tickers", self.books)

    async def klines(self, symbol: str, interval: str, *, since: datetime, limit: int) -> object:
        first = since.timestamp() * 1000
        rows = [row for row in self.candles.get(symbol, []) if float(str(row[0])) >= first]
        return await self._answer(f"klines {symbol}", rows[:limit])

    async def regime(self, symbol: str, period: str) -> object:
        return await self._answer(f"regime {symbol}", self.opinions.get(symbol))

    async def _answer(self, what: str, answer: object) -> object:
        self.asked[what] += 1
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        if what in self.troubled:
            raise ExchangeUnavailableError(f"no {what}")
        return answer


class CountedMetrics:
    """`FeedMetrics` that can be looked at."""

    def __init__(self) -> None:
        self.taken_from: Counter[str] = Counter()
        self.drops: Counter[tuple[str, str]] = Counter()
        self.failures: Counter[str] = Counter()
        self.writes: list[int] = []
        self.repairs = 0

    def taken(self, source: str) -> None:
        self.taken_from[source] += 1

    def dropped(self, source: str, reason: str) -> None:
        self.drops[source, str(reason)] += 1

    def written(self, symbols: int) -> None:
        self.writes.append(symbols)

    def repaired(self, fields: int) -> None:
        self.repairs += fields

    def failed(self, what: str) -> None:
        self.failures[what] += 1
