"""Each suite runs once over the fake and once, marked `servers`, over the real server."""

from collections.abc import AsyncIterator, Iterator

import pytest

from devstack import DevStack, Mongo
from tests.ports.authority_worlds import AuthorityWorld, FakeAuthorityWorld, MongoWorld, PolicyWorld, RedisWorld
from tests.ports.chain_worlds import ChainWorld, FakeChainWorld, MongoChainWorld
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


@pytest.fixture(scope="session")
def mongo_server() -> Iterator[Mongo]:
    with DevStack(nats=False, redis=False) as stack:
        yield stack.mongo


@pytest.fixture(params=["fake", *(pytest.param(name, marks=pytest.mark.servers) for name in ("mongo", "redis"))])
async def policy(request: pytest.FixtureRequest) -> AsyncIterator[PolicyWorld]:
    """A world for `PolicyStore`."""
    real_redis = request.param == "redis"
    world: PolicyWorld = RedisWorld(request.getfixturevalue("servers").redis) if real_redis else _authority(request)
    await world.open()
    yield world
    await world.close()


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
async def authority(request: pytest.FixtureRequest) -> AsyncIterator[AuthorityWorld]:
    """A world for everything that only an authority has."""
    world = _authority(request)
    await world.open()
    yield world
    await world.close()


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
async def chain(request: pytest.FixtureRequest) -> AsyncIterator[ChainWorld]:
    """A world for `ChainStore`."""
    world: ChainWorld = (
        FakeChainWorld() if request.param == "fake" else MongoChainWorld(request.getfixturevalue("mongo_server"))
    )
    await world.open()
    yield world
    await world.close()


def _authority(request: pytest.FixtureRequest) -> AuthorityWorld:
    return FakeAuthorityWorld() if request.param == "fake" else MongoWorld(request.getfixturevalue("mongo_server"))
