"""Redis: reading market, regime and portfolio."""

# The client library types its commands for sync and async use at once, which leaves much of it unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import aclosing
from typing import cast

from cio_nurse.adapters.redis_connection import READ_SECONDS, announcements, answered, client_for, text_keys
from petrosa_contracts import rediskeys


class RedisInputStore:
    """Reads the inputs whole or, of the market, some symbols alone, and listens for changes of the market."""

    def __init__(self, url: str) -> None:
        self._client = client_for(url, READ_SECONDS)
        self._listener = client_for(url, None)

    async def read_market(self, symbols: Collection[str] | None = None) -> Mapping[str, bytes]:
        """Return what is stored of these symbols, or of all."""
        if symbols is None:
            return await self._hash(rediskeys.MARKET)
        asked = list(symbols)
        found = cast("list[bytes | None]", await answered(self._client.hmget(rediskeys.MARKET, asked)))
        return {symbol: value for symbol, value in zip(asked, found, strict=True) if value is not None}

    async def read_regime(self) -> Mapping[str, bytes]:
        """Return the statuses by symbol."""
        return await self._hash(rediskeys.REGIME)

    async def read_portfolio(self) -> bytes | None:
        """Return the portfolio."""
        return cast("bytes | None", await answered(self._client.get(rediskeys.PORTFOLIO)))

    async def market_changes(self) -> AsyncIterator[frozenset[str]]:
        """Yield nothing in particular when listening has begun, then the symbols of every announcement."""
        async with aclosing(announcements(self._listener, rediskeys.MARKET_CHANGED)) as announced:
            async for body in announced:
                yield frozenset(body.split())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._listener.aclose()

    async def _hash(self, key: str) -> Mapping[str, bytes]:
        return text_keys(cast("Mapping[bytes, bytes]", await answered(self._client.hgetall(key))))
