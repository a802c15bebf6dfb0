"""Made-up hourly candles with a crash in them, the same for the same seed."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cio_strategist.domain.regime.candle import Candle

START = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEPS = 12
"""Prices drawn within each candle unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A number of candles of one character."""

    candles: int
    volatility: float
    """Per candle, as a fraction of the price."""
    drift: float = 0.0
    """Per candle, in the log price."""


CALM_CRASH_CALM = (
    Stretch(2400, 0.004),
    Stretch(8, 0.02, drift=-0.03),
    Stretch(40, 0.02),
    Stretch(1200, 0.004),
)
"""100 quiet days, a fall by a fifth within 8 hours, 40 wild hours, 50 quiet days."""
CRASH_AT = CALM_CRASH_CALM[0].candles
"""Index of the first candle of the crash."""


def candles_of(stretches: tuple[Stretch, ...], *, seed: int, steps: int = STEPS) -> list[Candle]:
    """Return candles of a random walk through `stretches`; `steps` prices make each high and low."""
    random_ = random.Random(seed)
    made: list[Candle] = []
    price = 20_000.0
    for stretch in stretches:
        for _ in range(stretch.candles):
            path = [price]
            for _ in range(steps):
                step = random_.gauss(stretch.drift / steps, stretch.volatility / math.sqrt(steps))
                path.append(path[-1] * math.exp(step))
            made.append(Candle(START + len(made) * HOUR, path[0], max(path), min(path), path[-1]))
            price = path[-1]
    return made
