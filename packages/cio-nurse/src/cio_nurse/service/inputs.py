"""The inputs besides policy: those of market, regime and portfolio that the settings name."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from cio_decision.context import MarketView, PortfolioView, RegimeView
from cio_decision.freshness import Freshness, Input, Standing
from cio_nurse.ports import Clock
from cio_nurse.service.market_mirror import MarketMirror
from cio_nurse.service.portfolio_mirror import PortfolioMirror
from cio_nurse.service.regime_mirror import RegimeMirror
from petrosa_contracts import Mode

WATCH_SECONDS = 0.5
"""How often it is noted whether an input has become stale, lost or fresh again."""

FIRST_SECONDS = 2.0
"""How long the store may take for its first answer before what it did not tell is called lost."""

_log = structlog.stdlib.get_logger()

_Mirror = MarketMirror | RegimeMirror | PortfolioMirror


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """The mirror of each input; None where the settings do not name it."""

    market: MarketMirror | None = None
    regime: RegimeMirror | None = None
    portfolio: PortfolioMirror | None = None

    def needed(self) -> tuple[_Mirror, ...]:
        """Return those that there are."""
        return tuple(each for each in (self.market, self.regime, self.portfolio) if each is not None)


class LiveInputs:
    """Shows each intent its views, and everybody else how the inputs as a whole stand."""

    def __init__(self, clock: Clock, mirrors: Mirrors | None = None) -> None:
        self._clock = clock
        self._mirrors = mirrors or Mirrors()
        self._needed = self._mirrors.needed()
        self._noted: dict[Input, Freshness] = {}

    @property
    def off(self) -> tuple[Input, ...]:
        """The inputs that the settings do not name."""
        needed = {mirror.name for mirror in self._needed}
        return tuple(each for each in Input if each not in needed)

    def market_view(self, symbol: str, now: datetime) -> MarketView | None:
        """Return what is known of a symbol; None if the market is off. Likewise the next two."""
        market = self._mirrors.market
        return None if market is None else market.view_for(symbol, now)

    def regime_view(self, symbol: str) -> RegimeView | None:
        """Return the regime of a symbol and of the market."""
        regime = self._mirrors.regime
        return None if regime is None else regime.view_for(symbol)

    def portfolio_view(self) -> PortfolioView | None:
        """Return the portfolio."""
        portfolio = self._mirrors.portfolio
        return None if portfolio is None else portfolio.view()

    def standing(self, name: Input) -> Standing | None:
        """Return how one input as a whole stands at this moment; None if it is off."""
        return self.standings().get(name)

    def standings(self) -> Mapping[Input, Standing]:
        """Return how each needed input as a whole stands at this moment."""
        now = self._clock.now()
        return {mirror.name: mirror.standing(now) for mirror in self._needed}

    def refused(self, name: Input) -> int:
        """Return how many values of an input are not believed; 0 if it is off."""
        return sum(mirror.refused for mirror in self._needed if mirror.name is name)

    def mode(self) -> Mode:
        """Return what the inputs as a whole allow: ACTIVE, or CONSERVATIVE if one of them is not fresh."""
        return Mode.ACTIVE if all(each.is_fresh for each in self.standings().values()) else Mode.CONSERVATIVE

    def reasons(self) -> list[str]:
        """Return what is wrong with each input that is not fresh."""
        return [each.reason for each in self.standings().values() if not each.is_fresh]

    async def until_read(self) -> None:
        """Return once the store has answered for every needed input."""
        for mirror in self._needed:
            await mirror.until_read()

    async def run(self) -> None:
        """Follow the store until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for mirror in self._needed:
                tasks.create_task(mirror.run())
            if self._needed:
                tasks.create_task(self._watch())

    def note(self) -> None:
        """Log every input that has become fresh, stale or lost since this was last called."""
        for name, found in self.standings().items():
            before = self._noted.get(name)
            if found.freshness is before:
                continue
            level = _log.info if found.is_fresh else _log.error
            level(
                "input_changed",
                input=name,
                before=before,
                now=found.freshness,
                age_seconds=found.age_seconds,
                reason=found.reason,
            )
            self._noted[name] = found.freshness

    async def _watch(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                await self.until_read()
        while True:
            self.note()
            await asyncio.sleep(WATCH_SECONDS)
