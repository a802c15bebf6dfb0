"""The drills, on a clock that does not wait."""

from pathlib import Path

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


def test_the_readme_counts_the_drills() -> None:
    words = {14: "fourteen", 15: "fifteen", 16: "sixteen", 17: "seventeen"}
    readme = (Path(__file__).parents[3] / "tools/canary/README.md").read_text()
    assert f"{words[len(drills())]} drills" in readme
