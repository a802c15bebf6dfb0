"""A seeded market: a few symbols on correlated random walks, with a crash in them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import MappingProxyType

OPENING_PRICES: Mapping[str, float] = MappingProxyType({"BTCUSDT": 64_000.0, "ETHUSDT": 3_200.0, "SOLUSDT": 150.0})
"""Symbols and their first prices, quote per base."""

CRASH_FALL = 0.22
"""What the crash takes from every price on average, as a fraction."""

_SHARED_NOISE, _OWN_NOISE, _CRASH_NOISE = 0.0005, 0.0006, 0.004
_RECOVERY = 0.0008


class Phase(StrEnum):
    """What the market is doing."""

    CALM = "calm"
    CRASH = "crash"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Tick:
    """All prices at one moment; `index` counts from 0."""

    index: int
    phase: Phase
    prices: Mapping[str, float]


def market(seed: int, *, crash: range) -> Iterator[Tick]:
    """Yield ticks without end, the same ones for the same arguments; prices fall at the ticks in `crash`."""
    rng = Random(seed)
    prices = dict(OPENING_PRICES)
    index = 0
    while True:
        phase = _phase(index, crash)
        shared = rng.gauss(_drift(phase, crash), _SHARED_NOISE)
        noise = _CRASH_NOISE if phase is Phase.CRASH else _OWN_NOISE
        prices = {symbol: price * (1 + shared + rng.gauss(0, noise)) for symbol, price in prices.items()}
        yield Tick(index, phase, {symbol: _quoted(price) for symbol, price in prices.items()})
        index += 1


def _quoted(price: float) -> float:
    return round(price, 1 if price > 10_000 else 2)


def _phase(index: int, crash: range) -> Phase:
    if index in crash:
        return Phase.CRASH
    return Phase.CALM if index < crash.start else Phase.RECOVERY


def _drift(phase: Phase, crash: range) -> float:
    if phase is Phase.CRASH:
        return -CRASH_FALL / len(crash)
    return _RECOVERY if phase is Phase.RECOVERY else 0.0
