"""Where conditional orders wait for their price."""

from dataclasses import replace
from decimal import Decimal

from devstack.exchange.desk import Desk
from devstack.exchange.orders import AlgoOrder, AlgoStatus, Order, OrderType
from devstack.exchange.refusals import Reason, RefusedError

_FIRST_ALGO_ID = 2_000_000


class AlgoDesk:
    """Keeps stop and take-profit orders, and places their orders at `desk` when the price comes."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.orders: dict[int, AlgoOrder] = {}
        self._open: dict[int, AlgoOrder] = {}

    @property
    def open_orders(self) -> list[AlgoOrder]:
        """Those that wait, oldest first."""
        return list(self._open.values())

    def place(self, algo: AlgoOrder, now: int) -> AlgoOrder:
        """Take a conditional order; raises `RefusedError`, also when its price is reached already."""
        if algo.trigger <= 0:
            raise RefusedError(Reason.STOP_PRICE_NOT_POSITIVE)
        self.desk.market.rules[algo.order.symbol].check_price(algo.trigger)
        self.desk.check(algo.order)
        if algo.reached_by(self._price(algo)):
            raise RefusedError(Reason.WOULD_TRIGGER)
        self._check_against_others(algo)
        algo.id = _FIRST_ALGO_ID + len(self.orders)
        algo.client_id = algo.client_id or f"devstack-algo-{algo.id}"
        algo.created = algo.updated = now
        self.orders[algo.id] = self._open[algo.id] = algo
        return algo

    def cancel(self, algo: AlgoOrder, now: int, status: AlgoStatus = AlgoStatus.CANCELED) -> None:
        """Take a waiting order away."""
        del self._open[algo.id]
        algo.status, algo.updated = status, now

    def match(self, now: int) -> None:
        """Place the orders whose price has come; those that close a position that is gone expire."""
        for algo in self.open_orders:
            if algo.order.close_position and not self._position_to_close(algo):
                self.cancel(algo, now, AlgoStatus.EXPIRED)
            elif algo.reached_by(self._price(algo)):
                self._trigger(algo, now)

    def _trigger(self, algo: AlgoOrder, now: int) -> None:
        self.cancel(algo, now, AlgoStatus.FINISHED)
        algo.triggered = now
        kind = OrderType.LIMIT if algo.type in {OrderType.STOP, OrderType.TAKE_PROFIT} else OrderType.MARKET
        try:
            placed = self.desk.place(replace(algo.order, type=kind, original_type=algo.type), now)
        except RefusedError as refusal:
            algo.status = AlgoStatus.REJECTED
            algo.fate = {"code": refusal.code, "msg": str(refusal)}
        else:
            algo.fate = {"actualOrderId": str(placed.id), "actualPrice": str(placed.average)}

    def _check_against_others(self, algo: AlgoOrder) -> None:
        order = algo.order
        rivals = [each for each in self.open_orders if each.order.symbol == order.symbol]
        if algo.client_id and any(each.client_id == algo.client_id for each in self.open_orders):
            raise RefusedError(Reason.DUPLICATE_CLIENT_ID)
        if len(rivals) >= self.desk.market.rules[order.symbol].max_stops:
            raise RefusedError(Reason.TOO_MANY_STOPS)
        if order.close_position and any(_closes_alike(each, algo) for each in rivals):
            raise RefusedError(Reason.CLOSE_POSITION_EXISTS)

    def _position_to_close(self, algo: AlgoOrder) -> bool:
        order = algo.order
        held = self.desk.account.position(order.symbol, order.position_side)
        return bool(held.reducible(buy=order.buy))

    def _price(self, algo: AlgoOrder) -> Decimal:
        market, symbol = self.desk.market, algo.order.symbol
        return market.mark(symbol) if algo.by_mark else market.last(symbol)


def _closes_alike(one: AlgoOrder, other: AlgoOrder) -> bool:
    def key(algo: AlgoOrder) -> tuple[object, ...]:
        order: Order = algo.order
        return order.close_position, order.side, order.position_side, algo.type

    return key(one) == key(other)
