"""What the gate is meant to reach. Goals are shown beside the numbers and never fail a run."""

import math
from dataclasses import dataclass

from bench.enforcement import FLOOR, WaySeries
from bench.evaluation import DecisionCost
from bench.saturation import Held, Pulse
from bench.windows import StageResult

RATIO_RATE = 1000
LARGEST_P99_RATIO = 1.5
LARGEST_DURABLE_P99_RATIO = 1.5
LARGEST_DECISION_US = 60.0
LARGEST_HEARTBEAT_MS = 20.0
SMALLEST_PER_SECOND = 10_000
LONGEST_ENFORCEMENT_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal with what was measured; `met` is None where it was not measured."""

    name: str
    wanted: str
    measured: str
    met: bool | None


def judge(
    stages: list[StageResult],
    throughput: dict[str, Held],
    pulse: Pulse | None,
    costs: list[DecisionCost],
    changes: list[WaySeries],
) -> list[Goal]:
    """Compare what was measured with the goals."""
    ratios = [stage.series["gate"].p99_ratio.median for stage in stages if stage.rate == RATIO_RATE]
    durable = [
        ratio.median
        for stage in stages
        if stage.rate == RATIO_RATE and (ratio := stage.series["gate"].durable_p99_ratio)
    ]
    sustained = [held.per_second.median for name, held in throughput.items() if name == "approvals"]
    beats = [] if pulse is None else [pulse.latency[name].p99 for name in ("ping", "heartbeat")]
    enforced = [math.inf if way.lost else way.enforced.largest for way in changes if way.name != FLOOR]
    return [
        _at_most(f"p99 of approvals at {RATIO_RATE}/s against the echo's", ratios, LARGEST_P99_RATIO, "x"),
        _at_most(
            f"p99 of approvals at {RATIO_RATE}/s against an echo with a JetStream publish",
            durable,
            LARGEST_DURABLE_P99_RATIO,
            "x",
        ),
        _at_most("decode and evaluate, median CPU", [cost.both.median for cost in costs], LARGEST_DECISION_US, " us"),
        _at_most("heartbeat p99 at saturation", beats, LARGEST_HEARTBEAT_MS, " ms"),
        Goal(
            "approvals sustained by one process",
            f"at least {SMALLEST_PER_SECOND:,}/s",
            f"{sustained[0]:,.0f}/s" if sustained else "not measured",
            sustained[0] >= SMALLEST_PER_SECOND if sustained else None,
        ),
        _at_most("a change of policy enforced, the slowest", enforced, LONGEST_ENFORCEMENT_MS, " ms"),
    ]


def _at_most(name: str, values: list[float], limit: float, unit: str) -> Goal:
    worst = max(values, default=math.nan)
    known = not math.isnan(worst)
    measured = f"{worst:.2f}{unit}" if known else "not measured"
    return Goal(name, f"at most {limit:g}{unit}", measured, worst <= limit if known else None)
