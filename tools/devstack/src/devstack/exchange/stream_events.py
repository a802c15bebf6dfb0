"""The market as stream events, each in the wrapper that the fleet's socket client puts around it."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from devstack.exchange.amounts import money, plain
from devstack.exchange.intervals import DAY, HOUR
from devstack.exchange.market import Candle, Market

_LEVELS = 20
_HOURS_A_DAY = 24
_FUNDING_INTERVAL = 8 * HOUR

Event = dict[str, object]


def stream_events(market: Market, symbol: str, *, closed: Candle | None) -> Iterator[bytes]:
    """Yield a message per stream for the symbol's newest price; `closed` is the hour that has ended since the last."""
    name = symbol.lower()
    if closed is not None:
        yield _wrapped(f"{name}@kline_1h", _kline(market, symbol, closed, is_closed=True))
    yield _wrapped(f"{name}@kline_1h", _kline(market, symbol, hours(market, symbol, 1)[-1], is_closed=False))
    yield _wrapped(f"{name}@trade", _trade(market, symbol))
    yield _wrapped(f"{name}@ticker", _ticker(market, symbol))
    yield _wrapped(f"{name}@depth20@100ms", _depth(market, symbol))
    yield _wrapped(f"{name}@markPrice@1s", _mark_price(market, symbol))


def hours(market: Market, symbol: str, count: int) -> list[Candle]:
    """Return the newest hourly candles, oldest first; the last one is still growing."""
    return market.candles(symbol, "1h", first=None, last=market.quoted_at(symbol), limit=count)


def _wrapped(stream: str, event: Event) -> bytes:
    """Wrap an event; the wrapper's time is naive UTC with a Z, as the socket client writes it."""
    wrapped_at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    wrapper: Event = {
        "stream": stream,
        "data": event,
        "timestamp": f"{wrapped_at}Z",
        "message_id": str(uuid.uuid4()),
        "source": "binance-websocket",
        "version": "1.0",
        "_otel_trace_context": {},
    }
    return json.dumps(wrapper, separators=(",", ":")).encode()


def _trade(market: Market, symbol: str) -> Event:
    at = market.quoted_at(symbol)
    price, size = plain(market.last(symbol)), plain(market.rules[symbol].step)
    return {"e": "trade", "E": at, "s": symbol, "t": at // 1000, "p": price, "q": size, "T": at, "m": True, "M": True}


def _ticker(market: Market, symbol: str) -> Event:
    at, last, day = market.quoted_at(symbol), market.last(symbol), hours(market, symbol, _HOURS_A_DAY)
    opened, step = day[0].open, plain(market.rules[symbol].step)
    return {
        "e": "24hrTicker",
        "E": at,
        "s": symbol,
        "p": plain(last - opened),
        "P": f"{(last - opened) / opened * 100:.3f}",
        "w": plain(((opened + last) / 2).quantize(market.rules[symbol].tick)),
        "x": plain(opened),
        "c": plain(last),
        "Q": step,
        "b": plain(market.bid(symbol)),
        "B": step,
        "a": plain(market.ask(symbol)),
        "A": step,
        "o": plain(opened),
        "h": plain(max(each.high for each in day)),
        "l": plain(min(each.low for each in day)),
        "v": plain(sum((each.volume for each in day[1:]), start=day[0].volume)),
        "q": money(sum((each.quote_volume for each in day[1:]), start=day[0].quote_volume)),
        "O": at - DAY,
        "C": at,
        "F": 0,
        "L": at // 1000,
        "n": at // 1000,
    }


def _depth(market: Market, symbol: str) -> Event:
    """Return a partial book as the spot stream has it: without symbol and time."""
    tick, size = market.rules[symbol].tick, plain(market.rules[symbol].step)
    bid, ask = market.bid(symbol), market.ask(symbol)
    return {
        "lastUpdateId": market.quoted_at(symbol),
        "bids": [[plain(bid - level * tick), size] for level in range(_LEVELS) if bid > level * tick],
        "asks": [[plain(ask + level * tick), size] for level in range(_LEVELS)],
    }


def _mark_price(market: Market, symbol: str) -> Event:
    at, mark = market.quoted_at(symbol), money(market.mark(symbol))
    funding = at - at % _FUNDING_INTERVAL + _FUNDING_INTERVAL
    return {
        "e": "markPriceUpdate",
        "E": at,
        "s": symbol,
        "p": mark,
        "i": mark,
        "P": mark,
        "r": "0.00000000",
        "T": funding,
    }


def _kline(market: Market, symbol: str, candle: Candle, *, is_closed: bool) -> Event:
    at = market.quoted_at(symbol)
    half, half_quote = money(candle.volume / 2), money(candle.quote_volume / 2)
    return {
        "e": "kline",
        "E": at,
        "s": symbol,
        "k": {
            "t": candle.opened,
            "T": candle.ended - 1,
            "s": symbol,
            "i": "1h",
            "f": candle.opened // 1000,
            "L": at // 1000,
            "o": plain(candle.open),
            "c": plain(candle.close),
            "h": plain(candle.high),
            "l": plain(candle.low),
            "v": plain(candle.volume),
            "n": (candle.ended - candle.opened) // 1000,
            "x": is_closed,
            "q": money(candle.quote_volume),
            "V": half,
            "Q": half_quote,
            "B": "0",
        },
    }
