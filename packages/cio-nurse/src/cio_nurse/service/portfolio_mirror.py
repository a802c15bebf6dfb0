"""The portfolio mirror: what is open and what it is worth, read every second."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from cio_decision.context import PortfolioView
from cio_decision.freshness import Ages, Input, Standing
from cio_nurse.domain.readings import read_portfolio
from cio_nurse.ports import Clock, InputStore
from cio_nurse.service.believed import Believed
from petrosa_contracts import PortfolioState

POLL_SECONDS = 1.0
"""How often the portfolio is read."""

_ONLY = "portfolio"


class PortfolioMirror:
    """Reads the portfolio every second. One that leaves the store stays as it was last seen and grows old."""

    name = Input.PORTFOLIO

    def __init__(
        self, store: InputStore, clock: Clock, ages: Ages, *, drawdown_limit: Decimal, tolerance_seconds: float
    ) -> None:
        self._store = store
        self._ages = ages
        self._drawdown_limit = drawdown_limit
        self._tolerance_seconds = tolerance_seconds
        self._states: Believed[PortfolioState] = Believed(
            self.name,
            clock,
            read=read_portfolio,
            as_of=lambda state: state.as_of,
            tolerance_seconds=tolerance_seconds,
        )

    @property
    def refused(self) -> int:
        """1 while what the store holds is not believed, else 0."""
        return self._states.refused

    async def until_read(self) -> None:
        """Return once the store has answered."""
        await self._states.until_read()

    def view(self) -> PortfolioView:
        """Return the portfolio as far as it is known."""
        return PortfolioView(state=self._states.values.get(_ONLY), ages=self._ages, drawdown_limit=self._drawdown_limit)

    def standing(self, now: datetime) -> Standing:
        """Return how far the portfolio can be relied on."""
        return self.view().standing(now, self._tolerance_seconds)

    async def run(self) -> None:
        """Follow the store until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(POLL_SECONDS)

    async def refresh(self) -> None:
        """Read the portfolio."""
        await self._states.refresh(self._stored())

    async def _stored(self) -> Mapping[str, bytes]:
        stored = await self._store.read_portfolio()
        return {} if stored is None else {_ONLY: stored}
