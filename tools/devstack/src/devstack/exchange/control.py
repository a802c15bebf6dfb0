"""How a test or a demo scripts the exchange."""

import json
from collections.abc import Sequence
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from typing import Any, Literal
from urllib.parse import urlsplit

from devstack.errors import ControlError

_PATIENCE = 120.0
"""Seconds; a week of prices takes several on a busy machine."""


class ExchangeControl:
    """The control side of a running exchange at `url`.

    Every method blocks until done and returns the state: `time` (of the market, in milliseconds), `prices`,
    `statuses`, `frozen`, `outage`, `skew`, `wallet`, `open_orders`, `seed`, `stepped`, `version`, and how
    many requests are `hanging`. Without `symbols` all are meant. `ControlError` is raised when an order cannot be
    carried out or nobody answers.
    """

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def state(self) -> dict[str, Any]:
        """Return where the exchange stands."""
        return self._ask("GET", "state")

    def crash(
        self, percent: Decimal | float, *, seconds: int = 0, symbols: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Let prices fall by `percent` (below 100; negative: rise) over `seconds` of its time; 0 is at once."""
        return self._tell("crash", percent=str(percent), seconds=seconds, symbols=_listed(symbols))

    def freeze(self, symbols: Sequence[str] | None = None) -> dict[str, Any]:
        """Let prices stand still, and with them the time that they were quoted at."""
        return self._tell("freeze", symbols=_listed(symbols))

    def unfreeze(self, symbols: Sequence[str] | None = None) -> dict[str, Any]:
        """Let prices move again, from where they stand."""
        return self._tell("unfreeze", symbols=_listed(symbols))

    def set_price(self, symbol: str, price: Decimal | float) -> dict[str, Any]:
        """Put a symbol at a price, rounded to its tick; it moves on from there."""
        return self._tell("price", symbol=symbol, price=str(price))

    def set_status(self, symbol: str, status: str) -> dict[str, Any]:
        """Change a symbol's trading status: TRADING, SETTLING, PRE_TRADING and so on."""
        return self._tell("status", symbol=symbol, status=status)

    def fund(self, amount: Decimal | float) -> dict[str, Any]:
        """Put USDT into the account; negative takes out."""
        return self._tell("fund", amount=str(amount))

    def reset(self) -> dict[str, Any]:
        """Begin anew: the first prices and the first balance, nothing open, no fault."""
        return self._tell("reset")

    def advance(self, seconds: float) -> dict[str, Any]:
        """Move the market's time forward, at most a week at once; what executes on the way does."""
        return self._tell("advance", seconds=str(seconds))

    def run(self) -> dict[str, Any]:
        """Let a market's time that stood run with the machine's clock, after the time between has passed at once."""
        return self._tell("run")

    def skew(self, seconds: float) -> dict[str, Any]:
        """Let the exchange's clock be wrong for requests: ahead by `seconds`, or behind when negative; 0 ends it."""
        return self._tell("skew", seconds=str(seconds))

    def outage(self, mode: Literal["refuse", "hang", "error"], *, status: int = 503) -> dict[str, Any]:
        """Let requests meet a broken connection, silence, or an HTTP error, until `end_outage`."""
        return self._tell("outage", mode=mode, status=status)

    def end_outage(self) -> dict[str, Any]:
        """Let requests be answered again; those that hung until now meet a broken connection."""
        return self._tell("outage", mode=None)

    def deposit(self, asset: str, amount: Decimal | float) -> dict[str, Any]:
        """Put some of an asset into the spot account; negative takes out."""
        return self._tell("deposit", asset=asset, amount=str(amount))

    def depth(self, symbol: str, quantity: Decimal | float | None) -> dict[str, Any]:
        """Let a market order get at most `quantity`, the rest of it expires; None is without end again."""
        return self._tell("depth", symbol=symbol, quantity=None if quantity is None else str(quantity))

    def fault(
        self,
        kind: Literal["refuse", "break-before", "break-after", "error-after"],
        *,
        method: str = "",
        path: str = "",
        symbol: str = "",
        times: int = 1,
        code: int = -1001,
        message: str = "told to",
        status: int = 400,
    ) -> dict[str, Any]:
        """Let the next `times` requests of this method, path and symbol (empty: any) be refused, or break.

        `break-after` and `error-after` come when the request has been carried out already.
        """
        request = {"method": method, "path": path, "symbol": symbol}
        return self._tell("fault", kind=kind, **request, times=times, code=code, message=message, status=status)

    def end_faults(self) -> dict[str, Any]:
        """Let every request be answered again."""
        return self._tell("fault", kind=None)

    def _tell(self, name: str, **order: object) -> dict[str, Any]:
        return self._ask("POST", name, json.dumps(order))

    def _ask(self, method: str, name: str, body: str | None = None) -> dict[str, Any]:
        connection = HTTPConnection(self._address, timeout=_PATIENCE)
        try:
            connection.request(method, f"/_control/{name}", body)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, HTTPException, ValueError) as error:
            raise ControlError(f"nobody answers at {self._address} ({error})") from error
        finally:
            connection.close()
        if "error" in answer:
            raise ControlError(str(answer["error"]))
        return answer


def _listed(symbols: Sequence[str] | None) -> list[str] | None:
    return None if symbols is None else list(symbols)
