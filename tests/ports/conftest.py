"""Each suite runs once over the fake and once, marked `servers`, over the real server."""

from collections.abc import AsyncIterator

import pytest

from tests.ports.worlds import Bus, FakeBus, FakeStores, RealBus, RealStores, Stores

WORLDS = ["fake", pytest.param("real", marks=pytest.mark.servers)]


@pytest.fixture(params=WORLDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    world: Stores = FakeStores() if request.param == "fake" else RealStores(request.getfixturevalue("servers"))
    await world.open()
    yield world
    await world.close()


@pytest.fixture(params=WORLDS)
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    world: Bus = FakeBus() if request.param == "fake" else RealBus(request.getfixturevalue("servers"))
    await world.open()
    yield world
    await world.close()
