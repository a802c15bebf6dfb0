"""The worlds in which the suites of the strategist's stores run: the fake, Redis alone, and MongoDB.

A world offers the stores under test and what a test does around them; those with a trail offer the same.
"""

from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from cio_strategist.adapters.mongo import open_authority
from cio_strategist.adapters.redis.policy_store import open_store
from cio_strategist.ports import AuthorityStore, PolicyStore, SecondFactorStore, TokenStore
from devstack import Mongo
from devstack import Redis as RedisServer
from tests.ports.world import FakeWorld, ServerWorld
from tests.strategist_fakes import FakePolicyStore, SetClock

DATABASE = "petrosa"


class FakeAuthorityWorld(FakeWorld):
    """One `FakePolicyStore`."""

    def __init__(self) -> None:
        self.clock = SetClock()
        fake = FakePolicyStore(self.clock)
        super().__init__(fake)
        self.store: AuthorityStore = fake
        self.another_store: AuthorityStore = fake
        self.tokens: TokenStore = fake
        self.second_factor: SecondFactorStore = fake


class MongoWorld(ServerWorld):
    """The stores on a MongoDB-wire server, empty at first, through two clients."""

    store: AuthorityStore
    another_store: AuthorityStore
    tokens: TokenStore
    second_factor: SecondFactorStore

    def __init__(self, server: Mongo) -> None:
        self.clock = SetClock()
        super().__init__(server)

    async def open(self) -> None:
        async with AsyncMongoClient(self._server.url) as client:
            await client.drop_database(DATABASE)
        first, second = [
            await self._stack.enter_async_context(open_authority(self._server.url, DATABASE, clock=self.clock))
            for _ in range(2)
        ]
        self.store, self.another_store = first.policy, second.policy
        self.tokens, self.second_factor = first.tokens, first.second_factor


class RedisWorld(ServerWorld):
    """The store on Redis alone, which has no trail."""

    store: PolicyStore
    another_store: PolicyStore

    def __init__(self, server: RedisServer) -> None:
        self.clock = SetClock()
        super().__init__(server)

    async def open(self) -> None:
        async with Redis.from_url(self._server.url) as client:
            await client.flushall()
        self.store, self.another_store = [
            await self._stack.enter_async_context(open_store(self._server.url)) for _ in range(2)
        ]


AuthorityWorld = FakeAuthorityWorld | MongoWorld
PolicyWorld = FakeAuthorityWorld | MongoWorld | RedisWorld
