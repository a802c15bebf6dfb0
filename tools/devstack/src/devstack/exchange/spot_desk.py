"""Spot: what the account holds of each asset, and its market and limit orders there."""

from dataclasses import dataclass
from decimal import Decimal

from devstack.exchange.amounts import ZERO
from devstack.exchange.market import Market
from devstack.exchange.orders import OrderType, Side, Status
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.rules import SymbolRules

_FIRST_ORDER_ID = 5_000_000
LEAST_NOTIONAL = Decimal(5)


@dataclass(slots=True)
class SpotOrder:
    """One order; `quantity` in the base asset, `price` the limit (0 for a market order), `spent` in the quote asset."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal = ZERO
    client_id: str = ""
    id: int = 0
    status: Status = Status.NEW
    filled: Decimal = ZERO
    spent: Decimal = ZERO
    placed: int = 0
    updated: int = 0


class SpotDesk:
    """Takes spot orders at the futures market's prices, without fees; raises `RefusedError` for what it does not take.

    An order executes wholly, at the best price for a market order and at its own price for a resting one.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.balances: dict[str, Decimal] = {}
        self.orders: dict[int, SpotOrder] = {}
        self._open: dict[int, SpotOrder] = {}

    @property
    def open_orders(self) -> list[SpotOrder]:
        """The resting orders, oldest first."""
        return list(self._open.values())

    def deposit(self, asset: str, amount: Decimal) -> None:
        """Put some of an asset into the account; negative takes out."""
        self.balances[asset] = self.balances.get(asset, ZERO) + amount

    def locked(self, asset: str) -> Decimal:
        """Return how much of an asset the resting orders keep."""
        return sum(
            (amount for order in self._open.values() for held, amount in [self._needs(order)] if held == asset), ZERO
        )

    def free(self, asset: str) -> Decimal:
        """Return how much of an asset can be spent."""
        return self.balances.get(asset, ZERO) - self.locked(asset)

    def place(self, order: SpotOrder, now: int) -> SpotOrder:
        """Take an order that executes at once or rests."""
        self._check(order)
        order.id = _FIRST_ORDER_ID + len(self.orders)
        order.client_id = order.client_id or f"devstack-spot-{order.id}"
        order.placed = order.updated = now
        self.orders[order.id] = order
        if order.type is OrderType.MARKET or self._crosses(order):
            self._fill(order, self._best(order), now)
        else:
            self._open[order.id] = order
        return order

    def cancel(self, order: SpotOrder, now: int) -> SpotOrder:
        """Take a resting order away."""
        del self._open[order.id]
        order.status, order.updated = Status.CANCELED, now
        return order

    def match(self, now: int) -> None:
        """Execute the resting orders that the present prices reach."""
        for order in self.open_orders:
            if self._crosses(order):
                del self._open[order.id]
                self._fill(order, order.price, now)

    def _check(self, order: SpotOrder) -> None:
        rules = self.market.rule(order.symbol)
        if order.quantity <= 0 or order.quantity % rules.step or order.quantity > rules.max_market_quantity:
            raise RefusedError(Reason.FILTER_FAILURE, "LOT_SIZE")
        if order.type is OrderType.LIMIT and (order.price <= 0 or order.price % rules.tick):
            raise RefusedError(Reason.FILTER_FAILURE, "PRICE_FILTER")
        if order.quantity * (order.price or self._best(order)) < LEAST_NOTIONAL:
            raise RefusedError(Reason.FILTER_FAILURE, "NOTIONAL")
        asset, amount = self._needs(order)
        if amount > self.free(asset):
            raise RefusedError(Reason.INSUFFICIENT_BALANCE)

    def _needs(self, order: SpotOrder) -> tuple[str, Decimal]:
        rules: SymbolRules = self.market.rules[order.symbol]
        if order.side is Side.SELL:
            return rules.base, order.quantity
        return rules.quote, order.quantity * (order.price or self._best(order))

    def _crosses(self, order: SpotOrder) -> bool:
        best = self._best(order)
        return best <= order.price if order.side is Side.BUY else best >= order.price

    def _best(self, order: SpotOrder) -> Decimal:
        return self.market.ask(order.symbol) if order.side is Side.BUY else self.market.bid(order.symbol)

    def _fill(self, order: SpotOrder, price: Decimal, now: int) -> None:
        rules, sign = self.market.rules[order.symbol], 1 if order.side is Side.BUY else -1
        order.filled, order.spent = order.quantity, order.quantity * price
        order.status, order.updated = Status.FILLED, now
        self.deposit(rules.base, sign * order.filled)
        self.deposit(rules.quote, -sign * order.spent)
