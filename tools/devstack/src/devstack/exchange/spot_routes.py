"""Spot: balances and orders, under the paths of their own."""

from collections.abc import Iterable

from devstack.exchange.amounts import money, plain
from devstack.exchange.orders import OrderType, Side
from devstack.exchange.parameters import Parameters
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.routing import Route, Routes
from devstack.exchange.rules import SymbolRules
from devstack.exchange.spot_desk import LEAST_NOTIONAL, SpotOrder
from devstack.exchange.weights import SPOT_LIMIT
from devstack.exchange.world import World


def _exchange_info(world: World, _parameters: Parameters) -> object:
    weight = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": SPOT_LIMIT}
    return {
        "timezone": "UTC",
        "serverTime": world.clock.server_time,
        "rateLimits": [weight],
        "exchangeFilters": [],
        "symbols": [_symbol(rules) for rules in world.market.rules.values()],
    }


def _symbol(rules: SymbolRules) -> dict[str, object]:
    most, step = plain(rules.max_market_quantity), plain(rules.step)
    return {
        "symbol": rules.symbol,
        "status": "TRADING",
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(rules.min_price),
                "maxPrice": plain(rules.max_price),
                "tickSize": plain(rules.tick),
            },
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": most, "stepSize": "0.00000000"},
            {"filterType": "NOTIONAL", "minNotional": plain(LEAST_NOTIONAL), "applyMinToMarket": True},
        ],
    }


def _prices(world: World, _parameters: Parameters) -> object:
    return [{"symbol": symbol, "price": plain(world.market.last(symbol))} for symbol in world.market.rules]


def _account(world: World, parameters: Parameters) -> object:
    spot = world.spot
    assets = [name for name, amount in spot.balances.items() if amount or not parameters.flag("omitZeroBalances")]
    return {
        "accountType": "SPOT",
        "canTrade": True,
        "permissions": ["SPOT"],
        "balances": [
            {"asset": name, "free": money(spot.free(name)), "locked": money(spot.locked(name))} for name in assets
        ],
    }


def _place(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    kind = parameters.choice("type", OrderType, Reason.INVALID_ORDER_TYPE)
    if kind not in {OrderType.MARKET, OrderType.LIMIT}:
        raise RefusedError(Reason.INVALID_ORDER_TYPE)
    order = SpotOrder(
        symbol=symbol,
        side=parameters.choice("side", Side, Reason.INVALID_SIDE),
        type=kind,
        quantity=parameters.decimal("quantity"),
        price=parameters.decimal("price") if kind is OrderType.LIMIT else parameters.optional_decimal("price"),
        client_id=parameters.optional("newClientOrderId"),
    )
    return _order(world.spot.place(order, world.clock.now))


def _order(order: SpotOrder) -> dict[str, object]:
    return {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": plain(order.price),
        "origQty": plain(order.quantity),
        "executedQty": plain(order.filled),
        "cummulativeQuoteQty": money(order.spent),
        "status": order.status,
        "timeInForce": "GTC",
        "type": order.type,
        "side": order.side,
        "time": order.placed,
        "updateTime": order.updated,
        "transactTime": order.updated,
    }


def _find(parameters: Parameters, orders: Iterable[SpotOrder], missing: Reason) -> SpotOrder:
    number, client_id = parameters.optional_integer("orderId"), parameters.optional("origClientOrderId")
    for order in orders:
        if order.symbol == parameters.text("symbol") and (order.id == number or order.client_id == client_id):
            return order
    raise RefusedError(missing)


def _get(world: World, parameters: Parameters) -> object:
    return _order(_find(parameters, reversed(world.spot.orders.values()), Reason.NO_SUCH_ORDER))


def _cancel(world: World, parameters: Parameters) -> object:
    order = _find(parameters, world.spot.open_orders, Reason.UNKNOWN_ORDER)
    return _order(world.spot.cancel(order, world.clock.now))


def _open(world: World, parameters: Parameters) -> object:
    symbol = parameters.optional("symbol")
    return [_order(each) for each in world.spot.open_orders if symbol in {"", each.symbol}]


def _cancel_all(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    orders = [each for each in world.spot.open_orders if each.symbol == symbol]
    if not orders:
        raise RefusedError(Reason.UNKNOWN_ORDER)
    return [_order(world.spot.cancel(each, world.clock.now)) for each in orders]


SPOT_ROUTES: Routes = {
    ("GET", "/api/v3/ping"): Route(lambda _world, _parameters: {}, spot=True),
    ("GET", "/api/v3/time"): Route(lambda world, _parameters: {"serverTime": world.clock.server_time}, spot=True),
    ("GET", "/api/v3/exchangeInfo"): Route(_exchange_info, weight=20, spot=True),
    ("GET", "/api/v3/ticker/price"): Route(_prices, weight=4, spot=True),
    ("GET", "/api/v3/account"): Route(_account, weight=20, signed=True, spot=True),
    ("POST", "/api/v3/order"): Route(_place, signed=True, spot=True),
    ("GET", "/api/v3/order"): Route(_get, weight=4, signed=True, spot=True),
    ("DELETE", "/api/v3/order"): Route(_cancel, signed=True, spot=True),
    ("GET", "/api/v3/openOrders"): Route(_open, weight=6, weight_of_all=80, signed=True, spot=True),
    ("DELETE", "/api/v3/openOrders"): Route(_cancel_all, signed=True, spot=True),
}
