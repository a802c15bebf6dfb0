import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import strategy_disabled
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes, policy

OFF = context(policy=policy(scope="strategy:momentum_v1", version=9, enabled=False))


@pytest.mark.parametrize("action", ["buy", "sell"])
def test_entries_are_vetoed_while_trading_is_off(action: str) -> None:
    assert evaluate(intent(action=action), OFF).code is Code.STRATEGY_DISABLED


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action), OFF).approved


def test_trading_is_on_by_default() -> None:
    assert passes(strategy_disabled.check(intent(), context()))


def test_the_breach_names_who_switched_it_off() -> None:
    breach = breached(strategy_disabled.check(intent(), OFF))
    assert (breach.limit, breach.scope, breach.version) == (False, "strategy:momentum_v1", 9)
    assert breach.measured == "momentum_v1"
    assert "strategy:momentum_v1" in breach.message
