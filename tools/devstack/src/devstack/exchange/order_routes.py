"""Orders: placing, reading and cancelling them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from devstack.exchange.amounts import money, plain
from devstack.exchange.desk import Trade
from devstack.exchange.orders import Order, OrderType, Side, TimeInForce
from devstack.exchange.parameters import Parameters
from devstack.exchange.positions import PositionSide
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.routing import SUCCESS, Route, Routes
from devstack.exchange.world import World

T = TypeVar("T")

PLAIN_TYPES = {OrderType.MARKET, OrderType.LIMIT}


def read_order(world: World, parameters: Parameters) -> Order:
    """Return the order that the parameters describe, of whatever type, without a client id."""
    symbol = world.market.rule(parameters.text("symbol")).symbol
    side = parameters.choice("side", Side, Reason.INVALID_SIDE)
    kind = parameters.choice("type", OrderType, Reason.INVALID_ORDER_TYPE)
    position_side = parameters.choice("positionSide", PositionSide, Reason.INVALID_PARAMETER, default=PositionSide.BOTH)
    closes = parameters.flag("closePosition")
    if parameters.has("reduceOnly") and (closes or position_side is not PositionSide.BOTH):
        raise RefusedError(Reason.UNREQUIRED_PARAMETER, "reduceonly")
    limited = kind in {OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT}
    if not limited and parameters.has("price"):
        raise RefusedError(Reason.UNREQUIRED_PARAMETER, "price")
    return Order(
        symbol=symbol,
        side=side,
        type=kind,
        quantity=parameters.optional_decimal("quantity") if closes else parameters.decimal("quantity"),
        price=parameters.decimal("price") if limited else parameters.optional_decimal("price"),
        position_side=position_side,
        time_in_force=_time_in_force(parameters, kind),
        reduce_only=parameters.flag("reduceOnly"),
        close_position=closes,
    )


def _time_in_force(parameters: Parameters, kind: OrderType) -> TimeInForce:
    if kind is OrderType.MARKET:
        return TimeInForce.GTC
    default = None if kind is OrderType.LIMIT else TimeInForce.GTC
    return parameters.choice("timeInForce", TimeInForce, Reason.INVALID_TIME_IN_FORCE, default=default)


def newest_of_symbol(
    items: Iterable[T], symbol_of: Callable[[T], str], instant_of: Callable[[T], int], parameters: Parameters
) -> list[T]:
    """Return the symbol's items within `startTime` and `endTime`: the newest `limit`, oldest first."""
    symbol = parameters.text("symbol")
    begin, end = parameters.optional_integer("startTime") or 0, parameters.optional_integer("endTime")
    wanted = [
        each
        for each in items
        if symbol_of(each) == symbol and begin <= instant_of(each) and (end is None or instant_of(each) <= end)
    ]
    return wanted[-parameters.limit(500, 1000) :]


def _place(world: World, parameters: Parameters) -> object:
    order = read_order(world, parameters)
    if order.type not in PLAIN_TYPES:
        raise RefusedError(Reason.USE_ALGO_ENDPOINT)
    if order.close_position:
        raise RefusedError(Reason.TARGET_STRATEGY, order.type)
    order.client_id = parameters.optional("newClientOrderId")
    return world.desk.place(order, world.clock.now).as_json()


def _find(world: World, parameters: Parameters, orders: Iterable[Order], missing: Reason) -> Order:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    number, client_id = parameters.optional_integer("orderId"), parameters.optional("origClientOrderId")
    if number is None and not client_id:
        raise RefusedError(Reason.MANDATORY_PARAMETER, "orderId")
    for order in orders:
        if order.symbol == symbol and (order.id == number if number is not None else order.client_id == client_id):
            return order
    raise RefusedError(missing)


def _cancel(world: World, parameters: Parameters) -> object:
    order = _find(world, parameters, world.desk.open_orders, Reason.UNKNOWN_ORDER)
    return world.desk.cancel(order, world.clock.now).as_json()


def _get(world: World, parameters: Parameters) -> object:
    newest_first = reversed(world.desk.orders.values())
    return _find(world, parameters, newest_first, Reason.NO_SUCH_ORDER).as_json()


def _get_open(world: World, parameters: Parameters) -> object:
    return _find(world, parameters, world.desk.open_orders, Reason.NO_SUCH_ORDER).as_json()


def _open(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol if parameters.has("symbol") else ""
    return [each.as_json() for each in world.desk.open_orders if symbol in {"", each.symbol}]


def _cancel_all(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    for order in world.desk.open_orders:
        if order.symbol == symbol:
            world.desk.cancel(order, world.clock.now)
    return {**SUCCESS, "msg": "The operation of cancel all open order is done."}


def _all(world: World, parameters: Parameters) -> object:
    orders = newest_of_symbol(
        world.desk.orders.values(), lambda each: each.symbol, lambda each: each.placed, parameters
    )
    return [each.as_json() for each in orders]


def _trades(world: World, parameters: Parameters) -> object:
    trades = newest_of_symbol(
        world.desk.trades, lambda each: each.order.symbol, lambda each: each.order.updated, parameters
    )
    return [_trade(each) for each in trades]


def _trade(trade: Trade) -> dict[str, object]:
    order = trade.order
    return {
        "symbol": order.symbol,
        "id": trade.id,
        "orderId": order.id,
        "side": order.side,
        "positionSide": order.position_side,
        "price": plain(order.average),
        "qty": plain(order.filled),
        "quoteQty": money(order.filled * order.average),
        "realizedPnl": money(trade.realised),
        "marginAsset": "USDT",
        "commission": money(trade.fee),
        "commissionAsset": "USDT",
        "buyer": order.buy,
        "maker": trade.maker,
        "time": order.updated,
    }


ORDER_ROUTES: Routes = {
    ("POST", "/fapi/v1/order"): Route(_place, weight=0, signed=True, order=True),
    ("GET", "/fapi/v1/order"): Route(_get, signed=True),
    ("DELETE", "/fapi/v1/order"): Route(_cancel, signed=True),
    ("GET", "/fapi/v1/openOrder"): Route(_get_open, signed=True),
    ("GET", "/fapi/v1/openOrders"): Route(_open, signed=True, weight_of_all=40),
    ("DELETE", "/fapi/v1/allOpenOrders"): Route(_cancel_all, signed=True),
    ("GET", "/fapi/v1/allOrders"): Route(_all, weight=5, signed=True),
    ("GET", "/fapi/v1/userTrades"): Route(_trades, weight=5, signed=True),
}
