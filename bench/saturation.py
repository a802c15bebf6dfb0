"""What one gate process sustains, and whether its heartbeat stays prompt meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.plan import Plan
from bench.statistic import Distribution, Spread, median_known
from bench.testbed import Testbed

WINDOWS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
"""Outstanding requests of the ramp."""

RUNAWAY_MS = 250.0
"""A p99 above this means that more outstanding requests only wait longer."""

NEARLY_BEST = 0.97
"""The smallest window that reaches this share of the best throughput is held."""

PROBES_PER_SECOND = 100
"""Heartbeats asked for per second and subject."""

_PROBED = ("ping", "heartbeat", "echo")

STREAMS = {
    "echo": ("echo", "approved", "answered"),
    "durable": ("durable", "approved", "answered"),
    "approvals": ("gate", "approved", "approved"),
    "vetoes": ("gate", "vetoed", "CONFIDENCE_LOW"),
    "exits": ("gate", "exits", "approved"),
}
"""What is driven to its limit: target, kind of intents, and the outcome that counts as a real answer."""


@dataclass(frozen=True, slots=True)
class Held:
    """Requests per second with a real answer over several seconds, at a number of outstanding requests."""

    name: str
    window: int
    per_second: Spread
    latency: Distribution
    cpu_us: float | None
    starved: float | None
    outcomes: dict[str, int]
    ramp: dict[int, float]
    ramp_ended_by: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """Heartbeat latencies at saturation, those of a bare echo at the same moments, and the load meanwhile."""

    latency: dict[str, Distribution]
    outcomes: dict[str, int]
    intents_per_second: float


def ramp(bed: Testbed, name: str, plan: Plan, advance: Callable[[str], None]) -> tuple[int, dict[int, float], str]:
    """Raise the number of outstanding requests until it does harm.

    Return the number worth holding, requests per second by number, and what ended the ramp.
    """
    target, kind, wanted = STREAMS[name]
    reached: dict[int, float] = {}
    ended_by = "all windows tried"
    for window in WINDOWS:
        advance(f"{name}: ramp, {window} outstanding")
        found = bed.run("saturate", target, kind, window=window, seconds=plan.ramp_seconds)
        p99 = Distribution.of(found["milliseconds"][0]).p99
        if found["outcomes"].get("OVERLOADED"):
            ended_by = f"OVERLOADED at {window} outstanding"
            break
        if p99 > RUNAWAY_MS:
            ended_by = f"p99 of {p99:.0f} ms at {window} outstanding"
            break
        reached[window] = found["outcomes"].get(wanted, 0) / found["seconds"]
    enough = NEARLY_BEST * max(reached.values(), default=0)
    return next((window for window, rate in reached.items() if rate >= enough), WINDOWS[0]), reached, ended_by


def measure_throughput(bed: Testbed, plan: Plan, advance: Callable[[str], None]) -> dict[str, Held]:
    """Find what each stream sustains; the rounds go through all streams in turn."""
    ramps = {name: ramp(bed, name, plan, advance) for name in STREAMS}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in STREAMS}
    for turn in range(plan.hold_rounds):
        for name, (target, kind, _) in STREAMS.items():
            advance(f"{name}: sustained, round {turn + 1} of {plan.hold_rounds}")
            found[name].append(bed.run("saturate", target, kind, window=ramps[name][0], seconds=plan.hold_seconds))
    return {name: _held(name, ramps[name], rounds) for name, rounds in found.items()}


def measure_heartbeat(bed: Testbed, plan: Plan, window: int, advance: Callable[[str], None]) -> Pulse:
    """Ask for heartbeats while `window` approvals are outstanding all the time."""
    advance("heartbeat at saturation")
    seconds = plan.heartbeat_seconds
    bed.load.begin(
        {"job": "saturate", "targets": ["gate"], "kind": "approved", "window": window, "seconds": seconds + 1}
    )
    rate = PROBES_PER_SECOND * len(_PROBED)
    bed.probe.begin({"job": "paced", "targets": _PROBED, "kind": "approved", "rate": rate, "seconds": seconds})
    probed, load = bed.probe.result(), bed.load.result()
    return Pulse(
        latency={
            name: Distribution.of(milliseconds)
            for name, milliseconds in zip(_PROBED, probed["milliseconds"], strict=True)
        },
        outcomes=probed["outcomes"],
        intents_per_second=load["outcomes"].get("approved", 0) / load["seconds"],
    )


def _held(name: str, ramped: tuple[int, dict[int, float], str], rounds: list[dict[str, Any]]) -> Held:
    window, reached, ended_by = ramped
    wanted = STREAMS[name][2]
    outcomes: dict[str, int] = {}
    for found in rounds:
        for outcome, count in found["outcomes"].items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    return Held(
        name=name,
        window=window,
        per_second=Spread.of([found["outcomes"].get(wanted, 0) / found["seconds"] for found in rounds]),
        latency=Distribution.of([value for found in rounds for value in found["milliseconds"][0]]),
        cpu_us=median_known([found["cpu_us"] for found in rounds]),
        starved=median_known([found["starved"] for found in rounds]),
        outcomes=outcomes,
        ramp=reached,
        ramp_ended_by=ended_by,
    )
