"""Everything that a classifier remembers of one symbol, as one value that can be kept and read back."""

from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

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


class StateUnreadableError(ValueError):
    """A kept state that cannot be read. Build a new one from past candles."""


_ADAPTER = TypeAdapter(RegimeState)


def dump_state(state: RegimeState) -> bytes:
    """Return the state as JSON, to the last bit: the same candles give the same statuses before and after."""
    return _ADAPTER.dump_json(state)


def restore_state(kept: bytes | str) -> RegimeState:
    """Read what `dump_state` wrote. Settings are not part of it: use it with those it was made with.

    Raises `StateUnreadableError`.
    """
    try:
        return _ADAPTER.validate_json(kept)
    except ValidationError as error:
        raise StateUnreadableError(f"a kept regime state cannot be read: {error.error_count()} faults") from error
