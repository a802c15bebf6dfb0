"""Asking the exchange over HTTP: bounded answers, and the pauses that it asks for."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx
from pydantic_core import from_json

from cio_strategist.errors import ExchangeUnavailableError
from cio_strategist.ports import Clock

DEFAULT_WEIGHT = 2400
"""Request weight per minute that the exchange allows an address, unless it says otherwise."""

_PAUSE_SECONDS = 30.0
"""Pause where the exchange asks for one and does not say how long."""
_LONGEST_PAUSE_SECONDS = 3 * 86_400.0
"""The longest ban that the exchange knows is three days."""
_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"


class Restraint:
    """When the exchange is left alone: after 418 and 429, and in a minute whose weight is nearly used up.

    The address is shared with those that trade: whatever weight they and we use counts, and beyond `share` of it the
    rest of the minute is for them.
    """

    def __init__(self, clock: Clock, *, share: float, weight_per_minute: int | None) -> None:
        self._clock = clock
        self._share = share
        self._paused_until: datetime | None = None
        self._why = ""
        self.weight_per_minute = weight_per_minute
        """What the exchange allows an address per minute; None: not known, and not watched."""

    def check(self) -> None:
        """Raise `ExchangeUnavailableError` while the exchange is left alone; it says for how long."""
        left = self.seconds_left()
        if left > 0:
            raise ExchangeUnavailableError(f"the exchange is left alone: {self._why}", retry_after_seconds=left)

    def heed(self, response: httpx.Response) -> None:
        """Begin a pause if an answer asks for one."""
        if response.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.IM_A_TEAPOT}:
            told = _number(response.headers.get("Retry-After"))
            self._pause(told or _PAUSE_SECONDS, f"it answered {response.status_code}")
            return
        used, limit = _number(response.headers.get(_USED_WEIGHT)), self.weight_per_minute
        if used is not None and limit is not None and used > self._share * limit:
            left = 60 - self._clock.now().second
            self._pause(left, f"{used:g} of {limit} weight is used this minute")

    def seconds_left(self) -> float:
        """Return how long the exchange is left alone yet; 0 if it is not."""
        left = (self._paused_until or self._clock.now()) - self._clock.now()
        return max(0.0, left.total_seconds())

    def _pause(self, seconds: float, why: str) -> None:
        self._paused_until = self._clock.now() + timedelta(seconds=min(seconds, _LONGEST_PAUSE_SECONDS))
        self._why = why


def client_for(url: str, seconds: float) -> httpx.AsyncClient:
    """Return a client of one server, which connects when first used; each wait takes `seconds` at most."""
    return httpx.AsyncClient(base_url=url, timeout=seconds, follow_redirects=False, trust_env=False)


async def fetch(
    client: httpx.AsyncClient,
    path: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    seconds: float,
    largest: int,
) -> tuple[httpx.Response, bytes]:
    """Return an answer and its body. Raises `ExchangeUnavailableError`, which names the path and never the query.

    `seconds` is the longest time the answer may take in all, `largest` how many bytes it may have.
    """
    body = bytearray()
    address = f"{path}?{query}" if query else path
    try:
        async with asyncio.timeout(seconds), client.stream("GET", address, headers=headers) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > largest:
                    raise ExchangeUnavailableError(f"{path}: the answer is larger than {largest} bytes")
            return response, bytes(body)
    except (httpx.HTTPError, TimeoutError) as error:
        # The error's own text may hold the address that was asked for, signature included.
        raise ExchangeUnavailableError(f"{path}: no answer ({type(error).__name__})") from None


def decoded(path: str, body: bytes) -> object:
    """Return what a body says in JSON. Raises `ExchangeUnavailableError` if it is none."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        raise ExchangeUnavailableError(f"{path}: the answer is not JSON") from None


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
