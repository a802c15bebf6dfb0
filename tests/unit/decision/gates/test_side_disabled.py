import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import side_disabled
from petrosa_contracts import Code
from tests.builders import context, intent, passes, policy

CASES = [("buy", "enable_longs", "LONG"), ("sell", "enable_shorts", "SHORT")]


@pytest.mark.parametrize(("action", "switch", "side"), CASES)
def test_an_entry_is_vetoed_while_its_side_is_off(action: str, switch: str, side: str) -> None:
    off = context(policy=policy(scope="symbol:BTCUSDT", version=2, **{switch: False}))
    verdict = evaluate(intent(action=action), off)
    assert verdict.code is Code.SIDE_DISABLED
    breach = verdict.breaches[0]
    assert (breach.measured, breach.limit, breach.scope, breach.version) == (side, False, "symbol:BTCUSDT", 2)
    assert switch in breach.message
    assert side in breach.message


@pytest.mark.parametrize(("action", "switch", "_side"), CASES)
def test_the_other_side_stays_open(action: str, switch: str, _side: str) -> None:
    other = "sell" if action == "buy" else "buy"
    assert passes(side_disabled.check(intent(action=other), context(policy=policy(**{switch: False}))))


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    off = context(policy=policy(enable_longs=False, enable_shorts=False))
    assert evaluate(intent(action=action), off).approved


@pytest.mark.parametrize("action", ["buy", "sell"])
def test_both_sides_are_open_by_default(action: str) -> None:
    assert passes(side_disabled.check(intent(action=action), context()))
