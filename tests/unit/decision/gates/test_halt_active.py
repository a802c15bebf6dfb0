import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import halt_active
from petrosa_contracts import Code, Mode
from tests.builders import breached, codes, context, control, intent, passes

HALTED = control(Mode.HALTED, scope="strategy:momentum_v1", set_by="watchdog", reason="drawdown")
BLIND = {"system_mode": Mode.BLIND, "system_reason": "policy was never loaded"}


@pytest.mark.parametrize("action", ["buy", "sell"])
def test_entries_are_vetoed_while_halted(action: str) -> None:
    verdict = evaluate(intent(action=action), context(control=HALTED))
    assert (verdict.code, verdict.mode) == (Code.HALT_ACTIVE, Mode.HALTED)


@pytest.mark.parametrize("action", ["close", "hold"])
def test_close_and_hold_are_approved_while_halted(action: str) -> None:
    assert evaluate(intent(action=action), context(control=HALTED)).approved


@pytest.mark.parametrize("action", ["close", "hold"])
def test_close_and_hold_are_approved_while_blind(action: str) -> None:
    assert evaluate(intent(action=action), context(**BLIND)).approved


def test_entries_are_vetoed_while_blind_and_the_cause_is_named() -> None:
    breach = breached(halt_active.check(intent(), context(**BLIND)))
    assert (breach.measured, breach.limit, breach.scope) == ("BLIND", "CONSERVATIVE", None)
    assert "policy was never loaded" in breach.message


def test_blindness_is_named_even_where_something_is_halted_too() -> None:
    breach = breached(halt_active.check(intent(), context(control=HALTED, **BLIND)))
    assert breach.measured == "BLIND"


@pytest.mark.parametrize("mode", [Mode.ACTIVE, Mode.SAFE])
def test_laxer_modes_pass(mode: Mode) -> None:
    assert passes(halt_active.check(intent(), context(control=control(mode))))


def test_conservative_passes_this_gate() -> None:
    assert passes(halt_active.check(intent(), context(system_mode=Mode.CONSERVATIVE)))


def test_frozen_is_another_gates_word() -> None:
    assert codes(evaluate(intent(), context(control=control(Mode.FROZEN))).breaches) == ["FROZEN"]


def test_the_breach_says_who_halted_what_and_why() -> None:
    breach = breached(halt_active.check(intent(), context(control=HALTED)))
    assert (breach.scope, breach.measured) == ("strategy:momentum_v1", "HALTED")
    assert all(word in breach.message for word in ("strategy:momentum_v1", "watchdog", "drawdown"))


def test_a_mode_of_the_gate_that_was_set_by_hand_names_who_set_it() -> None:
    breach = breached(halt_active.check(intent(), context(control=control(Mode.BLIND, set_by="alice", reason="drill"))))
    assert all(word in breach.message for word in ("alice", "drill"))
