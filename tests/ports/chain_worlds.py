"""The worlds in which the suite of the chain's store runs: the fake and MongoDB."""

from pymongo import AsyncMongoClient

from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.ports import ChainStore
from tests.ports.world import FakeWorld, ServerWorld
from tests.recorder_fakes import FakeChainStore

DATABASE = "chain"


class FakeChainWorld(FakeWorld):
    """One `FakeChainStore`."""

    def __init__(self) -> None:
        fake = FakeChainStore()
        super().__init__(fake)
        self.store: ChainStore = fake
        self.another_store: ChainStore = fake


class MongoChainWorld(ServerWorld):
    """The store on a MongoDB-wire server, empty at first, through two clients."""

    store: ChainStore
    another_store: ChainStore

    async def open(self) -> None:
        async with AsyncMongoClient(self._server.url) as client:
            await client.drop_database(DATABASE)
        self.store, self.another_store = [
            MongoChainStore(await self._stack.enter_async_context(connect(self._server.url, DATABASE)))
            for _ in range(2)
        ]
        await self.store.prepare()


ChainWorld = FakeChainWorld | MongoChainWorld
