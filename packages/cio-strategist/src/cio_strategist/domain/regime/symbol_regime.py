"""One symbol's regime as its candles arrive: late, early, twice, in parts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cio_strategist.domain.regime.candle import Candle, Refusal
from cio_strategist.domain.regime.classifier import classify, status_of
from cio_strategist.domain.regime.settings import RegimeSettings
from cio_strategist.domain.regime.state import RegimeState
from petrosa_contracts import RegimeStatus


class SymbolRegime:
    """Takes closed candles and knows which one is missing next."""

    def __init__(self, symbol: str, settings: RegimeSettings) -> None:
        self.symbol = symbol
        self._settings = settings
        self._state = RegimeState()

    @property
    def status(self) -> RegimeStatus | None:
        """The regime as of the end of the newest candle; None before the first one."""
        return status_of(self.symbol, self._state, self._settings)

    @property
    def newest(self) -> Candle | None:
        """The newest candle taken."""
        return self._state.last

    def missing_since(self, now: datetime) -> datetime | None:
        """Return the start of the oldest candle that is closed at `now` (aware UTC) and was not taken; None if none is.

        Before the first one, that is as far back as the memory and its windows reach.
        """
        period, last = self._settings.period, self._state.last
        if last is None:
            return now - period * (self._settings.memory + self._settings.window + 1)
        following = last.opened_at + period
        return following if following + period <= now else None

    def take(self, candles: Sequence[Candle]) -> list[Refusal]:
        """Take closed candles, oldest first, and return why some were not."""
        refusals: list[Refusal] = []
        for candle in candles:
            made = classify(self._state, candle, self._settings)
            self._state = made.state
            if made.refusal is not None:
                refusals.append(made.refusal)
        return refusals

    def take_next(self, candle: Candle) -> bool:
        """Take a candle if it is the very next one, and return whether it was.

        Any other waits until those before it were read: taken now, it would make a gap of them.
        """
        last = self._state.last
        follows = last is not None and candle.opened_at == last.opened_at + self._settings.period
        return follows and not self.take([candle])

    def candles_in(self, span: timedelta) -> int:
        """Return how many candles a time span holds, begun ones included."""
        return -(-span // self._settings.period)
