import pytest

from cio_decision.context import LedgerView
from cio_decision.evaluation import evaluate
from cio_decision.gates import intent_duplicate
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes

HOLDER = "f" * 32


@pytest.mark.parametrize("action", ["buy", "sell", "close", "hold"])
def test_a_taken_identity_is_vetoed_whatever_the_action(action: str) -> None:
    verdict = evaluate(intent(action=action), context(ledger=LedgerView(taken_by=HOLDER)))
    assert verdict.code is Code.INTENT_DUPLICATE


def test_a_free_identity_passes() -> None:
    assert passes(intent_duplicate.check(intent(), context(ledger=LedgerView())))


def test_the_decision_that_holds_the_identity_is_named() -> None:
    repeated = intent()
    breach = breached(intent_duplicate.check(repeated, context(ledger=LedgerView(taken_by=HOLDER))))
    assert (breach.measured, breach.limit, breach.unit) == (repeated.identity, HOLDER, "decision_id")
    assert HOLDER in breach.message
