import math
from typing import Any

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import deadline_exceeded
from petrosa_contracts import Code
from tests.builders import ago, breached, context, intent, passes

DEADLINE = 0.05


@pytest.mark.parametrize("took", [0.0, math.nextafter(DEADLINE, 0), DEADLINE])
def test_a_decision_within_its_deadline_passes(took: float) -> None:
    assert passes(deadline_exceeded.check(intent(), context(decision_seconds=took)))


def test_a_late_decision_is_vetoed() -> None:
    breach = breached(deadline_exceeded.check(intent(), context(decision_seconds=0.06)))
    assert (breach.code, breach.measured, breach.limit) == (Code.DEADLINE_EXCEEDED, 60.0, 50.0)
    assert breach.unit == "ms"
    assert "60 ms" in breach.message
    assert "50" in breach.message


def test_a_decision_late_by_a_hair_does_not_read_as_in_time() -> None:
    breach = breached(deadline_exceeded.check(intent(), context(decision_seconds=math.nextafter(DEADLINE, 1))))
    assert "50.1 ms" in breach.message


def test_the_deadline_is_a_setting() -> None:
    assert passes(deadline_exceeded.check(intent(), context(decision_seconds=0.06, decision_deadline_seconds=0.06)))


@pytest.mark.parametrize("seconds", [-0.2, 0.0, 2.0])
def test_a_sender_that_may_still_wait_is_answered(seconds: float) -> None:
    assert passes(deadline_exceeded.check(intent(), context(answer_by=ago(seconds))))


def test_what_nobody_waits_for_any_more_is_vetoed() -> None:
    breach = breached(deadline_exceeded.check(intent(), context(answer_by=ago(2.5))))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.DEADLINE_EXCEEDED, 2500, 2000, "ms")
    assert "until 2.5 seconds ago" in breach.message


@pytest.mark.parametrize("action", ["close", "hold"])
@pytest.mark.parametrize("late", [{"decision_seconds": 10.0}, {"answer_by": ago(60)}])
def test_exits_are_exempt(action: str, late: dict[str, Any]) -> None:
    assert evaluate(intent(action=action), context(**late)).approved
