import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import frozen
from petrosa_contracts import Code, Mode
from tests.builders import breached, context, control, intent, passes


@pytest.mark.parametrize("action", ["buy", "sell", "close", "hold"])
def test_nothing_passes_while_frozen(action: str) -> None:
    verdict = evaluate(intent(action=action), context(control=control(Mode.FROZEN)))
    assert (verdict.code, verdict.mode) == (Code.FROZEN, Mode.FROZEN)


@pytest.mark.parametrize("mode", [Mode.ACTIVE, Mode.SAFE, Mode.HALTED])
def test_every_other_mode_is_left_to_other_gates(mode: Mode) -> None:
    assert passes(frozen.check(intent(), context(control=control(mode))))


@pytest.mark.parametrize("system_mode", [Mode.ACTIVE, Mode.CONSERVATIVE, Mode.BLIND])
def test_frozen_is_stricter_than_every_mode_of_the_gate_itself(system_mode: Mode) -> None:
    verdict = evaluate(intent(action="close"), context(system_mode=system_mode, control=control(Mode.FROZEN)))
    assert verdict.code is Code.FROZEN


def test_the_breach_says_who_froze_what_and_why() -> None:
    frozen_symbol = control(Mode.FROZEN, scope="symbol:BTCUSDT", set_by="alice", reason="key leaked")
    breach = breached(frozen.check(intent(), context(control=frozen_symbol)))
    assert (breach.scope, breach.version, breach.measured) == ("symbol:BTCUSDT", None, "FROZEN")
    assert all(word in breach.message for word in ("symbol:BTCUSDT", "alice", "key leaked"))


def test_a_freeze_without_a_reason_says_so() -> None:
    breach = breached(frozen.check(intent(), context(control=control(Mode.FROZEN, reason=""))))
    assert breach.message.endswith("no reason given.")
