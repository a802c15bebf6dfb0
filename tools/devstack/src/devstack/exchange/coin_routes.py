"""COIN-M futures: the routes of USD-M under `/dapi`, for a market and positions of their own.

Since the exchange merged the two systems (2026-06-30), position mode and request weight are shared, and conditional
orders have the same routes of their own.
"""

from dataclasses import replace
from decimal import Decimal

from devstack.exchange.account_routes import ACCOUNT_ROUTES
from devstack.exchange.algo_routes import ALGO_ROUTES
from devstack.exchange.amounts import ZERO, money, plain, price_text
from devstack.exchange.listing import exchange_info
from devstack.exchange.order_routes import ORDER_ROUTES
from devstack.exchange.parameters import Parameters
from devstack.exchange.positions import Position
from devstack.exchange.public_routes import PUBLIC_ROUTES
from devstack.exchange.routing import Answer, Route, Routes
from devstack.exchange.world import World

_OF_USD_M, _OF_COIN_M = "/fapi/v1/", "/dapi/v1/"
_SHARED = ("ping", "time", "positionSide/dual")
_OF_ITS_MARKET = ("ticker/price", "ticker/bookTicker", "premiumIndex", "depth", "klines", "leverage", "marginType")


def _exchange_info(world: World, _parameters: Parameters) -> object:
    market = world.coin.market
    listing = exchange_info(market, world.clock.server_time, world.weights.limit)
    rows = [
        {
            "contractStatus": market.statuses[rules.symbol],
            "contractSize": rules.contract_size,
            "marginAsset": rules.base,
            "pair": f"{rules.base}{rules.quote}",
        }
        for rules in market.rules.values()
    ]
    listed: list[dict[str, object]] = listing["symbols"]  # type: ignore[assignment]
    return {**listing, "symbols": [{**one, **row} for one, row in zip(listed, rows, strict=True)]}


def _positions(world: World, parameters: Parameters) -> object:
    symbol = parameters.optional("symbol")
    return [
        _position(world, world.coin.account.position(name, side))
        for name in world.coin.market.rules
        for side in world.coin.account.sides()
        if symbol in {"", name}
    ]


def _position(world: World, position: Position) -> dict[str, object]:
    mark = world.coin.market.mark(position.symbol)
    size = world.coin.market.rules[position.symbol].contract_size
    profit = position.amount * size * (1 / position.entry - 1 / mark) if position.amount else ZERO
    return {
        "symbol": position.symbol,
        "positionSide": position.side,
        "positionAmt": plain(position.amount),
        "entryPrice": price_text(position.entry),
        "markPrice": money(mark),
        "unRealizedProfit": money(profit),
        "liquidationPrice": "0",
        "leverage": str(world.coin.account.leverage(position.symbol)),
        "marginType": "cross",
        "isolatedMargin": "0",
        "notionalValue": money(position.amount * size / mark),
        "updateTime": position.updated,
    }


def _balance(world: World, _parameters: Parameters) -> object:
    return [
        {"accountAlias": "devstack", "asset": rules.base, "balance": money(Decimal(100)), "updateTime": 0}
        for rules in world.coin.market.rules.values()
    ]


def _in_its_market(answer: Answer) -> Answer:
    return lambda world, parameters: answer(world.coin, parameters)


def _moved(routes: Routes, names: tuple[str, ...] | None = None) -> Routes:
    return {
        (method, path.replace(_OF_USD_M, _OF_COIN_M)): route
        for (method, path), route in routes.items()
        if path.startswith(_OF_USD_M) and (names is None or path.removeprefix(_OF_USD_M) in names)
    }


_TRADING = {**_moved(ORDER_ROUTES), **_moved(ALGO_ROUTES)}
_OTHERS = {**_moved(PUBLIC_ROUTES, _OF_ITS_MARKET), **_moved(ACCOUNT_ROUTES, _OF_ITS_MARKET)}

COIN_ROUTES: Routes = {
    **{key: replace(route, answer=_in_its_market(route.answer)) for key, route in {**_TRADING, **_OTHERS}.items()},
    **_moved({**PUBLIC_ROUTES, **ACCOUNT_ROUTES}, _SHARED),
    ("GET", "/dapi/v1/exchangeInfo"): Route(_exchange_info),
    ("GET", "/dapi/v1/positionRisk"): Route(_positions, weight=5, signed=True),
    ("GET", "/dapi/v1/balance"): Route(_balance, weight=5, signed=True),
}
