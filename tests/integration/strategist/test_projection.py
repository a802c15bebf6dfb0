"""The projector between a real MongoDB-wire server and a real Redis: outages, a flush, and tampering."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import uuid4

import pytest
from pymongo.database import Database
from redis import Redis

from cio_strategist.adapters.mongo import Authority, open_authority
from cio_strategist.adapters.redis.policy_store import RedisPolicyStore, open_store
from cio_strategist.domain.policy.audit import HistoryFilter
from cio_strategist.domain.policy.stored import Write, to_json
from cio_strategist.errors import StoreUnreachableError
from cio_strategist.service.policy.projection import Projector
from devstack import Mongo
from devstack import Redis as RedisServer
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.strategist_fakes import SetClock, writing
from tests.strategist_records import BTC, GLOBAL, control_write, entry, layer_text, layer_write

pytestmark = pytest.mark.servers

PATIENCE_SECONDS = 20.0


@pytest.fixture
def projector(authority: Authority, store: RedisPolicyStore, clock: SetClock) -> Projector:
    return Projector(authority.policy, store.projection, clock=clock, new_id=lambda: uuid4().hex, drift_seconds=0.05)


@pytest.fixture
async def another(
    mongo_server: Mongo, mongo: Database[dict[str, object]], redis_server: RedisServer, clock: SetClock
) -> AsyncIterator[Projector]:
    """The projector of a second authority on the same servers."""
    async with (
        open_authority(mongo_server.url, mongo.name, clock=clock) as second,
        open_store(redis_server.url) as gates,
    ):
        yield Projector(second.policy, gates.projection, clock=clock, new_id=lambda: uuid4().hex, drift_seconds=0.05)


async def until_shown(projector: Projector) -> None:
    """Project until nothing is left to be done; a busy machine may take more than the second that one call has."""

    async def shown() -> bool:
        return (await projector.project()).enforced

    await eventually_answered(shown, seconds=PATIENCE_SECONDS, what="Redis shows all")


@asynccontextmanager
async def running(projector: Projector) -> AsyncIterator[None]:
    task = asyncio.create_task(projector.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def leverage_shown(redis: Redis) -> Callable[[], dict[str, int]]:
    return lambda: {
        key: json.loads(text)["parameters"]["leverage"] for key, text in redis.hgetall("cio:policy").items()
    }


async def test_a_change_is_in_redis_with_its_epoch_and_the_channel_is_told(
    authority: Authority, projector: Projector, redis: Redis
) -> None:
    with redis.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("cio:policy:changed")
        await authority.policy.commit(writing(layer_write(BTC, 1, leverage=5)))
        told = await projector.project()
        assert (told.enforced, told.epoch) == (True, 1)
        hint = await eventually(lambda: channel.get_message(timeout=0.1))
    assert json.loads(hint["data"]) == {"epoch": 1, "scope": BTC}
    assert leverage_shown(redis)() == {BTC: 5}
    assert (redis.get("cio:policy:epoch"), redis.get("cio:policy:revision")) == ("1", "1")
    assert redis.hgetall("cio:policy:versions") == {BTC: "1"}


async def test_a_change_made_while_redis_was_stopped_arrives_when_it_is_back(
    authority: Authority, projector: Projector, redis: Redis, redis_server: RedisServer
) -> None:
    await authority.policy.commit(writing(layer_write(GLOBAL, 1, leverage=5)))
    async with running(projector):
        await eventually(lambda: leverage_shown(redis)() == {GLOBAL: 5}, seconds=PATIENCE_SECONDS)
        await asyncio.to_thread(redis_server.stop)
        try:
            await authority.policy.commit(writing(layer_write(GLOBAL, 2, leverage=4)))
            told = await projector.project()
            assert not told.enforced
        finally:
            await asyncio.to_thread(redis_server.start)
        await eventually(lambda: leverage_shown(redis)() == {GLOBAL: 4}, seconds=PATIENCE_SECONDS)
    assert (await projector.project()).epoch == 2


async def test_a_flushed_redis_is_filled_again(authority: Authority, projector: Projector, redis: Redis) -> None:
    await authority.policy.commit(writing(layer_write(GLOBAL, 1, leverage=5)))
    await authority.policy.commit(writing(control_write(BTC, entry())))
    async with running(projector):
        await eventually(lambda: redis.get("cio:policy:revision") == "2", seconds=PATIENCE_SECONDS)
        redis.flushall()
        await eventually(lambda: redis.get("cio:policy:revision") == "2", seconds=PATIENCE_SECONDS)
    assert leverage_shown(redis)() == {GLOBAL: 5}
    assert redis.hgetall("cio:control") == {BTC: to_json(entry())}
    assert redis.get("cio:policy:epoch") == "1"


@pytest.mark.parametrize(
    "tamper",
    [
        lambda redis: redis.hset("cio:policy", "global", layer_text(leverage=99)),
        lambda redis: redis.hset("cio:policy", "symbol:ETHUSDT", layer_text("symbol:ETHUSDT", leverage=9)),
        lambda redis: redis.delete("cio:policy", "cio:policy:versions"),
        lambda redis: redis.delete("cio:policy:epoch"),
        lambda redis: redis.delete("cio:control"),
        lambda redis: redis.set("cio:policy", "a text"),
        lambda redis: redis.set("cio:control", "a text"),
        lambda redis: redis.set("cio:policy:epoch", "many"),
        lambda redis: redis.set("cio:policy:revision", "many"),
        lambda redis: redis.hset("cio:control", "nonsense\udcff".encode("utf-8", "surrogateescape"), "{"),
    ],
)
async def test_what_was_tampered_with_is_put_right(
    authority: Authority, projector: Projector, redis: Redis, tamper: Callable[[Redis], object]
) -> None:
    await authority.policy.commit(writing(layer_write(GLOBAL, 1, leverage=5)))
    await authority.policy.commit(writing(control_write(BTC, entry())))
    await projector.project()
    tamper(redis)
    assert (await projector.project()).enforced
    assert leverage_shown(redis)() == {GLOBAL: 5}
    assert redis.hgetall("cio:policy:versions") == {GLOBAL: "1"}
    control = redis.hgetall("cio:control")
    assert control.pop(BTC) == to_json(entry())
    assert set(control) <= {GLOBAL}
    assert int(redis.get("cio:policy:epoch") or 0) >= 1
    assert redis.get("cio:policy:revision") == str((await authority.policy.read()).epoch)


async def test_rebuilding_repairs_every_key(authority: Authority, projector: Projector, redis: Redis) -> None:
    await authority.policy.commit(writing(layer_write(GLOBAL, 1, leverage=5)))
    for key in ("cio:policy", "cio:policy:versions", "cio:policy:epoch", "cio:policy:revision", "cio:control"):
        redis.rpush(key, "a list")
    assert (await projector.rebuild()).epoch == 1
    assert leverage_shown(redis)() == {GLOBAL: 5}


async def test_a_halt_set_in_redis_while_mongodb_was_stopped_is_adopted(
    authority: Authority, projector: Projector, store: RedisPolicyStore, redis: Redis, mongo_server: Mongo
) -> None:
    await authority.policy.commit(writing(layer_write(GLOBAL, 1, leverage=5)))
    await projector.project()
    await asyncio.to_thread(mongo_server.stop)
    try:
        await store.commit(writing(control_write(GLOBAL, entry())))
        assert not (await projector.project()).enforced
        with pytest.raises(StoreUnreachableError):
            await projector.rebuild()
        assert redis.hgetall("cio:control") == {GLOBAL: to_json(entry())}
    finally:
        await asyncio.to_thread(mongo_server.start)
    async with running(projector):
        await eventually(lambda: redis.get("cio:policy:revision") == "2", seconds=PATIENCE_SECONDS)
    assert (await authority.policy.read()).control == {GLOBAL: to_json(entry())}
    assert redis.hgetall("cio:control") == {GLOBAL: to_json(entry())}


async def test_of_two_authorities_one_adopts_a_halt_and_neither_brings_it_back_once_it_is_lifted(
    projector: Projector,
    another: Projector,
    authority: Authority,
    store: RedisPolicyStore,
    redis: Redis,
) -> None:
    await authority.policy.commit(writing(layer_write(GLOBAL, 1, leverage=5)))
    await until_shown(projector)
    await store.commit(writing(control_write(BTC, entry())))
    await asyncio.gather(projector.project(), another.project())
    await until_shown(projector)
    assert (await authority.policy.read()).control == {BTC: to_json(entry())}
    records = await authority.policy.records(HistoryFilter(scope=BTC), limit=9)
    assert [record.edit for record in records] == ["import"]
    late = redis.hgetall("cio:control")
    await authority.policy.commit(writing(control_write(BTC, None)))
    await asyncio.gather(another.project(), projector.project())
    redis.hset("cio:control", mapping=late)
    await asyncio.gather(another.project(), projector.project())
    await until_shown(projector)
    assert redis.hgetall("cio:control") == {}
    assert (await authority.policy.read()).control == {}


async def test_of_two_authorities_at_their_first_start_one_imports_the_policy(
    projector: Projector, another: Projector, authority: Authority, store: RedisPolicyStore, redis: Redis
) -> None:
    await store.commit(writing(replace(layer_write(GLOBAL, 4, leverage=5), audit=None)))
    await asyncio.gather(projector.project(), another.project())
    await until_shown(projector)
    await authority.policy.commit(writing(layer_write(BTC, 1, leverage=3)))
    await until_shown(another)
    assert leverage_shown(redis)() == {GLOBAL: 5, BTC: 3}
    records = await authority.policy.records(HistoryFilter(scope=GLOBAL), limit=9)
    assert [(record.edit, record.version) for record in records] == [("import", 4)]


async def test_a_policy_written_straight_to_redis_is_imported_at_the_first_start(
    authority: Authority, projector: Projector, store: RedisPolicyStore, redis: Redis
) -> None:
    await store.commit(writing(replace(layer_write(GLOBAL, 4, leverage=5), audit=None)))
    await store.commit(writing(control_write(BTC, entry())))
    assert (await projector.project()).enforced
    stored = await authority.policy.read()
    assert (stored.versions, stored.control) == ({GLOBAL: "4"}, {BTC: to_json(entry())})
    assert leverage_shown(redis)() == {GLOBAL: 5}
    records = await authority.policy.records(HistoryFilter(), limit=9)
    assert {(record.scope, record.edit, record.version) for record in records} == {
        (GLOBAL, "import", 4),
        (BTC, "import", None),
    }


async def test_an_invalid_document_keeps_the_last_good_policy_in_redis(
    authority: Authority, projector: Projector, redis: Redis
) -> None:
    await authority.policy.commit(writing(layer_write(GLOBAL, 1, leverage=5)))
    await projector.project()
    bad = Write(scope=GLOBAL, layers={GLOBAL: layer_text(version=2, leverage=9999)})
    await authority.policy.commit(writing(bad))
    told = await projector.project()
    assert not told.enforced
    assert "'global'" in told.message
    assert "leverage" in told.message
    assert leverage_shown(redis)() == {GLOBAL: 5}


async def test_a_projector_that_is_told_to_end_ends_wherever_it_is(authority: Authority, projector: Projector) -> None:
    await authority.policy.commit(writing(layer_write()))
    for number in range(60):
        task = asyncio.create_task(projector.run())
        await asyncio.sleep(number * 0.0002)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        assert done
