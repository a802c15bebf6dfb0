"""The market: the local exchange's prices, tick by tick, and what the play does to them."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from devstack.exchange.control import ExchangeControl

TICK_SECONDS = 0.25
EXCHANGE_SEED = 32
"""A history in which BTC, ETH and SOL are calm for weeks, at whatever hour the play begins."""

FALLEN = "DOGEUSDT"
"""What crashed in the night before the play, in candles that are closed."""

_NIGHT = timedelta(hours=12)
_NIGHT_FALL_PERCENT, _NIGHT_FALL_SECONDS = 35, 8 * 3600
_CRASH_PERCENT, _SECOND_PERCENT = 12, 14
_FUND_USD = 40_000


class Phase(StrEnum):
    """What the market is doing."""

    CALM = "calm"
    CRASH = "crash"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Form:
    """How a symbol's prices and quantities are written, and the least worth of an order, quote currency."""

    price_decimals: int
    quantity_decimals: int
    least_usd: int


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "BTCUSDT": Form(1, 3, 100),
        "ETHUSDT": Form(2, 3, 20),
        "SOLUSDT": Form(2, 2, 5),
        FALLEN: Form(5, 0, 5),
    }
)
"""The symbols that are traded."""


@dataclass(frozen=True, slots=True)
class Tick:
    """All prices at one moment, quote per base; `index` counts from 0."""

    index: int
    phase: Phase
    prices: Mapping[str, float]


def night_began(now: datetime) -> datetime:
    """Return from when the exchange plays its night: a whole hour, so that its candles are the same at any minute."""
    return now.replace(minute=0, second=0, microsecond=0) - _NIGHT


def until_the_hour_is_over(now: datetime, seconds: float) -> float:
    """Return how long a play of `seconds` has to wait so that no candle closes on it; 0 if none would.

    The play's crash must not be in a closed candle while the play goes on: that would be another regime.
    """
    left = 3600 - (now.minute * 60 + now.second + now.microsecond / 1e6)
    return left + 1 if left < seconds else 0.0


class Market:
    """The market behind `control`."""

    def __init__(self, control: ExchangeControl) -> None:
        self._control = control
        self._crash_ends = 0.0
        self._is_frozen = False

    @property
    def phase(self) -> Phase:
        """What it is doing now."""
        if self._is_frozen:
            return Phase.FROZEN
        return Phase.CRASH if time.monotonic() < self._crash_ends else Phase.CALM

    def pass_the_night(self) -> None:
        """Give the fund its money, let one symbol fall for hours, and let time run from now on."""
        self._control.fund(_FUND_USD)
        self._control.crash(_NIGHT_FALL_PERCENT, seconds=_NIGHT_FALL_SECONDS, symbols=[FALLEN])
        self._control.run()

    async def ticks(self) -> AsyncGenerator[Tick]:
        """Yield all prices every `TICK_SECONDS`, without end."""
        began, index = time.monotonic(), 0
        while True:
            told: Mapping[str, str] = (await asyncio.to_thread(self._control.state))["prices"]
            prices = {name: round(float(told[name]), form.price_decimals) for name, form in FORMS.items()}
            yield Tick(index, self.phase, prices)
            index += 1
            await asyncio.sleep(began + index * TICK_SECONDS - time.monotonic())

    async def crash(self, seconds: float) -> None:
        """Let all prices fall within `seconds`, rounded up to whole ones."""
        await self._fall(_CRASH_PERCENT, seconds)

    async def crash_again(self, seconds: float) -> None:
        """Let them fall once more."""
        await self._fall(_SECOND_PERCENT, seconds)

    async def freeze(self) -> None:
        """Let prices stand still: nothing is streamed any more, and what is polled grows old."""
        await asyncio.to_thread(self._control.freeze)
        self._is_frozen = True

    async def thaw(self) -> None:
        """Let prices move again."""
        await asyncio.to_thread(self._control.unfreeze)
        self._is_frozen = False

    async def _fall(self, percent: float, seconds: float) -> None:
        whole = max(1, round(seconds))
        await asyncio.to_thread(self._control.crash, percent, seconds=whole)
        # One second more: the exchange's next step may be almost a second away.
        self._crash_ends = time.monotonic() + whole + 1
