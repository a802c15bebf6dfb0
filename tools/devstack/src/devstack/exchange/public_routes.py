"""Market data, which anybody may read."""

from collections.abc import Callable
from decimal import Decimal

from devstack.exchange.amounts import money, plain
from devstack.exchange.intervals import DAY, HOUR
from devstack.exchange.listing import exchange_info
from devstack.exchange.market import Candle
from devstack.exchange.parameters import Parameters
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.routing import Route, Routes
from devstack.exchange.world import World

_DEPTHS = {5, 10, 20, 50, 100, 500, 1000}
_FUNDING_INTERVAL = 8 * HOUR
_DAY_IN_MINUTES = 1440
_MOST_CANDLES = 1500

OfSymbol = Callable[[World, str], dict[str, object]]


def _of_one_or_all(row: OfSymbol) -> Callable[[World, Parameters], object]:
    """Answer with one symbol's row, or, if no symbol is named, with a list of all."""

    def answer(world: World, parameters: Parameters) -> object:
        if parameters.has("symbol"):
            return row(world, world.market.rule(parameters.text("symbol")).symbol)
        return [row(world, symbol) for symbol in world.market.rules]

    return answer


def _ping(_world: World, _parameters: Parameters) -> object:
    return {}


def _time(world: World, _parameters: Parameters) -> object:
    return {"serverTime": world.clock.server_time}


def _exchange_info(world: World, _parameters: Parameters) -> object:
    return exchange_info(world.market, world.clock.server_time, world.weights.limit)


def _price(world: World, symbol: str) -> dict[str, object]:
    market = world.market
    return {"symbol": symbol, "price": plain(market.last(symbol)), "time": market.quoted_at(symbol)}


def _book_ticker(world: World, symbol: str) -> dict[str, object]:
    market = world.market
    size = plain(_level_size(world, symbol, 0))
    return {
        "symbol": symbol,
        "bidPrice": plain(market.bid(symbol)),
        "bidQty": size,
        "askPrice": plain(market.ask(symbol)),
        "askQty": size,
        "time": market.quoted_at(symbol),
        "lastUpdateId": market.quoted_at(symbol),
    }


def _premium_index(world: World, symbol: str) -> dict[str, object]:
    market, now = world.market, world.clock.now
    mark = money(market.mark(symbol))
    return {
        "symbol": symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": "0.00000000",
        "interestRate": "0.00000000",
        "nextFundingTime": now - now % _FUNDING_INTERVAL + _FUNDING_INTERVAL,
        "time": market.quoted_at(symbol),
    }


def _day(world: World, symbol: str) -> dict[str, object]:
    market, now = world.market, world.clock.now
    minutes = market.candles(symbol, "1m", first=None, last=now, limit=_DAY_IN_MINUTES)
    opened, last = minutes[0].open, minutes[-1].close
    volume = sum((each.volume for each in minutes), start=Decimal(0))
    quote_volume = sum((each.quote_volume for each in minutes), start=Decimal(0))
    return {
        "symbol": symbol,
        "priceChange": plain(last - opened),
        "priceChangePercent": f"{(last - opened) / opened * 100:.3f}",
        "weightedAvgPrice": plain((quote_volume / volume if volume else last).quantize(market.rules[symbol].tick)),
        "lastPrice": plain(last),
        "lastQty": plain(market.rules[symbol].step),
        "openPrice": plain(opened),
        "highPrice": plain(max(each.high for each in minutes)),
        "lowPrice": plain(min(each.low for each in minutes)),
        "volume": plain(volume),
        "quoteVolume": money(quote_volume),
        "openTime": now - DAY,
        "closeTime": market.quoted_at(symbol),
        "firstId": 0,
        "lastId": market.quoted_at(symbol) // 1000,
        "count": _DAY_IN_MINUTES,
    }


def _klines(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    end = parameters.optional_integer("endTime")
    candles = world.market.candles(
        symbol,
        parameters.text("interval"),
        first=parameters.optional_integer("startTime"),
        last=world.clock.now if end is None else end,
        limit=parameters.limit(500, _MOST_CANDLES),
    )
    return [_kline(each) for each in candles]


def _kline(candle: Candle) -> list[object]:
    prices = [plain(price) for price in (candle.open, candle.high, candle.low, candle.close)]
    half_volume, half_quote_volume = money(candle.volume / 2), money(candle.quote_volume / 2)
    opened, closed = candle.opened, candle.ended - 1
    volumes: list[object] = [plain(candle.volume), closed, money(candle.quote_volume)]
    trades = (candle.ended - candle.opened) // 1000
    return [opened, *prices, *volumes, trades, half_volume, half_quote_volume, "0"]


def _depth(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    levels = parameters.limit(500, max(_DEPTHS))
    if levels not in _DEPTHS:
        raise RefusedError(Reason.INVALID_PARAMETER, "limit")
    market, tick = world.market, world.market.rules[symbol].tick
    sizes = [plain(_level_size(world, symbol, level)) for level in range(levels)]
    bid, ask = market.bid(symbol), market.ask(symbol)
    return {
        "lastUpdateId": market.quoted_at(symbol),
        "E": world.clock.now,
        "T": market.quoted_at(symbol),
        "bids": [[plain(bid - level * tick), size] for level, size in enumerate(sizes) if bid > level * tick],
        "asks": [[plain(ask + level * tick), size] for level, size in enumerate(sizes)],
    }


def _level_size(world: World, symbol: str, level: int) -> Decimal:
    """Return what the book shows at a level; more than that executes too."""
    rules = world.market.rules[symbol]
    return (Decimal(rules.volume_per_second) * (level + 1)).quantize(rules.step)


PUBLIC_ROUTES: Routes = {
    ("GET", "/fapi/v1/ping"): Route(_ping),
    ("GET", "/fapi/v1/time"): Route(_time),
    ("GET", "/fapi/v1/exchangeInfo"): Route(_exchange_info),
    ("GET", "/fapi/v1/ticker/price"): Route(_of_one_or_all(_price)),
    ("GET", "/fapi/v2/ticker/price"): Route(_of_one_or_all(_price)),
    ("GET", "/fapi/v1/ticker/bookTicker"): Route(_of_one_or_all(_book_ticker), weight=2),
    ("GET", "/fapi/v1/ticker/24hr"): Route(_of_one_or_all(_day)),
    ("GET", "/fapi/v1/premiumIndex"): Route(_of_one_or_all(_premium_index)),
    ("GET", "/fapi/v1/klines"): Route(_klines, weight=5),
    ("GET", "/fapi/v1/depth"): Route(_depth, weight=5),
}
