import math

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import position_size_max
from petrosa_contracts import Code
from tests.builders import ABSENT, breached, context, intent, passes, policy

LIMIT = 0.3
STRICT = context(policy=policy(scope="symbol:BTCUSDT", version=2, position_size_pct=LIMIT))


@pytest.mark.parametrize("share", [LIMIT, math.nextafter(LIMIT, 0), 0.0, None, ABSENT])
def test_a_share_up_to_the_limit_or_none_passes(share: object) -> None:
    assert passes(position_size_max.check(intent(position_size_pct=share), STRICT))


@pytest.mark.parametrize("share", [math.nextafter(LIMIT, 1), 0.1 + 0.2, 1.0])
def test_a_share_above_the_limit_is_vetoed(share: float) -> None:
    breach = breached(position_size_max.check(intent(position_size_pct=share), STRICT))
    assert (breach.code, breach.measured, breach.limit) == (Code.POSITION_SIZE_MAX, share, LIMIT)
    assert (breach.unit, breach.scope, breach.version) == ("fraction", "symbol:BTCUSDT", 2)


def test_the_message_tells_two_close_numbers_apart() -> None:
    breach = breached(position_size_max.check(intent(position_size_pct=0.300001), STRICT))
    assert "0.300001" in breach.message
    assert "0.3." in breach.message


def test_by_default_a_tenth_is_the_most() -> None:
    assert passes(position_size_max.check(intent(position_size_pct=0.1), context()))
    breach = breached(position_size_max.check(intent(position_size_pct=0.11), context()))
    assert (breach.scope, breach.version, breach.limit) == ("defaults", 0, 0.1)


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action, position_size_pct=1.0), STRICT).approved
