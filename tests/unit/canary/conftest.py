"""What tests of the canary share."""

import pytest

from tests.canary_accounts import JumpingClock


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()
