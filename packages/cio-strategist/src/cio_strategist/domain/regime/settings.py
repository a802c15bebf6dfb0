"""What a classifier is set to. The defaults are conventions from the literature, not results of a search."""

from dataclasses import dataclass, field
from datetime import timedelta

from cio_strategist.domain.regime.hysteresis import Ladder
from cio_strategist.domain.regime.trend import FILLED

_DWELL = 12
_STEPS = 3
_SHORTEST = 2  # a line needs two points
_STRONGEST = 100.0


@dataclass(frozen=True, slots=True)
class RegimeSettings:
    """Windows in candles and thresholds. Raises `ValueError` for windows that cannot work.

    `docs/regime.md` says where each default comes from. For other candles than hourly ones set all windows: they count
    candles, not hours.
    """

    period: timedelta = timedelta(hours=1)
    """Length of a candle."""
    window: int = 24
    """Candles that volatility and slope are measured over: one day, so that every hour of the day is in it once."""
    memory: int = 2160
    """Past volatilities to rank against: 90 days."""
    memory_needed: int = 720
    """As many must be there before a rank means something: 30 days."""
    peak_window: int = 720
    """Candles whose highest price is the peak that drawdown is measured from: 30 days. It too is needed in full."""
    longest_gap: int = 6
    """Missing candles that are bridged as one jump. After a longer gap the day's windows start anew."""
    volatility: Ladder = field(default_factory=lambda: Ladder((0.30, 0.80, 0.95), (0.20, 0.70, 0.85), _DWELL))
    """Ranks, 0 to 1, from LOW to NORMAL, HIGH, EXTREME."""
    drawdown: Ladder = field(default_factory=lambda: Ladder((0.10, 0.20, 0.30), (0.075, 0.175, 0.275), _DWELL))
    """Falls, 0 to 1, from SHALLOW to CORRECTION, DEEP, SEVERE."""
    trend_enter: float = 25.0
    """Directional index at or above which there is a trend (Wilder)."""
    trend_leave: float = 20.0
    """Directional index below which there is none any more (Wilder)."""
    trend_dwell: int = _DWELL
    """Candles in a row that must ask for another trend before it is taken."""

    def __post_init__(self) -> None:
        windows = self.period > timedelta(0) and self.window >= _SHORTEST and self.longest_gap >= 0
        memories = 1 <= self.memory_needed <= self.memory and self.peak_window >= 1
        trends = 0 <= self.trend_leave < self.trend_enter <= _STRONGEST and self.trend_dwell >= 1
        if not (windows and memories and trends):
            raise ValueError("a window, a memory or a trend threshold of the regime's settings cannot work")
        if len(self.volatility.enter) != _STEPS or len(self.drawdown.enter) != _STEPS:
            raise ValueError("volatility and drawdown have four phases each, so three thresholds")

    @property
    def warm_up(self) -> int:
        """Candles without a long gap after which every phase is known."""
        return max(1 + self.window + self.memory_needed, self.peak_window, 1 + FILLED)
