"""The exchange's public market data, and the fleet's data service, over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx
from pydantic_core import from_json

from cio_strategist.errors import ExchangeUnavailableError
from cio_strategist.ports import Clock

_SECONDS = 10.0
"""Longest time that one answer may take in all."""
_LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes. What the exchange lists is about two million."""
_PAUSE_SECONDS = 30.0
"""Pause where the exchange asks for one and does not say how long."""
_LONGEST_PAUSE_SECONDS = 3 * 86_400.0
"""The longest ban that the exchange knows is three days."""
_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_SHARE = 0.8
"""Share of a minute's weight, used by whomever, at which reading market data pauses: the rest is for orders."""
_DEFAULT_WEIGHT = 2400


class ExchangeMarket:
    """Reads Binance's USD-M futures API. Everything raises `ExchangeUnavailableError`.

    A ban (418, 429) and a minute's weight that is nearly used up pause all further requests, which then fail without
    being sent: the address is shared with those that trade.
    """

    most_candles = 1500

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._paused_until: datetime | None = None
        self._why = ""
        self.weight_per_minute = _DEFAULT_WEIGHT
        """Request weight that the exchange allows an address per minute."""

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
        now = self._clock.now()
        if self._paused_until is not None and now < self._paused_until:
            seconds = (self._paused_until - now).total_seconds()
            raise ExchangeUnavailableError(f"the exchange is left alone: {self._why}", retry_after_seconds=seconds)
        response, body = await _fetch(self._client, path, parameters)
        self._heed(response)
        return _decoded(path, response, body, retry_after_seconds=self._pause_left())

    def _heed(self, response: httpx.Response) -> None:
        if response.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.IM_A_TEAPOT}:
            told = _number(response.headers.get("Retry-After"))
            self._pause(told or _PAUSE_SECONDS, f"it answered {response.status_code}")
            return
        used = _number(response.headers.get(_USED_WEIGHT))
        if used is not None and used > _SHARE * self.weight_per_minute:
            left = 60 - self._clock.now().second
            self._pause(left, f"{used:g} of {self.weight_per_minute} weight is used this minute")

    def _pause(self, seconds: float, why: str) -> None:
        self._paused_until = self._clock.now() + timedelta(seconds=min(seconds, _LONGEST_PAUSE_SECONDS))
        self._why = why

    def _pause_left(self) -> float:
        left = (self._paused_until or self._clock.now()) - self._clock.now()
        return max(0.0, left.total_seconds())


class DataService:
    """Asks the fleet's data service for its word on the regime. Raises `ExchangeUnavailableError`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def regime(self, symbol: str, period: str) -> object:
        """Return the decoded answer to `GET /analysis/regime`."""
        path = "/analysis/regime"
        response, body = await _fetch(self._client, path, {"pair": symbol, "period": period})
        return _decoded(path, response, body)


@asynccontextmanager
async def open_exchange(url: str, clock: Clock) -> AsyncGenerator[ExchangeMarket]:
    """Open the exchange at `url`. Connects only when first used."""
    async with _client(url) as client:
        yield ExchangeMarket(client, clock)


@asynccontextmanager
async def open_data_service(url: str | None) -> AsyncGenerator[DataService | None]:
    """Open the data service at `url`, if there is one."""
    if url is None:
        yield None
        return
    async with _client(url) as client:
        yield DataService(client)


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=_SECONDS, follow_redirects=False, trust_env=False)


async def _fetch(
    client: httpx.AsyncClient, path: str, parameters: Mapping[str, str | int] | None
) -> tuple[httpx.Response, bytes]:
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS), client.stream("GET", path, params=parameters) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST_ANSWER:
                    raise ExchangeUnavailableError(f"{path}: the answer is larger than {_LARGEST_ANSWER} bytes")
            return response, bytes(body)
    except (httpx.HTTPError, TimeoutError) as error:
        raise ExchangeUnavailableError(f"{path}: no answer ({error!r})") from error


def _decoded(path: str, response: httpx.Response, body: bytes, *, retry_after_seconds: float = 0.0) -> object:
    if response.status_code != HTTPStatus.OK:
        told = f"{path}: status {response.status_code}"
        raise ExchangeUnavailableError(told, retry_after_seconds=retry_after_seconds)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ExchangeUnavailableError(f"{path}: the answer is not JSON") from error


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
