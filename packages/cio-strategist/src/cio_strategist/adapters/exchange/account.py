"""The account on the exchange, read with a key that can do nothing else (Binance USD-M futures)."""

import hashlib
import hmac
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import cast
from urllib.parse import urlencode

import httpx
import structlog
from pydantic import SecretStr
from pydantic_core import from_json

from cio_strategist.adapters.exchange.account_forms import (
    AnswerError,
    equity_of,
    holdings_of,
    mode_of,
    mode_shown_by,
    unrealised_of,
    wallet_of,
)
from cio_strategist.adapters.exchange.http import DEFAULT_WEIGHT, Restraint, client_for, decoded, fetch
from cio_strategist.adapters.exchange.income_history import IncomeHistory, milliseconds
from cio_strategist.domain.market.listing import weight_limit_of
from cio_strategist.domain.portfolio.reading import Reading
from cio_strategist.errors import ExchangeUnavailableError
from cio_strategist.ports import Clock
from petrosa_contracts.portfolio import PositionMode

RECV_WINDOW_MILLISECONDS = 5000
ANSWER_SECONDS = 5.0
"""Longest time that one answer may take in all."""
LARGEST_ANSWER = 8 * 1024 * 1024
MODE_AGE = timedelta(minutes=1)
"""How long the position mode is remembered, unless a position shows another one: it costs much to ask."""
CLOCK_AGE = timedelta(minutes=10)
"""How long the exchange's clock is believed to be as far from ours as it was."""
_KEY_PAUSE_SECONDS = 30.0
_SHARE = 0.9
_WRONG_TIME = -1021
_KEY_CODES = frozenset({-2008, -2014, -2015, -1022})

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class ExchangeAccount:
    """`AccountSource` over HTTP; build it with `open_account`.

    What the exchange asks for is heeded: its clock, the pauses after 418 and 429, and the weight that a minute allows,
    of which a tenth is left to whoever trades from the same address. Neither key nor signature is ever in an error.
    """

    def __init__(self, client: httpx.AsyncClient, clock: Clock, *, key: SecretStr, secret: SecretStr) -> None:
        self._client = client
        self._clock = clock
        self._key = key
        self._secret = secret
        self._offset = timedelta(0)
        self._clock_asked_at: datetime | None = None
        self._mode: tuple[PositionMode, datetime] | None = None
        self._version = "v3"
        self._incomes = IncomeHistory(self._signed)
        self._restraint = Restraint(clock, share=_SHARE, weight_per_minute=None)

    async def read(self, *, known_until: datetime | None) -> Reading:
        """Return a complete reading, with the transfers since `known_until` or since midnight UTC.

        Raises `ExchangeUnavailableError` where any part of it is not to be had; it says how long to wait.
        """
        began_at = self._clock.now()
        try:
            await self._know_the_limit()
            await self._know_the_clock(began_at)
            positions = await self._versioned("positionRisk")
            mode = await self._position_mode(began_at, mode_shown_by(positions))
            account = await self._versioned("account")
            # Last, so that a transfer that is in the balance is in the history too.
            incomes = await self._incomes.read(began_at, wallet_of(account), known_until)
            return Reading(
                began_at=began_at,
                equity=equity_of(account),
                unrealised=unrealised_of(account),
                position_mode=mode,
                holdings=holdings_of(positions),
                incomes=incomes,
            )
        except AnswerError as error:
            raise ExchangeUnavailableError(f"the exchange's answer cannot be used: {error}") from error

    async def _know_the_limit(self) -> None:
        """Learn once how much weight a minute allows."""
        if self._restraint.weight_per_minute is None:
            told = weight_limit_of(await self._get("/fapi/v1/exchangeInfo"))
            self._restraint.weight_per_minute = told or DEFAULT_WEIGHT

    async def _know_the_clock(self, now: datetime) -> None:
        if self._clock_asked_at is not None and timedelta(0) <= now - self._clock_asked_at < CLOCK_AGE:
            return
        answer = await self._get("/fapi/v1/time")
        there = cast("dict[str, object]", answer).get("serverTime") if isinstance(answer, dict) else None
        if not isinstance(there, int):
            raise ExchangeUnavailableError("the exchange does not tell its time")
        arrived = self._clock.now()
        # The answer was made somewhere on the way, half of the round trip ago as far as anyone can know.
        self._offset = datetime.fromtimestamp(there / 1000, tz=UTC) - (now + (arrived - now) / 2)
        self._clock_asked_at = now

    async def _position_mode(self, now: datetime, shown: PositionMode | None) -> PositionMode:
        if self._mode is not None:
            mode, asked_at = self._mode
            if shown in {None, mode} and timedelta(0) <= now - asked_at < MODE_AGE:
                return mode
        mode = mode_of(await self._signed("/fapi/v1/positionSide/dual"))
        self._mode = mode, now
        return mode

    async def _versioned(self, name: str) -> object:
        try:
            return await self._signed(f"/fapi/{self._version}/{name}")
        except _GoneError:
            if self._version == "v2":
                raise
            _log.warning("exchange_account_version", missing="v3", used="v2")
            self._version = "v2"
            return await self._signed(f"/fapi/{self._version}/{name}")

    async def _signed(self, path: str, parameters: Mapping[str, str | int] | None = None) -> object:
        try:
            return await self._get(path, parameters, signed=True)
        except _WrongTimeError:
            self._clock_asked_at = None
            await self._know_the_clock(self._clock.now())
        try:
            return await self._get(path, parameters, signed=True)
        except _WrongTimeError as error:
            raise ExchangeUnavailableError(f"{path}: {error}") from error

    async def _get(
        self, path: str, parameters: Mapping[str, str | int] | None = None, *, signed: bool = False
    ) -> object:
        self._restraint.check()
        query, headers = urlencode(parameters or {}), {"User-Agent": "petrosa-cio"}
        if signed:
            query = self._sign(dict(parameters or {}))
            headers["X-MBX-APIKEY"] = self._key.get_secret_value()
        response, body = await fetch(self._client, path, query, headers, seconds=ANSWER_SECONDS, largest=LARGEST_ANSWER)
        self._restraint.heed(response)
        if response.status_code == HTTPStatus.OK:
            return decoded(path, body)
        raise self._failure(path, response, body)

    def _sign(self, parameters: dict[str, str | int]) -> str:
        parameters["recvWindow"] = RECV_WINDOW_MILLISECONDS
        parameters["timestamp"] = milliseconds(self._clock.now() + self._offset)
        query = urlencode(parameters)
        signature = hmac.new(self._secret.get_secret_value().encode(), query.encode(), hashlib.sha256).hexdigest()
        return f"{query}&signature={signature}"

    def _failure(self, path: str, response: httpx.Response, body: bytes) -> Exception:
        code, told = _refusal(body)
        if code == _WRONG_TIME:
            return _WrongTimeError(told)
        if response.status_code == HTTPStatus.NOT_FOUND:
            return _GoneError(f"{path}: status 404")
        if code in _KEY_CODES:
            return ExchangeUnavailableError(
                f"the exchange does not accept the key for {path} ({code}): set STRATEGIST_EXCHANGE_API_KEY and "
                "STRATEGIST_EXCHANGE_API_SECRET to a key that may read futures, from this address",
                retry_after_seconds=_KEY_PAUSE_SECONDS,
            )
        reason = f"{path}: status {response.status_code}, code {code}"
        return ExchangeUnavailableError(reason, retry_after_seconds=self._restraint.seconds_left())


class _WrongTimeError(Exception):
    """-1021: our clock and the exchange's are further apart than thought."""


class _GoneError(ExchangeUnavailableError):
    """The route is not there."""


@asynccontextmanager
async def open_account(url: str, clock: Clock, *, key: SecretStr, secret: SecretStr) -> AsyncGenerator[ExchangeAccount]:
    """Open the account at `url`. Connects only when first used."""
    async with client_for(url, ANSWER_SECONDS) as client:
        yield ExchangeAccount(client, clock, key=key, secret=secret)


def _refusal(body: bytes) -> tuple[int, str]:
    """Return code and text of the exchange's own error; 0 for anything else, such as a firewall's page."""
    try:
        found = from_json(body)
    except ValueError:
        return 0, ""
    if not isinstance(found, dict):
        return 0, ""
    answer = cast("dict[str, object]", found)
    code = answer.get("code")
    return (code if isinstance(code, int) else 0), str(answer.get("msg", ""))[:200]
