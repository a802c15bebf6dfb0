"""Candles of one minute: those of the past, drawn backwards on demand, and those that grow with the ticks."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from devstack.exchange.rules import SymbolRules
from devstack.exchange.walk import market_draws, own_draws, per_second, shares

MINUTE = 60_000
MINUTES_PER_DAY = 1440
HISTORY_DAYS = 60
"""Days of candles from before the exchange's start; the symbols count as listed then."""


class Minute(NamedTuple):
    """One minute in log prices; `volume` is in the base asset."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class History:
    """The minutes before the start, made day by day as somebody asks for them, and not worth keeping.

    Minute -1 is the last one before the start and ends at the start price. The same seed gives the same history.
    """

    def __init__(self, seed: int, rules: SymbolRules, correlation: float) -> None:
        self._arguments = (seed, rules, correlation)
        self._minutes: list[Minute] = []

    def __reduce__(self) -> tuple[type["History"], tuple[int, SymbolRules, float]]:
        return History, self._arguments

    def minute(self, number: int) -> Minute:
        """Return a minute by its negative number; IndexError before the first."""
        if -number > HISTORY_DAYS * MINUTES_PER_DAY:
            raise IndexError("the symbol was not listed yet")
        while len(self._minutes) < -number:
            self._draw_a_day()
        return self._minutes[-number - 1]

    def _draw_a_day(self) -> None:
        seed, rules, correlation = self._arguments
        day = f"day {len(self._minutes) // MINUTES_PER_DAY}"
        common, own = market_draws(seed, day), own_draws(seed, rules.symbol, day)
        with_market, alone = shares(correlation)
        deviation = per_second(rules.yearly_volatility) * math.sqrt(60)
        close = self._minutes[-1].open if self._minutes else math.log(rules.start_price)
        for _ in range(MINUTES_PER_DAY):
            opened = close - deviation * (with_market * common.gauss(0.0, 1.0) + alone * own.gauss(0.0, 1.0))
            above, below = abs(own.gauss(0.0, 0.5)), abs(own.gauss(0.0, 0.5))
            high = max(opened, close) + deviation * above
            low = min(opened, close) - deviation * below
            volume = rules.volume_per_second * 60 * (0.5 + above + below)
            self._minutes.append(Minute(opened, high, low, close, volume))
            close = opened


@dataclass
class Minutes:
    """All minutes of one symbol, numbered from the minute of the start (0) in both directions."""

    history: History
    live: list[Minute] = field(default_factory=list[Minute])

    def add(self, number: int, level: float, volume: float) -> None:
        """Take a tick into minute `number`, filling minutes without any tick with the last price."""
        while len(self.live) <= number:
            last = self.live[-1].close if self.live else level
            self.live.append(Minute(last, last, last, last, 0.0))
        before = self.live[number]
        self.live[number] = Minute(
            before.open, max(before.high, level), min(before.low, level), level, before.volume + volume
        )

    def minute(self, number: int) -> Minute:
        """Return a minute by its number; IndexError before the first and after the last."""
        return self.history.minute(number) if number < 0 else self.live[number]
