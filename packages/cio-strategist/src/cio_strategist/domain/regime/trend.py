"""Where a price is heading: strength by Wilder's directional movement, direction by a fitted line."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, log
from statistics import fmean

from cio_strategist.domain.regime.candle import Candle

WILDER_PERIOD = 14
"""Candles that Wilder smooths over."""

FILLED = 2 * WILDER_PERIOD - 1
"""Candles after the first until the index is known: a period for the sums, and a period of sums for the average."""


@dataclass(frozen=True, slots=True)
class Directional:
    """Wilder's running sums."""

    true_range: float = 0.0
    plus: float = 0.0
    minus: float = 0.0
    average: float = 0.0
    """Average directional index, 0 to 100, once `candles` is `FILLED`; the part summed so far before."""
    candles: int = 0
    """How many were taken, counted up to `FILLED`."""

    @property
    def adx(self) -> float | None:
        """The average directional index, 0 to 100; None while it warms up."""
        return self.average if self.candles >= FILLED else None

    @property
    def lead(self) -> float:
        """Which direction leads: above 0 upwards, below 0 downwards."""
        return self.plus - self.minus


def directional(before: Directional, candle: Candle, previous: Candle) -> Directional:
    """Return the sums after one more candle.

    J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978: true range and directional movement, each
    smoothed by `S - S / 14 + new`, and the index averaged by `(13 * A + new) / 14`. Where nothing moves at all the
    index is 0.
    """
    true_range = max(candle.high, previous.close) - min(candle.low, previous.close)
    up, down = candle.high - previous.high, previous.low - candle.low
    plus = up if up > max(down, 0.0) else 0.0
    minus = down if down > max(up, 0.0) else 0.0
    fills = before.candles < WILDER_PERIOD
    kept = 1.0 if fills else 1 - 1 / WILDER_PERIOD
    sums = (before.true_range * kept + true_range, before.plus * kept + plus, before.minus * kept + minus)
    if before.candles + 1 < WILDER_PERIOD:
        return Directional(*sums, average=0.0, candles=before.candles + 1)
    moved = sums[1] + sums[2]
    index = 100 * abs(sums[1] - sums[2]) / moved if moved > 0 else 0.0
    if before.candles >= FILLED:
        average = (before.average * (WILDER_PERIOD - 1) + index) / WILDER_PERIOD
    else:
        average = before.average + index / WILDER_PERIOD
    return Directional(*sums, average=min(average, 100.0), candles=min(before.candles + 1, FILLED))


def fitted_slope(closes: Sequence[float]) -> float:
    """Return the growth per candle of the log price by ordinary least squares over two or more closes."""
    middle = (len(closes) - 1) / 2
    logs = [log(close / closes[0]) for close in closes]
    mean = fmean(logs)
    covered = fsum((place - middle) * (value - mean) for place, value in enumerate(logs))
    return covered / fsum((place - middle) ** 2 for place in range(len(closes)))
