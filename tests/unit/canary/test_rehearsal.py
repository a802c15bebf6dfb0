"""The drills, on a clock that does not wait."""

import pytest

from canary.rehearsal import Drill, drills, run_drill
from canary.result import Verdict
from tests.canary_accounts import JumpingClock


@pytest.mark.parametrize("drill", drills(), ids=lambda drill: drill.title)
def test_every_drill_passes(drill: Drill) -> None:
    assert run_drill(drill, log=None, clock=JumpingClock()) is None


def test_a_drill_that_ends_otherwise_says_so() -> None:
    wrong = run_drill(Drill("impossible", ends=Verdict.LEFT), log=None, clock=JumpingClock())
    assert wrong is not None
    assert "expected left" in wrong
