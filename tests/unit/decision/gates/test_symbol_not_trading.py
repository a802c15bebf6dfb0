import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import symbol_not_trading
from petrosa_contracts import Code
from tests.builders import breached, context, intent, market_state, market_view, passes


def test_a_symbol_that_trades_passes() -> None:
    assert passes(symbol_not_trading.check(intent(), context(market=market_view())))


@pytest.mark.parametrize("status", ["SETTLING", "PENDING_TRADING", "BREAK", "trading", ""])
def test_any_other_status_is_vetoed(status: str) -> None:
    halted = context(market=market_view(market_state(status=status)))
    breach = breached(symbol_not_trading.check(intent(), halted))
    assert (breach.code, breach.measured, breach.limit) == (Code.SYMBOL_NOT_TRADING, status, "TRADING")
    assert status in breach.message


@pytest.mark.parametrize("view", [None, market_view(known=False)])
def test_what_is_not_known_is_left_to_other_gates(view: object) -> None:
    assert symbol_not_trading.check(intent(), context(market=view)) is None


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    verdict = evaluate(intent(action=action), context(market=market_view(market_state(status="BREAK"))))
    assert (verdict.approved, verdict.breaches) == (True, ())
