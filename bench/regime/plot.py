"""The picture: price with the phases behind it, the rank that makes them, and the drawdown."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

from bench.regime.crashes import KNOWN, beginning_of
from bench.regime.replay import Reading
from cio_strategist.domain.regime.settings import RegimeSettings
from petrosa_contracts import VolatilityPhase

COLOURS = {
    VolatilityPhase.UNKNOWN: "#d9d9d9",
    VolatilityPhase.LOW: "#d6eaf8",
    VolatilityPhase.NORMAL: "#ffffff",
    VolatilityPhase.HIGH: "#fdd9a0",
    VolatilityPhase.EXTREME: "#f4978e",
}


def draw(readings: Sequence[Reading], settings: RegimeSettings, file: Path) -> None:
    """Write the picture of `readings` to `file`, as PNG."""
    times = [date2num(reading.status.as_of) for reading in readings]
    figure, (price, rank, fall) = plt.subplots(
        3, 1, figsize=(12, 7), sharex=True, height_ratios=(3, 1.2, 1), layout="constrained"
    )
    for phase, colour in COLOURS.items():
        label = f"volatility {phase}"
        for begin, end in _stretches(readings, phase):
            price.axvspan(times[begin], times[end], color=colour, linewidth=0, label=label)
            label = "_"
    price.plot(times, [reading.candle.close for reading in readings], color="#222222", linewidth=0.7)
    price.set_yscale("log")
    price.set_ylabel("price")
    price.legend(loc="upper center", ncols=5, fontsize=8, framealpha=1)
    for crash in KNOWN:
        place = beginning_of(crash, readings)
        if place is not None:
            price.axvline(times[place], color="#b03030", linewidth=0.8, linestyle=":")
            price.annotate(
                crash.name, (times[place], price.get_ylim()[0]), fontsize=8, rotation=90, va="bottom", ha="right"
            )
    rank.plot(times, [reading.status.features.volatility_rank for reading in readings], color="#224488", linewidth=0.5)
    for threshold in settings.volatility.enter:
        rank.axhline(threshold, color="#888888", linewidth=0.5)
    rank.set_ylabel("volatility rank")
    falls = [reading.status.features.drawdown for reading in readings]
    fall.plot(times, [None if value is None else -value for value in falls], color="#804020", linewidth=0.7)
    for threshold in settings.drawdown.enter:
        fall.axhline(-threshold, color="#888888", linewidth=0.5)
    fall.set_ylabel("below 30-day peak")
    locator = AutoDateLocator()
    fall.xaxis.set_major_locator(locator)
    fall.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    fall.set_xlim(times[0], times[-1])
    figure.savefig(file, dpi=80, metadata={"Software": None}, pil_kwargs={"optimize": True})
    plt.close(figure)


def _stretches(readings: Sequence[Reading], phase: VolatilityPhase) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    begin: int | None = None
    for place, reading in enumerate(readings):
        if reading.status.volatility is phase:
            begin = place if begin is None else begin
        elif begin is not None:
            found.append((begin, place))
            begin = None
    return [*found, (begin, len(readings) - 1)] if begin is not None else found
