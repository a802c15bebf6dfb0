import math

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import confidence_low
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes, policy

LIMIT = 0.7
STRICT = context(policy=policy(scope="symbol_side:BTCUSDT:LONG", version=8, min_confidence_threshold=LIMIT))


@pytest.mark.parametrize("confidence", [LIMIT, math.nextafter(LIMIT, 1), 1.0, 1])
def test_confidence_at_and_above_the_threshold_passes(confidence: float) -> None:
    assert passes(confidence_low.check(intent(confidence=confidence), STRICT))


@pytest.mark.parametrize("confidence", [math.nextafter(LIMIT, 0), 0.0, 0])
def test_confidence_below_the_threshold_is_vetoed(confidence: float) -> None:
    breach = breached(confidence_low.check(intent(confidence=confidence), STRICT))
    assert (breach.code, breach.measured, breach.limit) == (Code.CONFIDENCE_LOW, confidence, LIMIT)
    assert (breach.unit, breach.scope, breach.version) == ("fraction", "symbol_side:BTCUSDT:LONG", 8)


def test_the_message_tells_two_close_numbers_apart() -> None:
    breach = breached(confidence_low.check(intent(confidence=0.69999999), STRICT))
    assert "0.69999999" in breach.message
    assert "0.7." in breach.message


def test_by_default_half_is_enough_and_nobody_is_named() -> None:
    assert passes(confidence_low.check(intent(confidence=0.5), context()))
    breach = breached(confidence_low.check(intent(confidence=0.49), context()))
    assert (breach.scope, breach.version, breach.limit) == ("defaults", 0, 0.5)


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action, confidence=0.0), STRICT).approved
