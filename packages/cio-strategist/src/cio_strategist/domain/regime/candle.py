"""Candles, and which of them are refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_LOWEST, _HIGHEST = 1e-12, 1e12


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed candle. Whoever feeds a classifier waits until a candle is closed: an open one shows too little."""

    opened_at: datetime
    """Start of its period, aware UTC."""
    open: float
    high: float
    low: float
    close: float


class Refusal(StrEnum):
    """Why a candle is not taken. A refused candle changes nothing."""

    PRICE = "price"
    """A price is not finite, not positive, or outside 1e-12 to 1e12."""
    SHAPE = "shape"
    """The high is not the highest or the low is not the lowest of its four prices."""
    OFF_GRID = "off_grid"
    """It does not start a whole number of periods after the one before."""
    DUPLICATE = "duplicate"
    """A candle of this period was taken already; the first one stands, be the second the same or not."""
    OUT_OF_ORDER = "out_of_order"
    """It is older than the last one taken."""


def refusal_of(candle: Candle, last: Candle | None, period: timedelta) -> Refusal | None:
    """Return why `candle` cannot follow `last`, the newest one taken so far; None if it can."""
    # NaN fails the comparison, so it is refused like any other number out of range.
    if not all(_LOWEST <= price <= _HIGHEST for price in (candle.open, candle.high, candle.low, candle.close)):
        return Refusal.PRICE
    if candle.high < max(candle.open, candle.close) or candle.low > min(candle.open, candle.close):
        return Refusal.SHAPE
    if last is None:
        return None
    ahead = candle.opened_at - last.opened_at
    if not ahead:
        return Refusal.DUPLICATE
    if ahead < timedelta(0):
        return Refusal.OUT_OF_ORDER
    return Refusal.OFF_GRID if ahead % period else None
