"""The store under other writers, readers, and a Redis that goes away."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from redis import Redis

from cio_strategist.adapters.redis.policy_store import RedisPolicyStore, open_store
from cio_strategist.domain.policy.edit import DeleteConfig, PatchParameters
from cio_strategist.domain.policy.layer_change import LayerChange, edit_layer
from cio_strategist.domain.policy.stored import Change, StoredPolicy, layer_version
from cio_strategist.errors import ConflictError, StoreUnreachableError, StoreUnreadableError
from devstack import Redis as RedisServer
from tests.integration.command_line import CommandLine
from tests.strategist_fakes import writing
from tests.strategist_records import control_write, entry

pytestmark = pytest.mark.servers

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
ROUNDS = 40
PATIENCE_SECONDS = 5.0

Decision = Callable[[StoredPolicy], Change]


def setting(**patch: object) -> Callable[[StoredPolicy], LayerChange]:
    return lambda stored: edit_layer(stored, PatchParameters(parameters=patch), scope="global", by="test", now=NOW)


def clearing(stored: StoredPolicy) -> LayerChange:
    return edit_layer(stored, DeleteConfig(), scope="global", by="test", now=NOW)


@asynccontextmanager
async def writers(server: RedisServer, count: int) -> AsyncIterator[list[RedisPolicyStore]]:
    """Stores with connections of their own."""
    async with open_store(server.url) as first:
        if count == 1:
            yield [first]
            return
        async with writers(server, count - 1) as others:
            yield [first, *others]


async def test_concurrent_writers_lose_nothing_and_versions_have_no_gaps(
    redis_server: RedisServer, redis: Redis
) -> None:
    async def write_all(store: RedisPolicyStore, name: str) -> list[int]:
        return [(await store.commit(setting(**{name: value}))).change.version for value in range(1, ROUNDS + 1)]

    names = ["max_daily_trades", "max_concurrent_positions"]
    async with writers(redis_server, 2) as stores:
        written = await asyncio.gather(*(write_all(*pair) for pair in zip(stores, names, strict=True)))
    assert sorted(version for versions in written for version in versions) == list(range(1, 2 * ROUNDS + 1))
    layer = json.loads(redis.hget("cio:policy", "global") or "")
    assert layer["parameters"] == dict.fromkeys(names, ROUNDS)
    assert layer["version"] == 2 * ROUNDS
    assert redis.get("cio:policy:epoch") == str(2 * ROUNDS)


async def test_a_reader_never_sees_layers_and_epoch_disagree(
    store: RedisPolicyStore, redis_server: RedisServer
) -> None:
    async def write_all() -> None:
        async with open_store(redis_server.url) as writer:
            for value in range(1, ROUNDS + 1):
                await writer.commit(setting(max_daily_trades=value))

    seen: set[int | None] = set()
    async with asyncio.TaskGroup() as tasks:
        writing_all = tasks.create_task(write_all())
        while not writing_all.done():
            stored = await store.read()
            assert layer_version(stored, "global") == (stored.epoch or 0)
            seen.add(stored.epoch)
    assert len(seen) > 1
    assert (await store.read()).epoch == ROUNDS


async def test_every_write_counts_the_epoch_once_and_nothing_else_does(store: RedisPolicyStore) -> None:
    steps: list[tuple[Decision, int]] = [
        (setting(leverage=5), 1),
        (setting(leverage=5), 1),
        (writing(control_write("global", entry())), 2),
        (writing(control_write("global", None)), 3),
        (lambda _: Change(None), 3),
        (clearing, 4),
        (clearing, 4),
    ]
    for decide, epoch in steps:
        assert (await store.commit(decide)).epoch == epoch
        assert (await store.read()).epoch == epoch


@pytest.fixture
def hints(redis: Redis) -> Iterator[Callable[[], dict[str, object]]]:
    with redis.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("cio:policy:changed")

        def next_hint() -> dict[str, object]:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < deadline:
                if message := channel.get_message(timeout=deadline - time.monotonic()):
                    return json.loads(message["data"])
            raise AssertionError("no hint arrived")

        yield next_hint


def test_the_gate_is_told_after_every_write(cli: CommandLine, hints: Callable[[], dict[str, object]]) -> None:
    cli.done("init")
    assert hints() == {"epoch": 1, "scope": None}
    cli.done("set", "symbol:btcusdt", "leverage=5")
    assert hints() == {"epoch": 2, "scope": "symbol:BTCUSDT"}
    cli.done("set", "symbol:btcusdt", "leverage=5")
    cli.done("halt", "strategy:a", "--reason", "x")
    assert hints() == {"epoch": 3, "scope": "strategy:a"}
    cli.done("resume", "strategy:a")
    assert hints() == {"epoch": 4, "scope": "strategy:a"}
    cli.done("clear", "symbol:BTCUSDT")
    assert hints() == {"epoch": 5, "scope": "symbol:BTCUSDT"}


def test_the_gate_is_told_of_a_halt_before_any_policy(cli: CommandLine, hints: Callable[[], dict[str, object]]) -> None:
    cli.done("halt", "global", "--reason", "x")
    assert hints() == {"epoch": None, "scope": "global"}


async def test_a_writer_that_never_gets_a_turn_says_where_the_others_are(store: RedisPolicyStore, redis: Redis) -> None:
    others = 0

    def decide(stored: StoredPolicy) -> LayerChange:
        nonlocal others
        others += 1
        other = setting(max_daily_trades=others)(stored)
        assert other.write is not None
        redis.hset("cio:policy", "global", other.write.layers["global"] or "")
        return setting(leverage=5)(stored)

    with pytest.raises(ConflictError) as caught:
        await store.commit(decide)
    assert others > 1
    assert f"global is at version {others}" in str(caught.value)
    assert caught.value.current_version == others
    assert "leverage" not in (await store.read()).layers["global"]


async def test_a_change_of_control_in_between_is_noticed_without_an_epoch(
    store: RedisPolicyStore, redis: Redis
) -> None:
    asked = 0

    def decide(stored: StoredPolicy) -> LayerChange:
        nonlocal asked
        asked += 1
        if asked == 1:
            redis.hset("cio:control", "global", "{}")
        return setting(leverage=5)(stored)

    await store.commit(decide)
    assert asked == 2


async def test_a_refusal_of_redis_is_told_and_nothing_is_written(redis_server: RedisServer, redis: Redis) -> None:
    redis.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read", "+@connection", "+@transaction")
    url = redis_server.url.replace("://", "://reader:pw@")
    async with open_store(url) as store:
        assert (await store.read()).epoch is None
        with pytest.raises(StoreUnreadableError, match="refuses"):
            await store.commit(setting(leverage=5))
    assert redis.keys() == []
    redis.execute_command("ACL", "DELUSER", "reader")


def test_a_wrong_password_is_told_without_repeating_it(cli: CommandLine, redis_server: RedisServer) -> None:
    cli.environment["REDIS_URL"] = redis_server.url.replace("://", "://nobody:s3cret@")
    error = cli.refused("show")
    assert "does not accept the login" in error
    assert "s3cret" not in error


@pytest.fixture
def stopped(redis_server: RedisServer, redis: Redis) -> Iterator[None]:
    redis_server.stop()
    yield
    redis_server.start()


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("words", [("show",), ("init",), ("set", "global", "leverage=5"), ("status",)])
def test_without_redis_there_is_one_clear_sentence(
    cli: CommandLine, redis_server: RedisServer, words: tuple[str, ...]
) -> None:
    cli.environment["REDIS_URL"] = redis_server.url.replace("://", "://anna:s3cret@")
    error = cli.refused(*words)
    shown = redis_server.url.replace("://", "://***@")
    assert error.startswith(f"Redis at {shown} cannot be reached")
    assert "point REDIS_URL at the right one" in error
    assert error.count("\n") == 1
    assert "s3cret" not in error


async def test_redis_going_away_during_a_change_leaves_it_open(
    store: RedisPolicyStore, redis_server: RedisServer
) -> None:
    def decide(stored: StoredPolicy) -> LayerChange:
        redis_server.stop()
        return setting(leverage=5)(stored)

    try:
        with pytest.raises(StoreUnreachableError, match="look with show or status whether it was written"):
            await store.commit(decide)
    finally:
        redis_server.start()
