from datetime import timedelta

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import intent_future
from petrosa_contracts import Code
from tests.builders import ABSENT, NOW, breached, context, intent, passes

TICK = timedelta(microseconds=1)


def dated(lead: timedelta) -> str:
    return (NOW + lead).isoformat()


@pytest.mark.parametrize("lead", [timedelta(seconds=2), timedelta(seconds=2) - TICK, timedelta(days=-1)])
def test_an_intent_up_to_the_tolerance_ahead_passes(lead: timedelta) -> None:
    assert passes(intent_future.check(intent(timestamp=dated(lead)), context()))


def test_an_intent_a_microsecond_further_ahead_is_vetoed() -> None:
    breach = breached(intent_future.check(intent(timestamp=dated(timedelta(seconds=2) + TICK)), context()))
    assert (breach.code, breach.limit, breach.unit, breach.scope) == (Code.INTENT_FUTURE, 2.0, "seconds", None)
    assert "2.000001" in breach.message


@pytest.mark.parametrize("action", ["buy", "sell", "close", "hold"])
def test_nothing_is_exempt(action: str) -> None:
    verdict = evaluate(intent(action=action, timestamp=dated(timedelta(hours=1))), context())
    assert verdict.code is Code.INTENT_FUTURE


def test_the_tolerance_is_a_setting() -> None:
    late = intent(timestamp=dated(timedelta(seconds=5)))
    assert passes(intent_future.check(late, context(clock_tolerance_seconds=5.0)))
    assert not passes(intent_future.check(late, context(clock_tolerance_seconds=4.9)))


def test_an_unreadable_instant_is_another_gates_word() -> None:
    assert passes(intent_future.check(intent(timestamp=ABSENT), context()))


def test_a_local_time_without_offset_east_of_utc_is_found_out() -> None:
    local = (NOW + timedelta(hours=2)).replace(tzinfo=None).isoformat()
    breach = breached(intent_future.check(intent(timestamp=local), context()))
    assert breach.measured == 7200.0
    assert "7,200" in breach.message
