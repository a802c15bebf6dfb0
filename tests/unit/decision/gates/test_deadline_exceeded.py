import math

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import deadline_exceeded
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes

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


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action), context(decision_seconds=10.0)).approved
