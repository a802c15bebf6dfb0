"""The spot account, as something that is sold: each balance is a position in its market against one quote asset."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from canary import wire
from canary.account import cancel_all, find_order, keep_to_limits, market_order
from canary.caller import ATTEMPTS, Caller, Request
from canary.errors import UnavailableError
from canary.model import CloseOrder, Fill, MarketLot, Mode, OpenOrder, Position
from canary.planning import split


@dataclass(frozen=True, slots=True)
class SpotMarket:
    """What an asset is sold in: `least_value` in the quote asset, `price` the last one; 0 stands for not known."""

    symbol: str
    lot: MarketLot
    least_value: Decimal
    price: Decimal

    def takes(self, amount: Decimal) -> bool:
        """Whether a market order can sell `amount`, or a part of it."""
        quantities, _ = split(amount, self.lot)
        return bool(quantities) and (not self.price or sum(quantities) * self.price >= self.least_value)


class SpotAccount:
    """An `Account` whose positions are the balances that a market order can sell for the asset `into`.

    What no market order can sell (no market against `into`, or too little) is no position: it stays, and is listed.
    """

    def __init__(self, caller: Caller, into: str) -> None:
        self._caller = caller
        self._into = into
        self._markets: dict[str, SpotMarket] = {}
        self._loading = threading.Lock()

    def mode(self) -> Mode:
        """Return one-way: a balance has no sides."""
        return Mode.ONE_WAY

    def name(self) -> str:
        """Raise `UnavailableError`: the spot account has no alias."""
        raise UnavailableError("the spot account has no alias", maybe_done=False)

    def positions(self, attempts: int = ATTEMPTS) -> tuple[Position, ...]:
        """Return what can be sold, with what is locked in orders: those are cancelled before it is sold."""
        markets = self._listed()
        held = balances(self._caller, attempts)
        return tuple(
            Position(markets[asset].symbol, "BOTH", amount)
            for asset, amount in held.items()
            if asset in markets and markets[asset].takes(amount)
        )

    def orders(self, attempts: int = ATTEMPTS) -> tuple[OpenOrder, ...]:
        """Return all open orders, of every spot market."""
        return wire.orders(self._caller.call(Request("GET", "/api/v3/openOrders", weight=80), attempts=attempts))

    def conditional_orders(self, attempts: int = ATTEMPTS) -> tuple[OpenOrder, ...]:
        """Return none: spot keeps stop orders among the others."""
        del attempts
        return ()

    def market_lots(self) -> dict[str, MarketLot]:
        """Return what market orders may be, per symbol, and keep to the limits published beside it."""
        return {market.symbol: market.lot for market in self._listed().values()}

    def cancellations(self) -> tuple[Callable[[str], None], ...]:
        """Return what has to be called with a symbol to cancel all of its orders; none being there is fine."""
        return (self._cancel_orders,)

    def close(self, order: CloseOrder) -> Fill:
        """Sell at market, which cannot sell more than is there; never sent again once it may have arrived."""
        return wire.fill(self._caller.call_once(Request("POST", "/api/v3/order", market_order(order), order=True)))

    def find(self, symbol: str, client_order_id: str) -> Fill | None:
        """Return what became of an order, None if the exchange does not know it."""
        return find_order(self._caller, "/api/v3/order", symbol, client_order_id, weight=4)

    def _cancel_orders(self, symbol: str) -> None:
        cancel_all(self._caller, "/api/v3/openOrders", symbol)

    def _listed(self) -> dict[str, SpotMarket]:
        """Return the markets against the quote asset by what they sell, read once."""
        with self._loading:
            if not self._markets:
                published = self._caller.call(
                    Request("GET", "/api/v3/exchangeInfo", {"symbolStatus": "TRADING"}, weight=20, signed=False),
                    attempts=3,
                )
                keep_to_limits(self._caller, published)
                self._markets = _markets(published, self._into, self._prices())
            return self._markets

    def _prices(self) -> dict[str, Decimal]:
        answer = self._caller.call(Request("GET", "/api/v3/ticker/price", weight=4, signed=False), attempts=3)
        return {wire.text(item, "symbol"): wire.number(item, "price") for item in wire.rows(answer)}


def balances(caller: Caller, attempts: int) -> dict[str, Decimal]:
    """Return what the spot account holds by asset, free and locked together."""
    answer = caller.call(Request("GET", "/api/v3/account", {"omitZeroBalances": "true"}, weight=20), attempts=attempts)
    held = {
        wire.text(item, "asset"): wire.number(item, "free") + wire.number(item, "locked")
        for item in wire.rows(wire.row(answer).get("balances"))
    }
    return {asset: amount for asset, amount in held.items() if amount}


def _markets(published: object, into: str, prices: Mapping[str, Decimal]) -> dict[str, SpotMarket]:
    lots = wire.market_lots(published)
    found: dict[str, SpotMarket] = {}
    for item in wire.rows(wire.row(published).get("symbols")):
        symbol = str(item.get("symbol"))
        if item.get("quoteAsset") != into or item.get("status") != "TRADING" or symbol not in lots:
            continue
        asset = wire.text(item, "baseAsset")
        found[asset] = SpotMarket(symbol, lots[symbol], _least_value(item), prices.get(symbol, Decimal(0)))
    return found


def _least_value(item: wire.Row) -> Decimal:
    """Return what a market order has to be worth: NOTIONAL, or MIN_NOTIONAL as it was called before."""
    filters = {str(one.get("filterType")): one for one in wire.rows(item.get("filters"))}
    for name, applies in (("NOTIONAL", "applyMinToMarket"), ("MIN_NOTIONAL", "applyToMarket")):
        if name in filters and filters[name].get(applies, True):
            return wire.number(filters[name], "minNotional")
    return Decimal(0)
