"""The USD-M futures account, as the exchange's REST interface shows and changes it."""

from canary import wire
from canary.caller import Caller, Request
from canary.errors import CanaryError, RejectedError, UnavailableError
from canary.model import CloseOrder, Fill, MarketLot, Mode, OpenOrder, Position

NO_SUCH_ORDER = -2013
UNKNOWN_ORDER = -2011
MINUTE = 60
TEN_SECONDS = 10


class FuturesAccount:
    """Every request that closing an account needs; paths and weights are Binance's for USD-M futures.

    All raise `RejectedError`, `UnavailableError` and `OutOfTimeError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def mode(self) -> Mode:
        """Return how the account keeps positions."""
        dual = wire.hedge_mode(self._caller.call(Request("GET", "/fapi/v1/positionSide/dual", weight=30)))
        return Mode.HEDGE if dual else Mode.ONE_WAY

    def name(self) -> str:
        """Return the account's alias at the exchange."""
        balances = wire.rows(self._caller.call(Request("GET", "/fapi/v3/balance", weight=5), attempts=2))
        for balance in balances:
            return wire.text(balance, "accountAlias")
        raise UnavailableError("the exchange names no account", maybe_done=False)

    def positions(self) -> tuple[Position, ...]:
        """Return all open positions."""
        return wire.positions(self._caller.call(Request("GET", "/fapi/v3/positionRisk", weight=5)))

    def orders(self) -> tuple[OpenOrder, ...]:
        """Return all open orders."""
        return wire.orders(self._caller.call(Request("GET", "/fapi/v1/openOrders", weight=40)))

    def conditional_orders(self) -> tuple[OpenOrder, ...]:
        """Return all open conditional (algo) orders."""
        return wire.conditional_orders(self._caller.call(Request("GET", "/fapi/v1/openAlgoOrders", weight=40)))

    def market_lots(self) -> dict[str, MarketLot]:
        """Return what market orders may be, per symbol, and keep to the limits published beside it."""
        published = self._caller.call(Request("GET", "/fapi/v1/exchangeInfo", signed=False), attempts=3)
        limits, stated = self._caller.pacer.limits, wire.rate_limits(published)
        limits.weight.limit = stated.get(("REQUEST_WEIGHT", MINUTE), limits.weight.limit)
        limits.orders_short.limit = stated.get(("ORDERS", TEN_SECONDS), limits.orders_short.limit)
        limits.orders_long.limit = stated.get(("ORDERS", MINUTE), limits.orders_long.limit)
        return wire.market_lots(published)

    def cancel_orders(self, symbol: str) -> None:
        """Cancel all open orders of a symbol; none being there is fine."""
        self._cancel("/fapi/v1/allOpenOrders", symbol)

    def cancel_conditional_orders(self, symbol: str) -> None:
        """Cancel all open conditional orders of a symbol; none being there is fine."""
        self._cancel("/fapi/v1/algoOpenOrders", symbol)

    def close(self, order: CloseOrder) -> Fill:
        """Send one market order that can only reduce; it is never sent again once it may have arrived."""
        position = order.position
        parameters = {
            "symbol": position.symbol,
            "side": position.closing_side,
            "positionSide": position.side,
            "type": "MARKET",
            "quantity": f"{order.quantity.normalize():f}",
            "newClientOrderId": order.client_order_id,
            "newOrderRespType": "RESULT",
        }
        if position.side == "BOTH":
            # Hedge mode refuses the flag: there, selling the long side can only close it.
            parameters["reduceOnly"] = "true"
        return wire.fill(self._caller.call_once(Request("POST", "/fapi/v1/order", parameters, order=True)))

    def find(self, symbol: str, client_order_id: str) -> Fill | None:
        """Return what became of an order, None if the exchange does not know it."""
        parameters = {"symbol": symbol, "origClientOrderId": client_order_id}
        try:
            return wire.fill(self._caller.call(Request("GET", "/fapi/v1/order", parameters), attempts=3))
        except RejectedError as error:
            if error.code == NO_SUCH_ORDER:
                return None
            raise

    def _cancel(self, path: str, symbol: str) -> None:
        try:
            self._caller.call(Request("DELETE", path, {"symbol": symbol}), attempts=3)
        except RejectedError as error:
            if error.code not in {UNKNOWN_ORDER, NO_SUCH_ORDER}:
                raise


def alias_of(account: FuturesAccount) -> str | None:
    """Return the account's alias, None if the exchange does not tell it now."""
    try:
        return account.name()
    except CanaryError:
        return None
