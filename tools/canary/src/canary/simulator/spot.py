"""A simulated spot market: as much of its REST interface as selling everything needs, signatures checked."""

from dataclasses import dataclass, field
from decimal import Decimal

from canary.caller import Credentials
from canary.clock import Clock
from canary.model import MarketLot
from canary.simulator.book import RefusalError, check_lot
from canary.simulator.door import Door, Parameters

WEIGHTS = {
    ("GET", "/api/v3/account"): 20,
    ("GET", "/api/v3/openOrders"): 80,
    ("GET", "/api/v3/exchangeInfo"): 20,
    ("GET", "/api/v3/order"): 4,
    ("GET", "/api/v3/ticker/price"): 4,
}


@dataclass(slots=True)
class SpotSymbol:
    """One market: what is traded for what, at which price, and what a market order may be."""

    asset: str
    quote: str
    price: Decimal
    lot: MarketLot
    least_value: Decimal = Decimal(5)
    status: str = "TRADING"


@dataclass(frozen=True, slots=True)
class SpotOrder:
    """A waiting order that sells `amount` of its symbol's asset, which is locked until then."""

    symbol: str
    amount: Decimal


@dataclass(slots=True)
class Wallet:
    """What one account holds (free and locked together), and its waiting orders."""

    symbols: dict[str, SpotSymbol]
    held: dict[str, Decimal]
    resting: dict[int, SpotOrder] = field(default_factory=dict[int, SpotOrder])
    finished: dict[tuple[str, str], Decimal] = field(default_factory=dict[tuple[str, str], Decimal])

    def locked(self, asset: str) -> Decimal:
        """Return how much of an asset waiting orders keep."""
        orders = [order for order in self.resting.values() if self.symbols[order.symbol].asset == asset]
        return sum((order.amount for order in orders), start=Decimal(0))

    def sell(self, name: str, quantity: Decimal, client_id: str) -> None:
        """Carry out a market order; raises `RefusalError`."""
        symbol = self.symbols.get(name)
        if symbol is None:
            raise RefusalError(-1121, "Invalid symbol.")
        check_lot(quantity, symbol.lot)
        if quantity * symbol.price < symbol.least_value:
            raise RefusalError(-1013, "Filter failure: NOTIONAL")
        if quantity > self.held.get(symbol.asset, Decimal(0)) - self.locked(symbol.asset):
            raise RefusalError(-2010, "Account has insufficient balance for requested action.")
        self.held[symbol.asset] -= quantity
        self.held[symbol.quote] = self.held.get(symbol.quote, Decimal(0)) + quantity * symbol.price
        self.finished[name, client_id] = quantity


class SimulatedSpot(Door):
    """The spot market of one account."""

    def __init__(self, wallet: Wallet, credentials: Credentials, clock: Clock) -> None:
        super().__init__(credentials, clock, weights=WEIGHTS)
        self.wallet = wallet
        self.weight_limit = 6000
        self.order_limit = 100
        self.routes |= {
            ("GET", "/api/v3/time"): lambda _: {"serverTime": self.now()},
            ("GET", "/api/v3/exchangeInfo"): self._exchange_info,
            ("GET", "/api/v3/ticker/price"): self._prices,
            ("GET", "/api/v3/account"): self._account,
            ("GET", "/api/v3/openOrders"): self._open_orders,
            ("DELETE", "/api/v3/openOrders"): self._cancel,
            ("POST", "/api/v3/order"): self._new_order,
            ("GET", "/api/v3/order"): self._order,
        }

    def _exchange_info(self, _: Parameters) -> object:
        symbols = [
            {
                "symbol": name,
                "status": symbol.status,
                "baseAsset": symbol.asset,
                "quoteAsset": symbol.quote,
                "filters": [
                    {
                        "filterType": "LOT_SIZE",
                        "stepSize": str(symbol.lot.step),
                        "minQty": str(symbol.lot.minimum),
                        "maxQty": str(symbol.lot.maximum),
                    },
                    {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.00000000", "minQty": "0.0", "maxQty": "1000000.0"},
                    {"filterType": "NOTIONAL", "minNotional": str(symbol.least_value), "applyMinToMarket": True},
                ],
            }
            for name, symbol in self.wallet.symbols.items()
        ]
        return {"rateLimits": self.rate_limits(), "symbols": symbols}

    def _prices(self, _: Parameters) -> object:
        return [{"symbol": name, "price": str(symbol.price)} for name, symbol in self.wallet.symbols.items()]

    def _account(self, _: Parameters) -> object:
        balances = [
            {"asset": asset, "free": str(amount - self.wallet.locked(asset)), "locked": str(self.wallet.locked(asset))}
            for asset, amount in self.wallet.held.items()
        ]
        return {"accountType": "SPOT", "balances": balances}

    def _open_orders(self, _: Parameters) -> object:
        return [{"symbol": order.symbol, "orderId": number} for number, order in self.wallet.resting.items()]

    def _cancel(self, parameters: Parameters) -> object:
        gone = [number for number, order in self.wallet.resting.items() if order.symbol == parameters["symbol"]]
        if not gone:
            raise RefusalError(-2011, "Unknown order sent.")
        return [{"orderId": number, "symbol": self.wallet.resting.pop(number).symbol} for number in gone]

    def _new_order(self, parameters: Parameters) -> object:
        if parameters["side"] != "SELL" or parameters["type"] != "MARKET":
            raise RefusalError(-1116, "Invalid orderType.")
        self.wallet.sell(parameters["symbol"], Decimal(parameters["quantity"]), parameters["newClientOrderId"])
        return self._order({"symbol": parameters["symbol"], "origClientOrderId": parameters["newClientOrderId"]})

    def _order(self, parameters: Parameters) -> object:
        client_id = parameters["origClientOrderId"]
        executed = self.wallet.finished.get((parameters["symbol"], client_id))
        if executed is None:
            raise RefusalError(-2013, "Order does not exist.")
        return {"clientOrderId": client_id, "status": "FILLED", "executedQty": str(executed)}
