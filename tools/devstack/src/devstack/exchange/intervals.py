"""The intervals that candles come in."""

from datetime import UTC, datetime

from devstack.exchange.minutes import MINUTE
from devstack.exchange.refusals import Reason, RefusedError

HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = "1M"
_FIRST_MONDAY = 4 * DAY
"""Milliseconds from the epoch, a Thursday, to the first Monday."""

_LENGTHS = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": WEEK,
    MONTH: 31 * DAY,
}


def longest(interval: str) -> int:
    """Return the most milliseconds that a candle of this interval lasts; raises `RefusedError` for unknown ones."""
    if interval not in _LENGTHS:
        raise RefusedError(Reason.INVALID_INTERVAL)
    return _LENGTHS[interval]


def opening(interval: str, instant: int) -> int:
    """Return when the candle that holds `instant` opens; all are milliseconds since the epoch."""
    if interval == MONTH:
        then = datetime.fromtimestamp(instant / 1000, UTC)
        return int(datetime(then.year, then.month, 1, tzinfo=UTC).timestamp() * 1000)
    shift = _FIRST_MONDAY if _LENGTHS[interval] == WEEK else 0
    return instant - (instant - shift) % _LENGTHS[interval]


def ending(interval: str, opened: int) -> int:
    """Return when the candle that opened at `opened` ends: the opening of the next."""
    return opening(interval, opened + longest(interval)) if interval == MONTH else opened + longest(interval)
