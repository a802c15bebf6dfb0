"""Where orders are taken, executed, and kept until they execute."""

from dataclasses import replace
from decimal import Decimal

from devstack.exchange.account import Account
from devstack.exchange.amounts import ZERO
from devstack.exchange.market import TRADING, Market
from devstack.exchange.orders import Order, OrderType, Status, TimeInForce
from devstack.exchange.positions import PositionSide
from devstack.exchange.refusals import Reason, RefusedError

_FIRST_ORDER_ID = 1_000_000


class Trade:
    """One execution of an order; `realised` and `fee` are in the quote asset."""

    def __init__(self, number: int, order: Order, *, realised: Decimal, fee: Decimal, maker: bool) -> None:
        self.id = number
        self.order = replace(order)
        self.realised = realised
        self.fee = fee
        self.maker = maker


class Desk:
    """Takes orders for the account; raises `RefusedError` with the exchange's code for what it does not take.

    Whatever executes does so wholly, at the best price for a market order and at its own price for a resting one.
    Only where `depths` has a symbol does a market order get no more than that, and the rest of it expires. Fees are
    fractions of the notional.
    """

    def __init__(self, market: Market, account: Account, *, maker_fee: Decimal, taker_fee: Decimal) -> None:
        self.market = market
        self.account = account
        self.maker_fee = maker_fee
        self.taker_fee = taker_fee
        self.orders: dict[int, Order] = {}
        self.trades: list[Trade] = []
        self.depths: dict[str, Decimal] = {}
        self._open: dict[int, Order] = {}

    @property
    def open_orders(self) -> list[Order]:
        """The resting orders, oldest first."""
        return list(self._open.values())

    def place(self, order: Order, now: int) -> Order:
        """Take an order that may execute at once, rest, or expire."""
        self.check(order)
        self._check_client_id(order)
        order = self._fit_to_position(order)
        executes = order.type is OrderType.MARKET or self._crosses(order)
        if order.time_in_force is TimeInForce.GTX and executes:
            raise RefusedError(Reason.POST_ONLY_REJECTED)
        if order.time_in_force is TimeInForce.FOK and not executes:
            raise RefusedError(Reason.FOK_REJECTED)
        self._check_margin(order)
        return self._accept(order, now, executes=executes)

    def check(self, order: Order) -> None:
        """Hold an order to the symbol's status and filters and to the position mode."""
        if order.position_side not in self.account.sides():
            raise RefusedError(Reason.POSITION_SIDE_MISMATCH)
        if self.market.statuses[order.symbol] != TRADING and not order.only_reduces:
            raise RefusedError(Reason.SYMBOL_NOT_OPEN)
        rules, market_order = self.market.rules[order.symbol], order.type in _AT_MARKET
        if not order.close_position:
            rules.check_quantity(order.quantity, market=market_order)
        if not market_order:
            rules.check_price(order.price)
            rules.check_band(order.price, self.market.mark(order.symbol), buy=order.buy)
        if not order.only_reduces:
            price = self.market.last(order.symbol) if market_order else order.price
            rules.check_notional(order.quantity * price)

    def cancel(self, order: Order, now: int, status: Status = Status.CANCELED) -> Order:
        """Take a resting order away."""
        del self._open[order.id]
        order.status, order.updated = status, now
        return order

    def match(self, now: int) -> None:
        """Execute the resting orders that the present prices reach, and let go those that could not reduce any more."""
        for order in self.open_orders:
            if order.id in self._open and self._crosses(order):
                self._execute_resting(order, now)

    def _execute_resting(self, order: Order, now: int) -> None:
        try:
            fitted = self._fit_to_position(order)
        except RefusedError:
            # Nothing is left that it could reduce.
            self.cancel(order, now, Status.EXPIRED)
            return
        del self._open[order.id]
        order.quantity = fitted.quantity
        self._fill(order, order.price, now, maker=True)

    def _check_client_id(self, order: Order) -> None:
        if order.client_id and any(each.client_id == order.client_id for each in self._open.values()):
            raise RefusedError(Reason.DUPLICATE_CLIENT_ID)

    def _fit_to_position(self, order: Order) -> Order:
        if not order.only_reduces:
            return order
        reducible = self.account.position(order.symbol, order.position_side).reducible(buy=order.buy)
        wanted = reducible if order.close_position else order.quantity
        too_much_in_hedge_mode = order.position_side is not PositionSide.BOTH and wanted > reducible
        if not reducible or too_much_in_hedge_mode:
            raise RefusedError(Reason.REDUCE_ONLY_REJECTED)
        return replace(order, quantity=min(wanted, reducible))

    def _crosses(self, order: Order) -> bool:
        if order.buy:
            return self.market.ask(order.symbol) <= order.price
        return self.market.bid(order.symbol) >= order.price

    def _best(self, order: Order) -> Decimal:
        return self.market.ask(order.symbol) if order.buy else self.market.bid(order.symbol)

    def _check_margin(self, order: Order) -> None:
        if order.only_reduces:
            return
        resting = self.open_orders
        if sum(each.symbol == order.symbol for each in resting) >= self.market.rules[order.symbol].max_orders:
            raise RefusedError(Reason.TOO_MANY_ORDERS)
        price = order.price or self._best(order)
        needed = self.account.initial_margin([*resting, replace(order, price=price)])
        if needed - self.account.initial_margin(resting) > self.account.available(resting):
            raise RefusedError(Reason.MARGIN_INSUFFICIENT)

    def _accept(self, order: Order, now: int, *, executes: bool) -> Order:
        order.id = _FIRST_ORDER_ID + len(self.orders)
        order.client_id = order.client_id or f"devstack-{order.id}"
        order.placed = order.updated = now
        self.orders[order.id] = order
        if executes:
            self._fill(order, self._best(order), now, maker=False)
        elif order.time_in_force is TimeInForce.IOC:
            order.status = Status.EXPIRED
        else:
            self._open[order.id] = order
        return order

    def _fill(self, order: Order, price: Decimal, now: int, *, maker: bool) -> None:
        depth = self.depths.get(order.symbol, order.quantity) if order.type is OrderType.MARKET else order.quantity
        order.filled, order.average = min(order.quantity, depth), price
        order.status, order.updated = Status.FILLED if order.filled == order.quantity else Status.EXPIRED, now
        realised = self.account.position(order.symbol, order.position_side).take(order.signed_fill, price, now)
        fee = order.filled * price * (self.maker_fee if maker else self.taker_fee)
        self.trades.append(Trade(len(self.trades) + 1, order, realised=realised, fee=fee, maker=maker))
        self.account.book("REALIZED_PNL", realised, order.symbol, now)
        self.account.book("COMMISSION", -fee, order.symbol, now)
        self._let_go_of_orphans(order, now)

    def _let_go_of_orphans(self, filled: Order, now: int) -> None:
        position = self.account.position(filled.symbol, filled.position_side)
        for order in self.open_orders:
            same = (order.symbol, order.position_side) == (filled.symbol, filled.position_side)
            if same and order.only_reduces and position.reducible(buy=order.buy) == ZERO:
                self.cancel(order, now, Status.EXPIRED)


_AT_MARKET = {OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET}
