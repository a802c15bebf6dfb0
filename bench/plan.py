"""How long each measurement runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """Alternating windows at one rate: intents per second, seconds per window, and how often the cycle repeats."""

    rate: int
    seconds: float
    cycles: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything whose length can be chosen. All times are seconds."""

    name: str
    warm_up_seconds: float
    stages: tuple[Stage, ...]
    ramp_seconds: float
    hold_seconds: float
    hold_rounds: int
    heartbeat_seconds: float
    evaluation_repeats: int
    evaluation_decisions: int
    enforcement_rounds: int


QUICK = Plan(
    name="quick",
    warm_up_seconds=1.0,
    stages=(Stage(200, 1.0, 1), Stage(1000, 1.0, 2), Stage(3000, 1.0, 1)),
    ramp_seconds=0.3,
    hold_seconds=2.0,
    hold_rounds=1,
    heartbeat_seconds=3.0,
    evaluation_repeats=5,
    evaluation_decisions=4000,
    enforcement_rounds=20,
)
"""A little more than a minute: enough to see that nothing is badly wrong."""

FULL = Plan(
    name="full",
    warm_up_seconds=2.0,
    stages=(Stage(200, 2.0, 3), Stage(1000, 2.0, 5), Stage(3000, 1.5, 4)),
    ramp_seconds=0.7,
    hold_seconds=4.0,
    hold_rounds=2,
    heartbeat_seconds=8.0,
    evaluation_repeats=9,
    evaluation_decisions=8000,
    enforcement_rounds=60,
)
"""About four minutes: enough pairs of windows to tell the gate from the noise."""
