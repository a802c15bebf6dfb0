"""What tests of the gateway share."""

import pytest

from tests.unit.strategist.gateway.door import Door


@pytest.fixture
def door() -> Door:
    return Door()
