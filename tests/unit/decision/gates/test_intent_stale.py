from datetime import timedelta

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import intent_stale
from petrosa_contracts import Code
from tests.builders import ABSENT, NOW, breached, context, intent, passes, policy

LIMIT = 300
TICK = timedelta(microseconds=1)


def dated(age: timedelta) -> str:
    return (NOW - age).isoformat()


@pytest.mark.parametrize("age", [timedelta(seconds=LIMIT), timedelta(seconds=LIMIT) - TICK, timedelta(0)])
def test_an_intent_up_to_the_age_limit_passes(age: timedelta) -> None:
    assert passes(intent_stale.check(intent(timestamp=dated(age)), context()))


def test_an_intent_a_microsecond_over_the_age_limit_is_vetoed() -> None:
    breach = breached(intent_stale.check(intent(timestamp=dated(timedelta(seconds=LIMIT) + TICK)), context()))
    assert (breach.code, breach.unit, breach.limit) == (Code.INTENT_STALE, "seconds", LIMIT)
    assert breach.measured == pytest.approx(LIMIT + 1e-6, abs=1e-9)
    assert "300.000001" in breach.message


@pytest.mark.parametrize("timestamp", [ABSENT, None, "yesterday", "2026-02-25", 1_772_020_805_500, True, "", {}])
def test_an_entry_without_a_readable_instant_is_vetoed(timestamp: object) -> None:
    breach = breached(intent_stale.check(intent(timestamp=timestamp), context()))
    assert (breach.code, breach.measured, breach.limit) == (Code.INTENT_STALE, None, LIMIT)


@pytest.mark.parametrize("timestamp", [ABSENT, "2020-01-01T00:00:00+00:00"])
@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str, timestamp: object) -> None:
    assert evaluate(intent(action=action, timestamp=timestamp), context()).approved


def test_the_age_is_that_of_the_decision_not_of_the_receipt() -> None:
    waited = context(now=NOW + timedelta(seconds=LIMIT + 1), received_at=NOW)
    assert evaluate(intent(), waited).code is Code.INTENT_STALE


def test_the_limit_is_the_policys_and_its_author_is_named() -> None:
    strict = context(policy=policy(scope="symbol:BTCUSDT", version=4, max_signal_age_seconds=60))
    breach = breached(intent_stale.check(intent(timestamp=dated(timedelta(seconds=61))), strict))
    assert (breach.limit, breach.scope, breach.version) == (60, "symbol:BTCUSDT", 4)
    assert "61" in breach.message
    assert "60" in breach.message
