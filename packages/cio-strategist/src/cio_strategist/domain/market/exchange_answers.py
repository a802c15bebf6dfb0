"""Prices in the exchange's answers about all symbols at once, and its past candles."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from cio_strategist.domain.json_shape import json_list, json_map
from cio_strategist.domain.market.fleet_message import SYMBOL
from cio_strategist.domain.market.observation import (
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

_KLINE_FIELDS = 7  # opening time, four prices, volume, closing time; more follow


def read_premium_index(answer: object, *, received_at: datetime) -> list[Observation | Drop]:
    """Return the mark prices in an answer to `/fapi/v1/premiumIndex`, and a reason for each row without one."""
    return [_row(row, received_at, _mark) for row in _rows(answer)]


def read_book_tickers(answer: object, *, received_at: datetime) -> list[Observation | Drop]:
    """Return the best prices in an answer to `/fapi/v1/ticker/bookTicker`, and a reason for each row without any."""
    return [_row(row, received_at, _book) for row in _rows(answer)]


def read_klines(answer: object) -> list[tuple[Candle, datetime]] | None:
    """Return candles with the instants at which they close, oldest first; None for anything unreadable.

    The newest may still be growing.
    """
    try:
        return [_candle(row) for row in _rows(answer)]
    except DroppedError:
        return None


def _rows(answer: object) -> list[object]:
    found = json_list(answer)
    return [None] if found is None else found


def _row(
    row: object, received_at: datetime, prices_of: Callable[[Mapping[str, object]], dict[PriceKind, Decimal]]
) -> Observation | Drop:
    try:
        fields = json_map(row)
        if fields is None:
            return Drop.UNREADABLE
        symbol = fields.get("symbol")
        if not isinstance(symbol, str) or SYMBOL.fullmatch(symbol) is None:
            return Drop.SYMBOL
        as_of = believed(instant_of(fields.get("time")), received_at=received_at)
        return Observation(symbol, as_of, prices_of(fields))
    except DroppedError as dropped:
        return dropped.reason


def _mark(row: Mapping[str, object]) -> dict[PriceKind, Decimal]:
    return {PriceKind.MARK: price_of(row.get("markPrice"))}


def _book(row: Mapping[str, object]) -> dict[PriceKind, Decimal]:
    return book_of(row.get("bidPrice"), row.get("askPrice"))


def _candle(row: object) -> tuple[Candle, datetime]:
    fields = json_list(row)
    if fields is None or len(fields) < _KLINE_FIELDS:
        raise DroppedError(Drop.UNREADABLE)
    open_, high, low, close = (float(price_of(value)) for value in fields[1:5])
    return Candle(instant_of(fields[0]), open_, high, low, close), instant_of(fields[6])
