"""A futures account, as the exchange's REST interface shows and changes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from canary import wire
from canary.caller import ATTEMPTS, Caller, Request
from canary.errors import CanaryError, RejectedError, UnavailableError
from canary.model import CloseOrder, Fill, MarketLot, Mode, OpenOrder, Position

NO_SUCH_ORDER = -2013
UNKNOWN_ORDER = -2011
MINUTE = 60
TEN_SECONDS = 10


class Account(Protocol):
    """What can be read of an account in one market, and what closes it.

    All raise `RejectedError`, `UnavailableError` and `OutOfTimeError`.
    """

    def mode(self) -> Mode:
        """Return how the account keeps positions."""
        ...

    def name(self) -> str:
        """Return what the exchange calls the account."""
        ...

    def positions(self, attempts: int = ATTEMPTS) -> tuple[Position, ...]:
        """Return everything that is to be closed."""
        ...

    def orders(self, attempts: int = ATTEMPTS) -> tuple[OpenOrder, ...]:
        """Return all open orders."""
        ...

    def conditional_orders(self, attempts: int = ATTEMPTS) -> tuple[OpenOrder, ...]:
        """Return all open orders of those that are kept apart until a price is reached."""
        ...

    def market_lots(self) -> dict[str, MarketLot]:
        """Return what market orders may be, per symbol, and keep to the limits published beside it."""
        ...

    def cancellations(self) -> tuple[Callable[[str], None], ...]:
        """Return what has to be called with a symbol to cancel all of its orders; none being there is fine."""
        ...

    def close(self, order: CloseOrder) -> Fill:
        """Send one market order that can only reduce; it is never sent again once it may have arrived."""
        ...

    def find(self, symbol: str, client_order_id: str) -> Fill | None:
        """Return what became of an order, None if the exchange does not know it."""
        ...


@dataclass(frozen=True, slots=True)
class FuturesPaths:
    """Where a futures market keeps what is not at the same place in both."""

    root: str
    positions: str
    balance: str


USD_M_PATHS = FuturesPaths("/fapi/v1", "/fapi/v3/positionRisk", "/fapi/v3/balance")
COIN_M_PATHS = FuturesPaths("/dapi/v1", "/dapi/v1/positionRisk", "/dapi/v1/balance")


class FuturesAccount:
    """An `Account` of USD-M or COIN-M futures; paths and weights are Binance's."""

    def __init__(self, caller: Caller, paths: FuturesPaths = USD_M_PATHS) -> None:
        self._caller = caller
        self._paths = paths

    def mode(self) -> Mode:
        """Return how the account keeps positions."""
        dual = wire.hedge_mode(self._caller.call(self._read("/positionSide/dual", weight=30)))
        return Mode.HEDGE if dual else Mode.ONE_WAY

    def name(self) -> str:
        """Return the account's alias at the exchange."""
        balances = wire.rows(self._caller.call(Request("GET", self._paths.balance, weight=5), attempts=2))
        for balance in balances:
            return wire.text(balance, "accountAlias")
        raise UnavailableError("the exchange names no account", maybe_done=False)

    def positions(self, attempts: int = ATTEMPTS) -> tuple[Position, ...]:
        """Return all open positions."""
        return wire.positions(self._caller.call(Request("GET", self._paths.positions, weight=5), attempts=attempts))

    def orders(self, attempts: int = ATTEMPTS) -> tuple[OpenOrder, ...]:
        """Return all open orders."""
        return wire.orders(self._caller.call(self._read("/openOrders", weight=40), attempts=attempts))

    def conditional_orders(self, attempts: int = ATTEMPTS) -> tuple[OpenOrder, ...]:
        """Return all open conditional (algo) orders."""
        return wire.conditional_orders(self._caller.call(self._read("/openAlgoOrders", weight=40), attempts=attempts))

    def market_lots(self) -> dict[str, MarketLot]:
        """Return what market orders may be, per symbol, and keep to the limits published beside it."""
        published = self._caller.call(Request("GET", f"{self._paths.root}/exchangeInfo", signed=False), attempts=3)
        keep_to_limits(self._caller, published)
        return wire.market_lots(published)

    def cancellations(self) -> tuple[Callable[[str], None], ...]:
        """Return what has to be called with a symbol to cancel all of its orders; none being there is fine."""
        return (self._cancel_orders, self._cancel_conditional_orders)

    def close(self, order: CloseOrder) -> Fill:
        """Send one market order that can only reduce; it is never sent again once it may have arrived."""
        position = order.position
        parameters = market_order(order) | {"positionSide": position.side}
        if position.side == "BOTH":
            # Hedge mode refuses the flag: there, selling the long side can only close it.
            parameters["reduceOnly"] = "true"
        return wire.fill(self._caller.call_once(Request("POST", f"{self._paths.root}/order", parameters, order=True)))

    def find(self, symbol: str, client_order_id: str) -> Fill | None:
        """Return what became of an order, None if the exchange does not know it."""
        return find_order(self._caller, f"{self._paths.root}/order", symbol, client_order_id)

    def _cancel_orders(self, symbol: str) -> None:
        cancel_all(self._caller, f"{self._paths.root}/allOpenOrders", symbol)

    def _cancel_conditional_orders(self, symbol: str) -> None:
        cancel_all(self._caller, f"{self._paths.root}/algoOpenOrders", symbol)

    def _read(self, path: str, *, weight: int) -> Request:
        return Request("GET", self._paths.root + path, weight=weight)


def market_order(order: CloseOrder) -> dict[str, str]:
    """Return the parameters that a market order has in every market."""
    return {
        "symbol": order.position.symbol,
        "side": order.position.closing_side,
        "type": "MARKET",
        "quantity": f"{order.quantity.normalize():f}",
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "RESULT",
    }


def find_order(caller: Caller, path: str, symbol: str, client_order_id: str, *, weight: int = 1) -> Fill | None:
    """Return what became of an order, None if the exchange does not know it."""
    parameters = {"symbol": symbol, "origClientOrderId": client_order_id}
    try:
        return wire.fill(caller.call(Request("GET", path, parameters, weight=weight), attempts=3))
    except RejectedError as error:
        if error.code == NO_SUCH_ORDER:
            return None
        raise


def cancel_all(caller: Caller, path: str, symbol: str) -> None:
    """Cancel all orders of a symbol that are kept at `path`; none being there is fine."""
    try:
        caller.call(Request("DELETE", path, {"symbol": symbol}), attempts=3)
    except RejectedError as error:
        if error.code not in {UNKNOWN_ORDER, NO_SUCH_ORDER}:
            raise


def keep_to_limits(caller: Caller, published: object) -> None:
    """Take over the limits that the exchange publishes with its rules, where it does."""
    limits, stated = caller.pacer.limits, wire.rate_limits(published)
    limits.weight.limit = stated.get(("REQUEST_WEIGHT", MINUTE), limits.weight.limit)
    limits.orders_short.limit = stated.get(("ORDERS", TEN_SECONDS), limits.orders_short.limit)
    limits.orders_long.limit = stated.get(("ORDERS", MINUTE), limits.orders_long.limit)


def alias_of(account: Account) -> str | None:
    """Return the account's alias, None if the exchange does not tell it now."""
    try:
        return account.name()
    except CanaryError:
        return None
