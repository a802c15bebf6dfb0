"""Market data as the fleet's socket client publishes it, and the exchange's answers: what a test varies, it names."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.strategist_fakes import NOON

NOON_MS = int(NOON.timestamp() * 1000)


def wrapped(stream: str, event: dict[str, Any], *, at: datetime = NOON) -> bytes:
    """Return an event in the wrapper of the socket client."""
    naive = at.astimezone(UTC).replace(tzinfo=None)
    return json.dumps(
        {
            "stream": stream,
            "data": event,
            "timestamp": f"{naive.isoformat(timespec='microseconds')}Z",
            "message_id": "00000000-0000-0000-0000-000000000007",
            "source": "binance-websocket",
            "version": "1.0",
            "_otel_trace_context": {},
        }
    ).encode()


def trade(price: object = "50010.50", *, symbol: str = "BTCUSDT", at: int = NOON_MS, **more: object) -> bytes:
    event = {"e": "trade", "E": at, "s": symbol, "t": 1, "p": price, "q": "0.002", "T": at, "m": False, "M": True}
    return wrapped(f"{symbol.lower()}@trade", event | more)


def ticker(*, bid: str = "50010.4", ask: str = "50010.6") -> bytes:
    event = {
        "e": "24hrTicker",
        "E": NOON_MS,
        "s": "BTCUSDT",
        "p": "120.10",
        "P": "0.241",
        "c": "50010.5",
        "b": bid,
        "a": ask,
    }
    return wrapped("btcusdt@ticker", event)


def mark_price(price: str = "50011.1", *, symbol: str = "BTCUSDT", at: int = NOON_MS) -> bytes:
    event = {"e": "markPriceUpdate", "E": at, "s": symbol, "p": price, "i": "50009.0", "P": "50010.0", "T": at + 1000}
    return wrapped(f"{symbol.lower()}@markPrice@1s", event)


def depth20(
    *, stream: str = "ethusdt@depth20@100ms", bid: str = "3000.10", ask: str = "3000.20", at: datetime = NOON
) -> bytes:
    levels = {"lastUpdateId": 160, "bids": [[bid, "1.0"], ["1.0", "9.0"]], "asks": [[ask, "2.0"]]}
    return wrapped(stream, levels, at=at)


def diff_depth() -> bytes:
    event = {"e": "depthUpdate", "E": NOON_MS, "s": "BTCUSDT", "U": 1, "u": 2, "b": [["50000.0", "0"]], "a": []}
    return wrapped("btcusdt@depth", event)


def kline(*, opened: int, symbol: str = "BTCUSDT", closed: bool = True) -> bytes:
    hour = 3_600_000
    candle = {"t": opened, "T": opened + hour - 1, "s": symbol, "i": "1h", "f": 1, "L": 2, "x": closed}
    prices = {"o": "49900.0", "c": "50010.5", "h": "50050.0", "l": "49880.0", "v": "321.0"}
    event = {"e": "kline", "E": opened + hour, "s": symbol, "k": candle | prices}
    return wrapped(f"{symbol.lower()}@kline_1h", event)


def listed(symbol: str, *, status: str = "TRADING", **filters: dict[str, object]) -> dict[str, object]:
    """Return one symbol of `exchangeInfo`; each filter named replaces that filter."""
    rules: dict[str, dict[str, object]] = {
        "PRICE_FILTER": {"minPrice": "261.10", "maxPrice": "809484", "tickSize": "0.10"},
        "LOT_SIZE": {"minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        "MARKET_LOT_SIZE": {"minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        "MAX_NUM_ORDERS": {"limit": 200},
        "MIN_NOTIONAL": {"notional": "100"},
        "PERCENT_PRICE": {"multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
    }
    rules |= filters
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "status": status,
        "quoteAsset": "USDT",
        "filters": [{"filterType": name, **fields} for name, fields in rules.items()],
    }


def exchange_info(*symbols: str | dict[str, object], weight: int = 2400) -> dict[str, object]:
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight}]
    entries = [listed(symbol) if isinstance(symbol, str) else symbol for symbol in symbols]
    return {"timezone": "UTC", "rateLimits": limits, "symbols": entries}


def premium(symbol: str, *, at: int = NOON_MS) -> dict[str, object]:
    return {"symbol": symbol, "markPrice": "50011.1", "indexPrice": "50011.1", "time": at}


def book(symbol: str, bid: str = "50010.4", ask: str = "50010.6", *, at: int = NOON_MS) -> dict[str, object]:
    return {"symbol": symbol, "bidPrice": bid, "bidQty": "1", "askPrice": ask, "askQty": "1", "time": at}


def klines(first: datetime, closes: list[float]) -> list[list[object]]:
    """Return hourly candles in the exchange's form, each open at the close before."""
    rows: list[list[object]] = []
    before = closes[0]
    for number, close in enumerate(closes):
        opened = int(first.timestamp() * 1000) + number * 3_600_000
        high, low = max(before, close) * 1.001, min(before, close) * 0.999
        prices = [f"{price:.4f}" for price in (before, high, low, close)]
        rows.append([opened, *prices, "10", opened + 3_599_999, "1000", 5, "5", "500", "0"])
        before = close
    return rows
