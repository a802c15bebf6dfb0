"""Crashes: which are known, when one begins, and how soon the classifier says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bench.regime.replay import Reading
from petrosa_contracts import VolatilityPhase

FALL = 0.05
"""A crash begins with the first close this far below the highest price of the day before."""
DAY = timedelta(days=1)
APART = timedelta(days=3)
"""Two beginnings closer than this are one crash; also how long a crash is looked at."""


@dataclass(frozen=True, slots=True)
class KnownCrash:
    """A crash that is remembered, and the days it is dated to (UTC, both included)."""

    name: str
    first: datetime
    last: datetime


KNOWN = (
    KnownCrash("Luna", datetime(2022, 5, 9, tzinfo=UTC), datetime(2022, 5, 12, tzinfo=UTC)),
    KnownCrash("Celsius, 3AC", datetime(2022, 6, 13, tzinfo=UTC), datetime(2022, 6, 18, tzinfo=UTC)),
    KnownCrash("FTX", datetime(2022, 11, 8, tzinfo=UTC), datetime(2022, 11, 10, tzinfo=UTC)),
    KnownCrash("SVB, USDC", datetime(2023, 3, 10, tzinfo=UTC), datetime(2023, 3, 14, tzinfo=UTC)),
    KnownCrash("August 2023", datetime(2023, 8, 17, tzinfo=UTC), datetime(2023, 8, 17, tzinfo=UTC)),
)


@dataclass(frozen=True, slots=True)
class Telling:
    """How the classifier met one crash. Hours are from the beginning; negative is before it."""

    began_at: datetime
    high_after: float | None
    """When it began to say high or extreme without a break; None: not within `APART`."""
    extreme_after: float | None
    """The same for extreme."""
    told: float
    """Share of the hours from the beginning for `APART` in which it said high or extreme."""
    fallen_before: float | None
    """How far the price was below the day's high when it began to say high or extreme, if that was not earlier."""
    fallen_after: float
    """How far the price fell further, from the close at the beginning to the lowest price within `APART`."""


def beginnings(readings: Sequence[Reading]) -> list[int]:
    """Return the places at which a crash begins: `FALL` below the day's high, and not for `APART` before."""
    found: list[int] = []
    below_at: datetime | None = None
    for place, reading in enumerate(readings):
        if _fallen(readings, place) < FALL:
            continue
        if below_at is None or reading.status.as_of - below_at > APART:
            found.append(place)
        below_at = reading.status.as_of
    return found


def beginning_of(crash: KnownCrash, readings: Sequence[Reading]) -> int | None:
    """Return the place of the first close within the crash's days that is `FALL` below the day's high."""
    for place, reading in enumerate(readings):
        if crash.first <= reading.candle.opened_at < crash.last + DAY and _fallen(readings, place) >= FALL:
            return place
    return None


def telling(readings: Sequence[Reading], place: int) -> Telling:
    """Return how the crash that begins at `place` was met."""
    began_at = readings[place].status.as_of
    ahead = [reading for reading in readings[place : place + 200] if reading.status.as_of <= began_at + APART]
    high = _since(readings, place, VolatilityPhase.HIGH)
    extreme = _since(readings, place, VolatilityPhase.EXTREME)
    return Telling(
        began_at=began_at,
        high_after=_hours(readings, place, high),
        extreme_after=_hours(readings, place, extreme),
        told=sum(_is_at_least(reading, VolatilityPhase.HIGH) for reading in ahead) / len(ahead),
        fallen_before=_fallen(readings, high) if high is not None and high >= place else None,
        fallen_after=1 - min(reading.candle.low for reading in ahead) / readings[place].candle.close,
    )


def calm_after(readings: Sequence[Reading], place: int) -> float | None:
    """Return after how many hours from `place` it first says low or normal again; None: not to the end."""
    told = _since(readings, place, VolatilityPhase.HIGH)
    if told is None:
        return None
    for later in range(told, len(readings)):
        if not _is_at_least(readings[later], VolatilityPhase.HIGH):
            return _hours(readings, place, later)
    return None


def changes_per_month(readings: Sequence[Reading], *, across_high: bool = False) -> float:
    """Return how often the volatility phase changed per 30 days; `across_high`: only to or from high and above."""
    known = [reading for reading in readings if reading.status.volatility is not VolatilityPhase.UNKNOWN]
    changes = sum(
        _is_at_least(one, VolatilityPhase.HIGH) != _is_at_least(other, VolatilityPhase.HIGH)
        if across_high
        else one.status.volatility is not other.status.volatility
        for one, other in pairwise(known)
    )
    return changes / ((known[-1].status.as_of - known[0].status.as_of) / timedelta(days=30))


def _since(readings: Sequence[Reading], place: int, phase: VolatilityPhase) -> int | None:
    """Where the unbroken stretch of `phase` or worse begins that holds `place`, or else the next one within `APART`."""
    if _is_at_least(readings[place], phase):
        while place > 0 and _is_at_least(readings[place - 1], phase):
            place -= 1
        return place
    until = readings[place].status.as_of + APART
    for later in range(place, len(readings)):
        if readings[later].status.as_of > until:
            return None
        if _is_at_least(readings[later], phase):
            return later
    return None


def _is_at_least(reading: Reading, phase: VolatilityPhase) -> bool:
    told = reading.status.volatility
    return told is not VolatilityPhase.UNKNOWN and told.severity >= phase.severity


def _fallen(readings: Sequence[Reading], place: int) -> float:
    """How far the close at `place` is below the highest price of the 24 candles up to it."""
    highest = max(reading.candle.high for reading in readings[max(place - 23, 0) : place + 1])
    return 1 - readings[place].candle.close / highest


def _hours(readings: Sequence[Reading], place: int, other: int | None) -> float | None:
    if other is None:
        return None
    return (readings[other].status.as_of - readings[place].status.as_of) / timedelta(hours=1)
