"""What one message says about prices, and why something in it is not believed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from cio_strategist.domain.regime.candle import Candle
from petrosa_contracts.market import LivePrice

CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""How far ahead of our clock an event may be dated; the same as gates grant to intents."""

_LOWEST, _HIGHEST = Decimal("1e-12"), Decimal("1e12")
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000  # 2000-01-01 and 2100-01-01


class PriceKind(StrEnum):
    """Which of a symbol's prices."""

    LAST = "last"
    MARK = "mark"
    BID = "bid"
    ASK = "ask"


class Drop(StrEnum):
    """Why something is not believed, or not used. What is dropped changes nothing."""

    UNREADABLE = "unreadable"
    """No JSON object of the form that the source has, or too large."""
    NO_PRICE = "no_price"
    """Sound, but not something that a price can be read from, such as the changes of a book (diff depth)."""
    SYMBOL = "symbol"
    """No symbol in upper case, or another one than its stream's."""
    UNLISTED = "unlisted"
    """The exchange does not list the symbol, or its list is not known yet."""
    PRICE = "price"
    """Not a finite number above zero, or outside 1e-12 to 1e12."""
    CROSSED = "crossed"
    """The best bid is not below the best ask."""
    TIME = "time"
    """No time, or one that cannot be."""
    AHEAD = "ahead"
    """Dated more than `CLOCK_TOLERANCE` ahead of our clock."""
    LATE = "late"
    """Older than what is known already."""


class DroppedError(ValueError):
    """Raised while reading, and caught by whoever reads: nothing of it leaves this package."""

    def __init__(self, reason: Drop) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Observation:
    """Prices of one symbol, all made at one instant."""

    symbol: str
    as_of: datetime
    """When the exchange made them, aware UTC; never later than they were received."""
    prices: dict[PriceKind, Decimal]

    def quote(self, kind: PriceKind) -> LivePrice:
        """Return one of the prices with its time. Raises `KeyError` for one that was not observed."""
        return LivePrice(self.prices[kind], self.as_of)


@dataclass(frozen=True, slots=True)
class ClosedCandle:
    """A candle that will not change any more."""

    symbol: str
    interval: str
    """As the exchange writes it, such as 1h."""
    candle: Candle


def price_of(value: object) -> Decimal:
    """Return a price: decimal text as the exchange writes it, or a number. Raises `DroppedError`."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        price = Decimal(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float(_HIGHEST):
        price = Decimal(repr(value))
    else:
        raise DroppedError(Drop.PRICE)
    if not _LOWEST <= price <= _HIGHEST:
        raise DroppedError(Drop.PRICE)
    return price


def instant_of(milliseconds: object) -> datetime:
    """Return the instant of epoch milliseconds. Raises `DroppedError` outside the years 2000 to 2099."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        raise DroppedError(Drop.TIME)
    if not _EARLIEST_MS <= milliseconds < _LATEST_MS:
        raise DroppedError(Drop.TIME)
    return _EPOCH + timedelta(milliseconds=milliseconds)


def believed(made_at: datetime, *, received_at: datetime) -> datetime:
    """Return when something was made, as far as it can be: not later than received. Raises `DroppedError` if ahead."""
    if made_at > received_at + CLOCK_TOLERANCE:
        raise DroppedError(Drop.AHEAD)
    return min(made_at, received_at)


def book_of(bid: object, ask: object) -> dict[PriceKind, Decimal]:
    """Return the best prices of a book; None stands for an empty side, and one is not. Raises `DroppedError`."""
    prices: dict[PriceKind, Decimal] = {}
    if bid is not None:
        prices[PriceKind.BID] = price_of(bid)
    if ask is not None:
        prices[PriceKind.ASK] = price_of(ask)
    if not prices:
        raise DroppedError(Drop.NO_PRICE)
    if bid is not None and ask is not None and prices[PriceKind.BID] >= prices[PriceKind.ASK]:
        raise DroppedError(Drop.CROSSED)
    return prices
