"""Messages of the fleet's market data subject: the exchange's stream events, each in the socket client's wrapper.

| stream | read as |
| --- | --- |
| `<s>@trade`, `<s>@aggTrade` | last price |
| `<s>@ticker` | last price; best bid and ask where it has them |
| `<s>@kline_<i>` | last price; a candle once it is closed |
| `<s>@depth5`, `10`, `20` | best bid and ask, of the symbol that the stream's name tells: the event names none |
| `<s>@bookTicker` | best bid and ask |
| `<s>@markPrice` | mark price |
| `<s>@depth` | nothing: it tells changes of a book, and where its top is cannot be known from changes alone |

The time is the event's own `E`; a partial book without one has the time at which the socket client wrapped it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, cast

from pydantic_core import from_json

from cio_strategist.domain.market.observation import (
    ClosedCandle,
    Drop,
    DroppedError,
    Observation,
    PriceKind,
    believed,
    book_of,
    instant_of,
    price_of,
)
from cio_strategist.domain.regime.candle import Candle

LARGEST_MESSAGE: Final = 65_536
"""Bytes; a book of twenty levels has about two thousand."""

SYMBOL: Final = re.compile(r"[A-Z0-9]{2,30}(?:_[0-9]{6})?")
"""A symbol as the exchange writes it; those with a delivery date end in it."""

_STREAM = re.compile(r"([A-Za-z0-9_]{2,40})@([A-Za-z0-9_]+)(?:@[A-Za-z0-9]+)?")
_PARTIAL_BOOK = re.compile(r"depth(?:5|10|20)")
_LONGEST_INTERVAL = 4

Read = Observation | ClosedCandle
Fields = Mapping[str, Any]


def read_fleet_message(payload: bytes, *, received_at: datetime) -> list[Read] | Drop:
    """Return what a message says, or why it is not believed. Never raises. `received_at` is aware UTC."""
    try:
        return _read(payload, received_at)
    except DroppedError as dropped:
        return dropped.reason


def _read(payload: bytes, received_at: datetime) -> list[Read]:
    if len(payload) > LARGEST_MESSAGE:
        raise DroppedError(Drop.UNREADABLE)
    try:
        wrapper = _fields(from_json(payload, allow_inf_nan=False))
    except ValueError:
        raise DroppedError(Drop.UNREADABLE) from None
    event, stream = _fields(wrapper.get("data")), wrapper.get("stream")
    named = _STREAM.fullmatch(stream) if isinstance(stream, str) else None
    if named is None:
        raise DroppedError(Drop.UNREADABLE)
    symbol = _symbol(named[1], event.get("s"))
    if _PARTIAL_BOOK.fullmatch(named[2]):
        made_at = instant_of(event["E"]) if "E" in event else _wrapped_at(wrapper.get("timestamp"))
        return [Observation(symbol, believed(made_at, received_at=received_at), _partial_book(event))]
    read = _EVENTS.get(event.get("e", "")) if isinstance(event.get("e"), str) else None
    if read is None:
        raise DroppedError(Drop.NO_PRICE)
    return read(symbol, believed(instant_of(event.get("E")), received_at=received_at), event)


def _fields(value: object) -> Fields:
    if not isinstance(value, dict):
        raise DroppedError(Drop.UNREADABLE)
    return cast("Fields", value)


def _symbol(streamed: str, told: object) -> str:
    symbol = streamed.upper()
    if streamed != streamed.lower() or SYMBOL.fullmatch(symbol) is None or (told is not None and told != symbol):
        raise DroppedError(Drop.SYMBOL)
    return symbol


def _wrapped_at(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise DroppedError(Drop.TIME) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return instant_of(int(aware.timestamp() * 1000))
    except OverflowError:
        raise DroppedError(Drop.TIME) from None


def _partial_book(event: Fields) -> dict[PriceKind, Decimal]:
    return book_of(_top(event.get("bids", event.get("b"))), _top(event.get("asks", event.get("a"))))


def _top(levels: object) -> object:
    """Return the price of the first level, which is the best; None for a side without any."""
    if not isinstance(levels, list):
        raise DroppedError(Drop.UNREADABLE)
    if not levels:
        return None
    level = cast("list[object]", levels)[0]
    if not isinstance(level, list) or not level:
        raise DroppedError(Drop.UNREADABLE)
    return cast("list[object]", level)[0]


def _trade(symbol: str, as_of: datetime, event: Fields) -> list[Read]:
    return [Observation(symbol, as_of, {PriceKind.LAST: price_of(event.get("p"))})]


def _ticker(symbol: str, as_of: datetime, event: Fields) -> list[Read]:
    prices = {PriceKind.LAST: price_of(event.get("c"))}
    if "b" in event or "a" in event:
        prices |= book_of(event.get("b"), event.get("a"))
    return [Observation(symbol, as_of, prices)]


def _book_ticker(symbol: str, as_of: datetime, event: Fields) -> list[Read]:
    return [Observation(symbol, as_of, book_of(event.get("b"), event.get("a")))]


def _mark_price(symbol: str, as_of: datetime, event: Fields) -> list[Read]:
    return [Observation(symbol, as_of, {PriceKind.MARK: price_of(event.get("p"))})]


def _kline(symbol: str, as_of: datetime, event: Fields) -> list[Read]:
    kline = _fields(event.get("k"))
    interval, closed = kline.get("i"), kline.get("x")
    if not isinstance(interval, str) or len(interval) > _LONGEST_INTERVAL or not isinstance(closed, bool):
        raise DroppedError(Drop.UNREADABLE)
    if kline.get("s", symbol) != symbol:
        raise DroppedError(Drop.SYMBOL)
    prices = {name: price_of(kline.get(name)) for name in "ohlc"}
    read: list[Read] = [Observation(symbol, as_of, {PriceKind.LAST: prices["c"]})]
    if closed:
        candle = Candle(instant_of(kline.get("t")), *(float(prices[name]) for name in "ohlc"))
        read.append(ClosedCandle(symbol, interval, candle))
    return read


_EVENTS: Mapping[str, Callable[[str, datetime, Fields], list[Read]]] = {
    "trade": _trade,
    "aggTrade": _trade,
    "24hrTicker": _ticker,
    "bookTicker": _book_ticker,
    "markPriceUpdate": _mark_price,
    "kline": _kline,
}
