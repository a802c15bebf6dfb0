"""The lease and the trail as the recorder reads them, in a real store."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient

from cio_strategist.adapters.mongo.connection import MongoConnection, connect
from cio_strategist.adapters.mongo.lease import MongoLease
from cio_strategist.adapters.mongo.trail import MongoTrail
from cio_strategist.domain.record.entry import Kind
from devstack import DevStack, Mongo
from tests.strategist_fakes import SetClock

pytestmark = pytest.mark.servers

DATABASE = "stores"


@pytest.fixture(scope="module")
def mongo() -> Iterator[Mongo]:
    with DevStack(nats=False, redis=False) as stack:
        yield stack.mongo


@pytest.fixture
async def connection(mongo: Mongo) -> AsyncIterator[MongoConnection]:
    with MongoClient[dict[str, Any]](mongo.url) as client:
        client.drop_database(DATABASE)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(connect(mongo.url, DATABASE, retry_writes=False))


async def test_a_lease_is_one_recorders_until_it_ends(connection: MongoConnection) -> None:
    clock = SetClock()
    first, second = (MongoLease(connection, holder=name, clock=clock) for name in ("first", "second"))
    assert await first.take(seconds=10)
    assert not await second.take(seconds=10)
    clock.advance(seconds=9)
    assert await first.take(seconds=10)
    clock.advance(seconds=9)
    assert not await second.take(seconds=10)
    clock.advance(seconds=1)
    assert await second.take(seconds=10)
    assert not await first.take(seconds=10)


async def test_a_lease_that_is_given_up_is_free_at_once(connection: MongoConnection) -> None:
    clock = SetClock()
    first, second = (MongoLease(connection, holder=name, clock=clock) for name in ("first", "second"))
    await second.give_up()
    assert await first.take(seconds=10)
    await second.give_up()
    assert not await second.take(seconds=10)
    await first.give_up()
    assert await second.take(seconds=10)


async def test_changes_come_in_order_of_revision_and_older_engines_ones_apart(connection: MongoConnection) -> None:
    audit = connection.database["trading_configs_audit"]
    await audit.insert_many(
        [
            {"_id": "c", "config_type": "control", "revision": 3, "scope": "global", "action": "create"},
            {"_id": "a", "config_type": "global", "revision": 1, "timestamp": datetime(2026, 2, 25, tzinfo=UTC)},
            {"_id": "b", "config_type": "symbol", "symbol": "BTCUSDT", "revision": 2, "parameters_after": {"x": 1.5}},
            {"config_type": "global", "action": "update"},
        ]
    )
    trail = MongoTrail(connection)
    changes = await trail.after(-1, limit=10)
    assert [(change.id, change.kind, change.facts["revision"]) for change in changes] == [
        ("a", Kind.CONFIG, 1),
        ("b", Kind.CONFIG, 2),
        ("c", Kind.CONTROL, 3),
    ]
    assert changes[0].at == datetime(2026, 2, 25, tzinfo=UTC)
    assert '"x":{"$numberDouble":"1.5"}' in changes[1].body
    assert [change.id for change in await trail.after(1, limit=1)] == ["b"]
    await audit.insert_many([{"_id": f"b{number}", "config_type": "symbol", "revision": 2} for number in range(5)])
    whole_revision = [change.id for change in await trail.after(0, limit=3)]
    assert whole_revision == ["a", "b", *(f"b{number}" for number in range(5))]
    (older,) = await trail.without_revision(skip=0, limit=10)
    assert "revision" not in older.facts
    assert await trail.without_revision(skip=1, limit=10) == []
