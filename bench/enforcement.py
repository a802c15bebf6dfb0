"""How fast a change of policy is enforced: from the moment it is sent until the gate judges by it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from bench.authority import Writers, running_authority
from bench.plan import Plan
from bench.processes import Child
from bench.statistic import Distribution, Spread
from bench.testbed import Testbed

FLOOR = "straight"
"""The way that everything is compared with: the same value, written by nobody but the bench."""

ROUNDS_TOLD_AT_ONCE = 10

_VALUES = (900.0, 950.0, 1000.0)
_WARM_UP_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One change, in milliseconds since it was sent; None for what was never seen."""

    answered: float
    """Until whoever sent it was answered: it is committed and recorded, and carried on to Redis."""
    in_redis: float | None
    """Until Redis showed the epoch."""
    enforced: float | None
    """Until the gate's pulse reported the epoch."""


@dataclass(frozen=True, slots=True)
class WaySeries:
    """All changes made in one way. `ratio` compares each with the straight write just before it, until enforced."""

    name: str
    answered: Distribution
    in_redis: Distribution
    enforced: Distribution
    ratio: Spread
    lost: int
    """Changes that the gate did not report in time; they are in no other number."""


def measure_enforcement(bed: Testbed, plan: Plan, advance: Callable[[str], None]) -> list[WaySeries]:
    """Change one limit time and again, in each way in turn. Raises `NotEnforcedError` if the authority refuses."""
    advance("starting MongoDB and the authority")
    with (
        running_authority(bed) as writers,
        Child("bench.watcher", bed.nats_url, bed.redis_url) as watcher,
    ):
        numbers = count()
        for _ in range(_WARM_UP_ROUNDS):
            _round(watcher, writers, numbers)
        rounds: list[dict[str, Change]] = []
        for number in range(plan.enforcement_rounds):
            if number % ROUNDS_TOLD_AT_ONCE == 0:
                advance(f"enforcement, round {number + 1} of {plan.enforcement_rounds}")
            rounds.append(_round(watcher, writers, numbers))
    return [series_of(name, rounds) for name in rounds[0]]


def series_of(name: str, rounds: Sequence[dict[str, Change]]) -> WaySeries:
    """Summarise one way's changes; a round counts in the ratio where neither of its two changes was lost."""
    changes = [found[name] for found in rounds]
    ratios = [
        change.enforced / floor.enforced
        for change, floor in ((found[name], found[FLOOR]) for found in rounds)
        if change.enforced is not None and floor.enforced is not None
    ]
    seen = [change for change in changes if change.enforced is not None]
    return WaySeries(
        name=name,
        answered=Distribution.of([change.answered for change in seen]),
        in_redis=Distribution.of([change.in_redis for change in seen if change.in_redis is not None]),
        enforced=Distribution.of([change.enforced for change in seen if change.enforced is not None]),
        ratio=Spread.of(ratios),
        lost=len(changes) - len(seen),
    )


def _round(watcher: Child, writers: Writers, numbers: "count[int]") -> dict[str, Change]:
    """Change policy once in each way, each time to another value than the one in force."""
    # The first writes what is in force, so it must know that before its time counts.
    writers.straight.look()
    return {
        FLOOR: _change(watcher, writers.straight.write),
        "in process": _change(watcher, partial(writers.in_process.write, _VALUES[next(numbers) % len(_VALUES)])),
        "gateway": _change(watcher, partial(writers.gateway.write, _VALUES[next(numbers) % len(_VALUES)])),
    }


def _change(watcher: Child, write: Callable[[], None]) -> Change:
    watcher.begin({})
    # Its first line says that it is on the watch.
    watcher.result()
    began = time.monotonic()
    write()
    answered = time.monotonic()
    seen = watcher.result()
    return Change(
        answered=(answered - began) * 1000,
        in_redis=None if seen["redis"] is None else (seen["redis"] - began) * 1000,
        enforced=None if seen["gate"] is None else (seen["gate"] - began) * 1000,
    )
