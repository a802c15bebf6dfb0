"""The fund's account: the part of the exchange's signed API that an engine needs."""

import hashlib
import hmac
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlencode

import httpx2

from devstack import Exchange

_LONGEST_SECONDS = 30
"""How long a request may be on its way. Servers, gate, bots and view share one machine here."""

Action = Literal["BUY", "SELL"]
PositionSide = Literal["LONG", "SHORT"]


class AccountError(Exception):
    """The exchange refused a request, in its own words."""


@dataclass(frozen=True, slots=True)
class Executed:
    """An order at the market that was filled."""

    order_id: str
    quantity: Decimal
    price: Decimal


@asynccontextmanager
async def open_account(exchange: Exchange) -> AsyncGenerator["Account"]:
    """Open the fund's account on the exchange."""
    async with httpx2.AsyncClient(base_url=exchange.url, timeout=_LONGEST_SECONDS) as http:
        yield Account(http, exchange.api_key, exchange.api_secret)


class Account:
    """Trades in hedge mode. Methods raise `AccountError`, or `httpx2.HTTPError` where nobody answers."""

    def __init__(self, http: httpx2.AsyncClient, key: str, secret: str) -> None:
        self._http = http
        self._key = key
        self._secret = secret.encode()

    async def use_hedge_mode(self) -> None:
        """Let long and short of a symbol be positions of their own."""
        await self._ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")

    async def order(self, symbol: str, action: Action, side: PositionSide, quantity: Decimal) -> Executed:
        """Buy or sell at the market."""
        answer = await self._ask(
            "POST",
            "/fapi/v1/order",
            symbol=symbol,
            side=action,
            positionSide=side,
            type="MARKET",
            quantity=f"{quantity:f}",
            newOrderRespType="RESULT",
        )
        return Executed(str(answer["orderId"]), Decimal(answer["executedQty"]), Decimal(answer["avgPrice"]))

    async def positions(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the quantity of each open position, by symbol and side."""
        answer = await self._ask("GET", "/fapi/v3/positionRisk")
        amounts = {(each["symbol"], each["positionSide"]): abs(Decimal(each["positionAmt"])) for each in answer}
        return {key: amount for key, amount in amounts.items() if amount}

    async def _ask(self, method: str, path: str, **parameters: str) -> Any:
        query = urlencode(
            {**parameters, "timestamp": time.time_ns() // 1_000_000, "recvWindow": _LONGEST_SECONDS * 1000}
        )
        signature = hmac.new(self._secret, query.encode(), hashlib.sha256).hexdigest()
        answer = await self._http.request(
            method, f"{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": self._key}
        )
        if answer.is_error:
            raise AccountError(f"{method} {path}: {answer.text}")
        return answer.json()
