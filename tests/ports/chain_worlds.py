"""The worlds in which the suite of the chain's store runs: the fake and MongoDB."""

import asyncio
from contextlib import AsyncExitStack

from pymongo import AsyncMongoClient

from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.ports import ChainStore
from devstack import Mongo
from tests.recorder_fakes import FakeChainStore

DATABASE = "chain"


class FakeChainWorld:
    """One `FakeChainStore`."""

    def __init__(self) -> None:
        fake = FakeChainStore()
        self._fake = fake
        self.store: ChainStore = fake
        self.another_store: ChainStore = fake

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def stop(self) -> None:
        self._fake.up = False

    async def start(self) -> None:
        self._fake.up = True


class MongoChainWorld:
    """The store on a MongoDB-wire server, empty at first, through two clients."""

    store: ChainStore
    another_store: ChainStore

    def __init__(self, server: Mongo) -> None:
        self._server = server
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        async with AsyncMongoClient(self._server.url) as client:
            await client.drop_database(DATABASE)
        self.store, self.another_store = [
            MongoChainStore(await self._stack.enter_async_context(connect(self._server.url, DATABASE)))
            for _ in range(2)
        ]
        await self.store.prepare()

    async def close(self) -> None:
        await self.start()
        await self._stack.aclose()

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        if not self._server.running:
            await asyncio.to_thread(self._server.start)


ChainWorld = FakeChainWorld | MongoChainWorld
