"""Summaries of what was measured."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """Latencies in milliseconds. With fewer than a thousand of them, `p999` is the largest."""

    count: int
    p50: float
    p99: float
    p999: float
    largest: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> "Distribution":
        """Summarise latencies; without any, all is NaN."""
        if not milliseconds:
            return cls(0, math.nan, math.nan, math.nan, math.nan)
        ranked = sorted(milliseconds)
        return cls(
            len(ranked), percentile(ranked, 0.5), percentile(ranked, 0.99), percentile(ranked, 0.999), ranked[-1]
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several values with the smallest and the largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise values; without any, all is NaN."""
        if not values:
            return cls(math.nan, math.nan, math.nan)
        return cls(statistics.median(values), min(values), max(values))


def percentile(ranked: Sequence[float], share: float) -> float:
    """Return the value below or at which `share` (0 to 1) of the ranked values lie (nearest rank)."""
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def median_known(values: Sequence[float | None]) -> float | None:
    """Return the median of the values that are known; None if none is."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
