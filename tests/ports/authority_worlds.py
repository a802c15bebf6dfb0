"""The worlds in which the suites of the strategist's stores run: the fake, Redis alone, and MongoDB.

A world offers the stores under test and what a test does around them; those with a trail offer the same.
"""

import asyncio
from contextlib import AsyncExitStack

from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from cio_strategist.adapters.mongo import open_authority
from cio_strategist.adapters.redis import open_store
from cio_strategist.ports import AuthorityStore, PolicyStore, SecondFactorStore, TokenStore
from devstack import Mongo
from devstack import Redis as RedisServer
from tests.strategist_fakes import FakePolicyStore, SetClock

DATABASE = "petrosa"


class FakeAuthorityWorld:
    """One `FakePolicyStore`."""

    def __init__(self) -> None:
        self.clock = SetClock()
        fake = FakePolicyStore(self.clock)
        self._fake = fake
        self.store: AuthorityStore = fake
        self.another_store: AuthorityStore = fake
        self.tokens: TokenStore = fake
        self.second_factor: SecondFactorStore = fake

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def stop(self) -> None:
        self._fake.up = False

    async def start(self) -> None:
        self._fake.up = True


class MongoWorld:
    """The stores on a MongoDB-wire server, empty at first, through two clients."""

    store: AuthorityStore
    another_store: AuthorityStore
    tokens: TokenStore
    second_factor: SecondFactorStore

    def __init__(self, server: Mongo) -> None:
        self.clock = SetClock()
        self._server = server
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        async with AsyncMongoClient(self._server.url) as client:
            await client.drop_database(DATABASE)
        first, second = [
            await self._stack.enter_async_context(open_authority(self._server.url, DATABASE, clock=self.clock))
            for _ in range(2)
        ]
        self.store, self.another_store = first.policy, second.policy
        self.tokens, self.second_factor = first.tokens, first.second_factor

    async def close(self) -> None:
        await self.start()
        await self._stack.aclose()

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        if not self._server.running:
            await asyncio.to_thread(self._server.start)


class RedisWorld:
    """The store on Redis alone, which has no trail."""

    store: PolicyStore
    another_store: PolicyStore

    def __init__(self, server: RedisServer) -> None:
        self.clock = SetClock()
        self._server = server
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        async with Redis.from_url(self._server.url) as client:
            await client.flushall()
        self.store, self.another_store = [
            await self._stack.enter_async_context(open_store(self._server.url)) for _ in range(2)
        ]

    async def close(self) -> None:
        await self.start()
        await self._stack.aclose()

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        if not self._server.running:
            await asyncio.to_thread(self._server.start)


AuthorityWorld = FakeAuthorityWorld | MongoWorld
PolicyWorld = FakeAuthorityWorld | MongoWorld | RedisWorld
