from collections.abc import AsyncIterator

import pytest

from petrosa_contracts.client import AuditClient
from tests.unit.contracts.client.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[AuditClient]:
    async with AuditClient(
        line=world, monotonic=world.monotonic, utc_clock=world.utc_clock, report_capacity=2
    ) as client:
        yield client
