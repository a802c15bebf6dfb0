"""Market, regime and portfolio, written to Redis the way feed, classifier and tracker write them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.integration.nurse.fleet import timestamp

MARKET, MARKET_CHANGED = "cio:market", "cio:market:changed"
REGIME, PORTFOLIO = "cio:regime", "cio:portfolio"
"""Spelled out on purpose: other languages rely on these names and forms, so a test must not borrow them."""

EVERY_SECONDS = 0.2


def market(symbol: str = "BTCUSDT", *, price: float = 50_000.0, age: float = 0.0, **fields: Any) -> dict[str, Any]:
    """Return a symbol that trades, all of its prices of one age, in seconds."""
    quote = {"price": str(price), "as_of": timestamp(seconds=-age)}
    return {
        "symbol": symbol,
        "status": "TRADING",
        "rules": {"tick": "0.1", "step": "0.001", "min_quantity": "0.001", "min_notional": "100"},
        "rules_as_of": timestamp(seconds=-60 - age),
        "last": quote,
        "mark": quote,
        "bid": quote,
        "ask": quote,
        **fields,
    }


def regime(symbol: str | None = None, *, age: float = 600.0, **fields: Any) -> dict[str, Any]:
    """Return a calm regime."""
    return {
        "symbol": symbol,
        "volatility": "normal",
        "trend": "sideways",
        "drawdown": "shallow",
        "confidence": 0.9,
        "size_multiplier": 1.0,
        "increase_allowed": True,
        "as_of": timestamp(seconds=-age),
        **fields,
    }


def portfolio(*, equity: str | None = "100000000", **fields: Any) -> dict[str, Any]:
    """Return a portfolio without positions, at its peak and without a loss today."""
    moment = timestamp()
    return {
        "as_of": moment,
        "revision": 1,
        "position_mode": "hedge",
        "equity": equity,
        "peak_equity": equity,
        "drawdown": "0",
        "day": moment[:10],
        "day_equity": equity,
        "realised": "0",
        "unrealised": "0",
        "daily_loss": "0",
        "positions": [],
        **fields,
    }


class Surroundings:
    """Writes fresh values again and again; replace a maker, or set it to None, to freeze or falsify what it writes."""

    def __init__(self, url: str) -> None:
        self.client = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, driver_info=None)
        self.market: Callable[[], list[dict[str, Any]]] | None = lambda: [market()]
        self.regime: Callable[[], dict[str, Any]] | None = regime
        self.portfolio: Callable[[], dict[str, Any]] | None = portfolio
        self._ended = False

    @classmethod
    @asynccontextmanager
    async def written(cls, url: str) -> AsyncIterator["Surroundings"]:
        """Write for as long as the block lasts, beginning with an empty store."""
        found = cls(url)
        await found.forget()
        await found.write()
        writing = asyncio.create_task(found._keep_writing())
        yield found
        found._ended = True
        await writing
        with suppress(RedisError, OSError):
            await found.forget()
        await found.client.aclose()

    async def forget(self) -> None:
        """Leave nothing of what is written here."""
        await self.client.delete(MARKET, REGIME, PORTFOLIO)

    async def write(self) -> None:
        """Write everything once."""
        if self.market is not None:
            await self.write_market(*self.market())
        if self.regime is not None:
            await self.write_regime(self.regime())
        if self.portfolio is not None:
            await self.client.set(PORTFOLIO, json.dumps(self.portfolio()))

    async def write_market(self, *states: dict[str, Any]) -> None:
        """Write symbols and announce them."""
        fields = {state["symbol"]: json.dumps(state) for state in states}
        async with self.client.pipeline(transaction=True) as together:
            together.hset(MARKET, mapping=fields)
            together.publish(MARKET_CHANGED, " ".join(fields))
            await together.execute()

    async def write_regime(self, *statuses: dict[str, Any]) -> None:
        """Write regimes, that of the market as a whole under `global`."""
        await self.client.hset(REGIME, mapping={each["symbol"] or "global": json.dumps(each) for each in statuses})

    async def _keep_writing(self) -> None:
        # Not cancelled: before Python 3.12 the client may swallow that, and would write on for ever.
        while not self._ended:
            await asyncio.sleep(EVERY_SECONDS)
            with suppress(RedisError, OSError):
                await self.write()
