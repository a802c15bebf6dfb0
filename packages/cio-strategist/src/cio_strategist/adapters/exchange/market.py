"""The exchange's public market data, and the fleet's data service, over HTTP."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

import httpx

from cio_strategist.adapters.exchange.http import DEFAULT_WEIGHT, Restraint, client_for, decoded, fetch
from cio_strategist.errors import ExchangeUnavailableError
from cio_strategist.ports import Clock

_SECONDS = 10.0
"""Longest time that one answer may take in all."""
_LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes. What the exchange lists is about two million."""
_SHARE = 0.8
"""Share of a minute's weight, used by whomever, at which reading market data pauses: the rest is for orders."""


class ExchangeMarket:
    """Reads Binance's USD-M futures API. Everything raises `ExchangeUnavailableError`.

    A ban (418, 429) and a minute's weight that is nearly used up pause all further requests, which then fail without
    being sent: the address is shared with those that trade.
    """

    most_candles = 1500

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._restraint = Restraint(clock, share=_SHARE, weight_per_minute=DEFAULT_WEIGHT)

    def allow(self, weight_per_minute: int) -> None:
        """Take note of the request weight that the exchange allows an address per minute."""
        self._restraint.weight_per_minute = weight_per_minute

    async def listing(self) -> object:
        """Return the answer to `exchangeInfo`: symbols, statuses, filters."""
        return await self._get("/fapi/v1/exchangeInfo")

    async def premium_index(self) -> object:
        """Return the mark prices of all symbols."""
        return await self._get("/fapi/v1/premiumIndex")

    async def book_tickers(self) -> object:
        """Return the best bids and asks of all symbols."""
        return await self._get("/fapi/v1/ticker/bookTicker")

    async def klines(self, symbol: str, interval: str, *, since: datetime, limit: int) -> object:
        """Return at most `limit` candles that open at `since` (aware UTC) or later, oldest first."""
        start = int(since.timestamp() * 1000)
        wanted = {"symbol": symbol, "interval": interval, "startTime": start, "limit": limit}
        return await self._get("/fapi/v1/klines", wanted)

    async def _get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> object:
        self._restraint.check()
        response, body = await _fetch(self._client, path, parameters or {})
        self._restraint.heed(response)
        return _content(path, response, body, retry_after_seconds=self._restraint.seconds_left())


class DataService:
    """Asks the fleet's data service for its word on the regime. Raises `ExchangeUnavailableError`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def regime(self, symbol: str, period: str) -> object:
        """Return the decoded answer to `GET /analysis/regime`."""
        path = "/analysis/regime"
        response, body = await _fetch(self._client, path, {"pair": symbol, "period": period})
        return _content(path, response, body)


@asynccontextmanager
async def open_exchange(url: str, clock: Clock) -> AsyncGenerator[ExchangeMarket]:
    """Open the exchange at `url`. Connects only when first used."""
    async with client_for(url, _SECONDS) as client:
        yield ExchangeMarket(client, clock)


@asynccontextmanager
async def open_data_service(url: str | None) -> AsyncGenerator[DataService | None]:
    """Open the data service at `url`, if there is one."""
    if url is None:
        yield None
        return
    async with client_for(url, _SECONDS) as client:
        yield DataService(client)


async def _fetch(
    client: httpx.AsyncClient, path: str, parameters: Mapping[str, str | int]
) -> tuple[httpx.Response, bytes]:
    return await fetch(client, path, urlencode(parameters), seconds=_SECONDS, largest=_LARGEST_ANSWER)


def _content(path: str, response: httpx.Response, body: bytes, *, retry_after_seconds: float = 0.0) -> object:
    if response.status_code != HTTPStatus.OK:
        told = f"{path}: status {response.status_code}"
        raise ExchangeUnavailableError(told, retry_after_seconds=retry_after_seconds)
    return decoded(path, body)
