import math
from typing import Any

import pytest
from pydantic import ValidationError

from petrosa_contracts import FailSafeLimits


def test_the_limits_are_those_the_fleet_has_agreed_on() -> None:
    assert FailSafeLimits().model_dump() == {
        "max_position_size_usd": 5000.0,
        "max_leverage": 10,
        "recovery_threshold": 3,
        "heartbeat_timeout_seconds": 60.0,
    }


@pytest.mark.parametrize(
    "limits",
    [
        {"max_position_size_usd": 0},
        {"max_position_size_usd": math.inf},
        {"max_position_size_usd": math.nan},
        {"max_leverage": 0},
        {"max_leverage": 126},
        {"recovery_threshold": 0},
        {"heartbeat_timeout_seconds": 0},
        {"heartbeat_timeout_seconds": math.inf},
        {"max_positions_size_usd": 100.0},
    ],
)
def test_a_limit_that_limits_nothing_and_a_mistyped_name_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FailSafeLimits(**limits)


def test_the_limits_cannot_be_changed_while_they_hold() -> None:
    with pytest.raises(ValidationError):
        FailSafeLimits().max_leverage = 125  # pyright: ignore[reportAttributeAccessIssue]
