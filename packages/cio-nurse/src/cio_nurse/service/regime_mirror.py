"""The regime mirror: the state of every symbol and of the market as a whole, read every second."""

import asyncio
from datetime import datetime

from cio_decision.context import RegimeView
from cio_decision.freshness import Ages, Input, Standing, standing
from cio_nurse.domain.readings import MARKET_AS_A_WHOLE, read_regime
from cio_nurse.ports import Clock, InputStore
from cio_nurse.service.believed import Believed
from petrosa_contracts import RegimeStatus

POLL_SECONDS = 1.0
"""How often the regimes are read; what has not changed since costs a comparison of bytes."""


class RegimeMirror:
    """Reads all regimes every second. One that leaves the store stays as it was last seen and grows old."""

    name = Input.REGIME

    def __init__(self, store: InputStore, clock: Clock, ages: Ages, *, tolerance_seconds: float) -> None:
        self._store = store
        self._ages = ages
        self._tolerance_seconds = tolerance_seconds
        self._statuses: Believed[RegimeStatus] = Believed(
            self.name,
            clock,
            read=read_regime,
            as_of=lambda status: status.as_of,
            tolerance_seconds=tolerance_seconds,
        )

    @property
    def refused(self) -> int:
        """How many fields hold something that is not believed."""
        return self._statuses.refused

    async def until_read(self) -> None:
        """Return once the store has answered."""
        await self._statuses.until_read()

    def view_for(self, symbol: str) -> RegimeView:
        """Return the regime of a symbol and that of the market."""
        statuses = self._statuses.values
        return RegimeView(symbol=statuses.get(symbol), market=statuses.get(MARKET_AS_A_WHOLE), ages=self._ages)

    def standing(self, now: datetime) -> Standing:
        """Return how far the regimes as a whole can be relied on: by the newest of them."""
        return standing(
            "the regime", self._statuses.newest, self._ages, now=now, tolerance_seconds=self._tolerance_seconds
        )

    async def run(self) -> None:
        """Follow the store until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(POLL_SECONDS)

    async def refresh(self) -> None:
        """Read all regimes."""
        await self._statuses.refresh(self._store.read_regime())
