"""Latency at a fixed rate: windows seconds apart, the bare transport in between."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.plan import Stage
from bench.statistic import Distribution, Spread, median_known
from bench.testbed import Testbed

CYCLE = (
    ("echo", "echo", "approved"),
    ("durable", "durable", "approved"),
    ("gate", "gate", "approved"),
    ("echo", "echo", "approved"),
    ("relay", "relay", "approved"),
    ("echo", "echo", "approved"),
    ("mixed", "gate", "mixed"),
)
"""What is measured in turn: name, target, kind of intents. Each is compared with the last echo before it, and the gate
with the durable echo right before it as well."""


@dataclass(frozen=True, slots=True)
class Window:
    """One window of one thing; `cpu_us` and `starved` are those of `Testbed.run`."""

    name: str
    sent: int
    outcomes: dict[str, int]
    latency: Distribution
    sent_late_p99_ms: float
    cpu_us: float | None
    starved: float | None


@dataclass(frozen=True, slots=True)
class Series:
    """All windows of one thing at one rate.

    `latency` is over all of them together. The ratios compare each window with the echo window just before it; for the
    echo itself, with the echo before it, which says how far two equal things differ here.
    """

    name: str
    latency: Distribution
    p50_ratio: Spread
    p99_ratio: Spread
    durable_p99_ratio: Spread | None
    """Of the gate: to the window of the durable echo before it."""
    cpu_us: float | None
    starved: float | None
    windows: list[Window]


@dataclass(frozen=True, slots=True)
class StageResult:
    """What was found at one rate."""

    rate: int
    seconds: float
    series: dict[str, Series]


@dataclass(slots=True)
class _Gathered:
    windows: list[Window] = field(default_factory=list[Window])
    after_durable: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    compared_with: list[Window] = field(default_factory=list[Window])
    milliseconds: list[float] = field(default_factory=list[float])


def measure_stage(bed: Testbed, stage: Stage, advance: Callable[[str], None]) -> StageResult:
    """Run the cycle as often as the stage says; `advance` is told before every window."""
    gathered = {name: _Gathered() for name, _, _ in CYCLE}
    echo: Window | None = None
    durable_p99 = math.nan
    for turn in range(stage.cycles):
        for name, target, kind in CYCLE:
            advance(f"{stage.rate}/s, cycle {turn + 1} of {stage.cycles}: {name}")
            found = bed.run("paced", target, kind, rate=stage.rate, seconds=stage.seconds)
            (milliseconds,) = found["milliseconds"]
            window = Window(
                name=name,
                sent=found["sent"],
                outcomes=found["outcomes"],
                latency=Distribution.of(milliseconds),
                sent_late_p99_ms=Distribution.of(found["sent_late_ms"]).p99,
                cpu_us=found["cpu_us"],
                starved=found["starved"],
            )
            series = gathered[name]
            if echo is not None:
                series.windows.append(window)
                series.compared_with.append(echo)
                series.milliseconds += milliseconds
            if name == "echo":
                echo = window
            elif name == "durable":
                durable_p99 = window.latency.p99
            elif name == "gate":
                series.after_durable.append((window.latency.p99, durable_p99))
    return StageResult(stage.rate, stage.seconds, {name: _series(name, found) for name, found in gathered.items()})


def _series(name: str, found: _Gathered) -> Series:
    pairs = list(zip(found.windows, found.compared_with, strict=True))
    return Series(
        name=name,
        latency=Distribution.of(found.milliseconds),
        p50_ratio=_ratio([(one.latency.p50, other.latency.p50) for one, other in pairs]),
        p99_ratio=_ratio([(one.latency.p99, other.latency.p99) for one, other in pairs]),
        durable_p99_ratio=_ratio(found.after_durable) if found.after_durable else None,
        cpu_us=median_known([window.cpu_us for window in found.windows]),
        starved=median_known([window.starved for window in found.windows]),
        windows=found.windows,
    )


def _ratio(pairs: Sequence[tuple[float, float]]) -> Spread:
    return Spread.of([one / other for one, other in pairs])
