"""`FieldStore`: a hash that gates read, and how they are told of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from redis.asyncio import Redis

from cio_strategist.adapters.redis.connection import connect
from cio_strategist.adapters.redis.hash import RedisHash
from cio_strategist.errors import StoreUnreachableError, StoreUnreadableError
from cio_strategist.ports import FieldStore
from devstack import DevStack
from tests.feed_fakes import FakeFieldStore
from tests.ports.conftest import WORLDS

KEY, CHANNEL = "test:fields", "test:fields:changed"


class Fields(Protocol):
    """A store, and what can be done to it from outside."""

    store: FieldStore

    async def stop(self) -> None: ...
    async def start(self) -> None: ...


class FakeFields:
    def __init__(self) -> None:
        self.store = self._fake = FakeFieldStore()

    async def stop(self) -> None:
        self._fake.up = False

    async def start(self) -> None:
        self._fake.up = True


class RealFields:
    def __init__(self, stack: DevStack, store: FieldStore) -> None:
        self.store = store
        self._redis = stack.redis

    async def stop(self) -> None:
        await asyncio.to_thread(self._redis.stop)

    async def start(self) -> None:
        await asyncio.to_thread(self._redis.start)


@pytest.fixture(params=WORLDS)
async def fields(request: pytest.FixtureRequest) -> AsyncIterator[Fields]:
    if request.param == "fake":
        yield FakeFields()
        return
    stack: DevStack = request.getfixturevalue("servers")
    async with connect(stack.redis.url) as connection:
        await connection.client.delete(KEY)
        yield RealFields(stack, RedisHash(connection, KEY, channel=CHANNEL))


async def test_nothing_is_there_at_first(fields: Fields) -> None:
    assert await fields.store.read() == {}
    assert await fields.store.write({}) == 0


async def test_fields_are_set_kept_and_removed_and_counted(fields: Fields) -> None:
    assert await fields.store.write({"A": "1", "B": "2"}) == 2
    assert await fields.store.write({"B": "3 \u00fc", "C": "4"}, remove=["A", "never there"]) == 2
    assert await fields.store.read() == {"B": "3 \u00fc", "C": "4"}


async def test_a_store_that_is_away_says_so_and_works_again(fields: Fields) -> None:
    await fields.store.write({"A": "1"})
    await fields.stop()
    with pytest.raises(StoreUnreachableError):
        await fields.store.read()
    with pytest.raises(StoreUnreachableError):
        await fields.store.write({"A": "2"})
    await fields.start()
    assert await fields.store.write({"B": "2"}) == 2


@pytest.mark.servers
async def test_gates_are_told_what_changed_and_nothing_else(servers: DevStack) -> None:
    async with connect(servers.redis.url) as connection, Redis.from_url(servers.redis.url) as client:
        await connection.client.delete(KEY)
        store = RedisHash(connection, KEY, channel=CHANNEL)
        async with client.pubsub() as listening:
            await listening.subscribe(CHANNEL)
            await store.write({})
            await store.write({"A": "1", "B": "2"})
            await RedisHash(connection, KEY).write({"A": "2"})
            await store.write({"C": "3"}, remove=["B"])
            told = [await listening.get_message(timeout=2) for _ in range(3)]
        assert [message["data"] for message in told if message] == [1, b"A B", b"C B"]


@pytest.mark.servers
async def test_a_key_of_another_kind_is_refused(servers: DevStack) -> None:
    async with connect(servers.redis.url) as connection:
        await connection.client.set(KEY, "text")
        with pytest.raises(StoreUnreadableError):
            await RedisHash(connection, KEY).write({"A": "1"})
        await connection.client.delete(KEY)
