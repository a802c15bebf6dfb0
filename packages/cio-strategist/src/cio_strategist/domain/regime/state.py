"""Everything that a classifier remembers of one symbol, as one value."""

from dataclasses import dataclass, field

from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.hysteresis import Heading, Level
from cio_strategist.domain.regime.trend import Directional


@dataclass(frozen=True, slots=True)
class RegimeState:
    """What is remembered of one symbol; the lengths are bounded by the settings. The empty state knows nothing."""

    last: Candle | None = None
    """The newest candle taken."""
    variances: tuple[float, ...] = ()
    """Of the candles in the window, oldest first."""
    closes: tuple[float, ...] = ()
    """In the window, oldest first."""
    directional: Directional = field(default_factory=Directional)
    past: tuple[float, ...] = ()
    """Annualised volatilities before the current one, oldest first."""
    highs: tuple[float, ...] = ()
    """In the peak window, oldest first."""
    current: float | None = None
    """Annualised volatility now; None while the window fills."""
    rank: float | None = None
    """Where it stands in its past, 0 to 1; None while there is too little past."""
    volatility: Level | None = None
    drawdown: Level | None = None
    trend: Heading | None = None
