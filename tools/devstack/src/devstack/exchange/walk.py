"""The seeded, correlated random walk that prices follow, one step a second."""

import math
from dataclasses import dataclass, field
from random import Random

SECONDS_PER_YEAR = 365 * 24 * 3600


@dataclass(slots=True)
class Slide:
    """A scripted fall (or rise): `per_step` is added to the log price of `symbols` for the `steps` to come."""

    symbols: frozenset[str]
    per_step: float
    steps: int


@dataclass(slots=True)
class Shock:
    """What one step did to a symbol: its new log price, and how lively the second was (1 on average)."""

    level: float
    liveliness: float


@dataclass
class Walk:
    """Log prices of several symbols; the same seed and script give the same prices, however time is stepped.

    Each step draws one normal number for the market and one per symbol; `correlation` (0 to 1) is the share of the
    market in every symbol's variance. A frozen symbol stays where it is while the draws go on.
    """

    seed: int
    levels: dict[str, float]
    volatilities: dict[str, float]
    correlation: float = 0.6
    frozen: set[str] = field(default_factory=set[str])
    slides: list[Slide] = field(default_factory=list[Slide])

    def __post_init__(self) -> None:
        self._common = market_draws(self.seed, "live")
        self._own = {symbol: own_draws(self.seed, symbol, "live") for symbol in self.levels}
        self._deviations = {symbol: per_second(yearly) for symbol, yearly in self.volatilities.items()}
        self._shares = shares(self.correlation)

    def step(self) -> dict[str, Shock]:
        """Move by one second and return what became of each symbol that is not frozen."""
        common = self._common.gauss(0.0, 1.0)
        with_market, alone = self._shares
        drifts = self._drifts() if self.slides else {}
        shocks: dict[str, Shock] = {}
        for symbol, level in self.levels.items():
            draw = with_market * common + alone * self._own[symbol].gauss(0.0, 1.0)
            if symbol in self.frozen:
                continue
            moved = level + draw * self._deviations[symbol] + drifts.get(symbol, 0.0)
            self.levels[symbol] = moved
            shocks[symbol] = Shock(moved, abs(draw) / MEAN_OF_ABSOLUTE_NORMAL)
        return shocks

    def _drifts(self) -> dict[str, float]:
        drifts: dict[str, float] = {}
        for slide in self.slides:
            slide.steps -= 1
            for symbol in slide.symbols:
                drifts[symbol] = drifts.get(symbol, 0.0) + slide.per_step
        self.slides = [slide for slide in self.slides if slide.steps > 0]
        return drifts


MEAN_OF_ABSOLUTE_NORMAL = math.sqrt(2 / math.pi)


def per_second(yearly_volatility: float) -> float:
    """Return the standard deviation of one second's log return."""
    return yearly_volatility / math.sqrt(SECONDS_PER_YEAR)


def shares(correlation: float) -> tuple[float, float]:
    """Return the weights of the market's draw and of a symbol's own, so that two symbols correlate by `correlation`."""
    return math.sqrt(correlation), math.sqrt(1 - correlation)


def market_draws(seed: int, purpose: str) -> Random:
    """Return the source of the draws that all symbols share."""
    return Random(f"{seed}/market/{purpose}")  # noqa: S311 - a simulation that must be repeatable


def own_draws(seed: int, symbol: str, purpose: str) -> Random:
    """Return the source of a symbol's own draws."""
    return Random(f"{seed}/symbol/{symbol}/{purpose}")  # noqa: S311 - a simulation that must be repeatable
