"""Showing the numbers: tables for people."""

import math
import sys
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.table import Table

from bench.enforcement import WaySeries
from bench.evaluation import DecisionCost
from bench.goals import Goal
from bench.saturation import Held, Pulse
from bench.statistic import Spread
from bench.windows import StageResult

_NAMES = {
    "echo": "bare echo (A/A)",
    "relay": "bare relay",
    "durable": "echo and JetStream",
    "gate": "gate, approvals",
    "mixed": "gate, half vetoed",
}
_WAYS = {
    "straight": "straight into Redis",
    "in process": "authority, in process",
    "gateway": "authority, over HTTP",
}
_PLAIN_WIDTH = 150


def console() -> Console:
    """Return the console for the report; without a terminal it is plain and wide enough for the tables."""
    return Console() if sys.stdout.isatty() else Console(width=_PLAIN_WIDTH, no_color=True)


def table_of(title: str, headings: Sequence[str], *, words: Collection[str] = ()) -> Table:
    """Return an empty table: a column for names, then one for each heading, with `words` or else numbers in it."""
    table = Table("", title=title)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in words else "right")
    return table


def stage_table(stage: StageResult) -> Table:
    """Return latencies at one rate, with each ratio's median and its smallest and largest."""
    table = table_of(
        f"Latency at {stage.rate}/s (windows of {stage.seconds:g} s, ratios to the echo just before)",
        (
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "p50 ratio",
            "p99 ratio",
            "sent late",
            "CPU us",
            "starved",
            "outcomes",
        ),
        words={"outcomes"},
    )
    for name, series in stage.series.items():
        outcomes: dict[str, int] = {}
        for window in series.windows:
            for outcome, count in window.outcomes.items():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
        latency = series.latency
        table.add_row(
            _NAMES[name],
            f"{latency.p50:.2f}",
            f"{latency.p99:.2f}",
            f"{latency.p999:.2f}",
            _spread(series.p50_ratio),
            _spread(series.p99_ratio),
            f"{Spread.of([window.sent_late_p99_ms for window in series.windows]).median:.2f}",
            _whole(series.cpu_us),
            _share(series.starved),
            _listed(outcomes),
        )
        if series.durable_p99_ratio is not None:
            table.caption = f"p99 of {_NAMES[name]}, to the echo with JetStream: {_spread(series.durable_p99_ratio)}"
    return table


def throughput_table(found: dict[str, Held]) -> Table:
    """Return what is sustained, and how that compares with the bare echo."""
    table = table_of(
        "Sustained by one process (real answers per second; the echo is the client's own limit)",
        (
            "per second",
            "to echo",
            "outstanding",
            "p50 ms",
            "p99 ms",
            "CPU us",
            "starved",
            "ramp ended by",
            "outcomes",
        ),
        words={"ramp ended by", "outcomes"},
    )
    echo = found["echo"].per_second.median
    for name, held in found.items():
        table.add_row(
            name,
            _spread(held.per_second, ",.0f"),
            f"{held.per_second.median / echo:.2f}",
            str(held.window),
            f"{held.latency.p50:.1f}",
            f"{held.latency.p99:.1f}",
            _whole(held.cpu_us),
            _share(held.starved),
            held.ramp_ended_by,
            _listed(held.outcomes),
        )
    return table


def heartbeat_table(pulse: Pulse) -> Table:
    """Return heartbeat latencies at saturation."""
    table = table_of(
        f"Heartbeat while {pulse.intents_per_second:,.0f} approvals/s pass",
        ("asked", "p50 ms", "p99 ms", "largest ms"),
    )
    names = {"ping": "cio.ping", "heartbeat": "cio.heartbeat", "echo": "bare echo meanwhile"}
    for name, latency in pulse.latency.items():
        row = (str(latency.count), f"{latency.p50:.2f}", f"{latency.p99:.2f}", f"{latency.largest:.2f}")
        table.add_row(names[name], *row)
    return table


def evaluation_table(costs: list[DecisionCost]) -> Table:
    """Return CPU time per decision: best repeat and median."""
    table = table_of(
        "CPU of the decision alone, us per intent (best / median)",
        ("decode", "evaluate", "decode and evaluate", "both, after 1 ms asleep"),
    )
    for cost in costs:
        spreads = (cost.decode, cost.evaluate, cost.both, cost.after_sleep)
        cells = (f"{spread.low:.1f} / {spread.median:.1f}" for spread in spreads)
        table.add_row(cost.kind, *cells)
    return table


def enforcement_table(ways: list[WaySeries]) -> Table:
    """Return how long changes of policy took, with each ratio's median and its smallest and largest."""
    table = table_of(
        "A change of policy, ms since it was sent (ratio to the straight write just before)",
        (
            "changes",
            "answered p50",
            "p99",
            "in Redis p50",
            "p99",
            "gate shows it p50",
            "p99",
            "largest",
            "ratio",
            "lost",
        ),
    )
    for way in ways:
        stages = (way.answered, way.in_redis, way.enforced)
        table.add_row(
            _WAYS[way.name],
            str(way.enforced.count),
            *(f"{value:.1f}" for stage in stages for value in (stage.p50, stage.p99)),
            f"{way.enforced.largest:.1f}",
            _spread(way.ratio),
            str(way.lost),
        )
    return table


def goal_table(goals: list[Goal]) -> Table:
    """Return the goals, met or not."""
    table = Table("", "goal", "measured", "", title="Goals")
    verdicts = {True: "met", False: "not met", None: "-"}
    for goal in goals:
        table.add_row(goal.name, goal.wanted, goal.measured, verdicts[goal.met])
    return table


def _spread(spread: Spread, form: str = ".2f") -> str:
    if math.isnan(spread.median):
        return "-"
    return f"{spread.median:{form}} [{spread.low:{form}}-{spread.high:{form}}]"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _listed(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items()))
