import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import leverage_max
from petrosa_contracts import Code
from tests.builders import ABSENT, breached, context, intent, passes, policy

STRICT = context(policy=policy(version=11, max_leverage_bound=20, leverage=5))


@pytest.mark.parametrize("leverage", [20, 20.0, 19.999, 1, 0, None, ABSENT])
def test_a_recommended_leverage_up_to_the_bound_passes(leverage: object) -> None:
    assert passes(leverage_max.check(intent(recommended_leverage=leverage), STRICT))


@pytest.mark.parametrize("leverage", [21, 20.000001, 1_000_000])
def test_a_recommended_leverage_above_the_bound_is_vetoed(leverage: float) -> None:
    breach = breached(leverage_max.check(intent(recommended_leverage=leverage), STRICT))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.LEVERAGE_MAX, leverage, 20, "x")
    assert (breach.scope, breach.version) == ("global", 11)
    assert "the intent recommends" in breach.message


def test_the_resolved_leverage_is_held_to_the_bound_too() -> None:
    breach = breached(leverage_max.check(intent(), context(policy=policy(max_leverage_bound=20, leverage=21))))
    assert breach.measured == 21
    assert "policy sets" in breach.message
    assert "21x" in breach.message
    assert "20x" in breach.message


def test_the_resolved_leverage_may_equal_the_bound() -> None:
    assert passes(leverage_max.check(intent(), context(policy=policy(max_leverage_bound=20, leverage=20))))


def test_the_larger_of_both_is_measured() -> None:
    both = context(policy=policy(max_leverage_bound=5, leverage=6))
    breach = breached(leverage_max.check(intent(recommended_leverage=7), both))
    assert breach.measured == 7


def test_a_hair_above_the_bound_does_not_read_as_the_bound() -> None:
    breach = breached(leverage_max.check(intent(recommended_leverage=20.000001), STRICT))
    assert "20.000001x" in breach.message


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action, recommended_leverage=1000), STRICT).approved
