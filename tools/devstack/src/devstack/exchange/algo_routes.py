"""Conditional orders, which have routes of their own since 2025-12-09."""

from collections.abc import Iterable
from enum import StrEnum

from devstack.exchange.order_routes import PLAIN_TYPES, newest_of_symbol, read_order
from devstack.exchange.orders import AlgoOrder, OrderType
from devstack.exchange.parameters import Parameters
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.routing import SUCCESS, Route, Routes
from devstack.exchange.world import World


class _AlgoType(StrEnum):
    CONDITIONAL = "CONDITIONAL"


class _WorkingType(StrEnum):
    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


def _place(world: World, parameters: Parameters) -> object:
    parameters.choice("algoType", _AlgoType, Reason.INVALID_PARAMETER)
    order = read_order(world, parameters)
    if order.type in PLAIN_TYPES:
        raise RefusedError(Reason.INVALID_ORDER_TYPE)
    if order.close_position and order.type in {OrderType.STOP, OrderType.TAKE_PROFIT}:
        raise RefusedError(Reason.TARGET_STRATEGY, order.type)
    if order.close_position and order.quantity:
        raise RefusedError(Reason.QUANTITY_WITH_CLOSE_POSITION)
    working = parameters.choice(
        "workingType", _WorkingType, Reason.INVALID_PARAMETER, default=_WorkingType.CONTRACT_PRICE
    )
    algo = AlgoOrder(
        order=order,
        type=order.type,
        trigger=parameters.decimal("triggerPrice"),
        by_mark=working is _WorkingType.MARK_PRICE,
        client_id=parameters.optional("clientAlgoId"),
    )
    return world.algo_desk.place(algo, world.clock.now).as_json()


def _find(parameters: Parameters, orders: Iterable[AlgoOrder], missing: Reason) -> AlgoOrder:
    number, client_id = parameters.optional_integer("algoId"), parameters.optional("clientAlgoId")
    if number is None and not client_id:
        raise RefusedError(Reason.MANDATORY_PARAMETER, "algoId")
    for algo in orders:
        if algo.id == number if number is not None else algo.client_id == client_id:
            return algo
    raise RefusedError(missing)


def _get(world: World, parameters: Parameters) -> object:
    return _find(parameters, reversed(world.algo_desk.orders.values()), Reason.NO_SUCH_ORDER).as_json()


def _cancel(world: World, parameters: Parameters) -> object:
    algo = _find(parameters, world.algo_desk.open_orders, Reason.UNKNOWN_ORDER)
    world.algo_desk.cancel(algo, world.clock.now)
    return {"algoId": algo.id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}


def _open(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol if parameters.has("symbol") else ""
    return [each.as_json() for each in world.algo_desk.open_orders if symbol in {"", each.order.symbol}]


def _cancel_all(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    for algo in world.algo_desk.open_orders:
        if algo.order.symbol == symbol:
            world.algo_desk.cancel(algo, world.clock.now)
    return {**SUCCESS, "msg": "The operation of cancel all open order is done."}


def _all(world: World, parameters: Parameters) -> object:
    algos = newest_of_symbol(
        world.algo_desk.orders.values(), lambda each: each.order.symbol, lambda each: each.created, parameters
    )
    return [each.as_json() for each in algos]


ALGO_ROUTES: Routes = {
    ("POST", "/fapi/v1/algoOrder"): Route(_place, weight=0, signed=True, order=True),
    ("GET", "/fapi/v1/algoOrder"): Route(_get, signed=True),
    ("DELETE", "/fapi/v1/algoOrder"): Route(_cancel, signed=True),
    ("GET", "/fapi/v1/openAlgoOrders"): Route(_open, signed=True, weight_of_all=40),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Route(_cancel_all, signed=True),
    ("GET", "/fapi/v1/allAlgoOrders"): Route(_all, weight=5, signed=True),
}
