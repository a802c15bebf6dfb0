"""The store under other writers, readers, and a Redis that goes away."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest
from redis import Redis

from cio_strategist.adapters.redis import RedisPolicyStore, open_store
from cio_strategist.domain.control_change import impose, lift
from cio_strategist.domain.layer_change import LayerChange, clear_layer, set_parameters
from cio_strategist.domain.stored import StoredPolicy, layer_version
from cio_strategist.errors import ConflictError, StoreUnreachableError, StoreUnreadableError
from devstack import Redis as RedisServer
from petrosa_contracts import Mode, Scope
from tests.integration.strategist.command_line import CommandLine

pytestmark = pytest.mark.servers

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
EVERYTHING = Scope.everything()
ROUNDS = 40
PATIENCE_SECONDS = 5.0


def setting(**patch: object) -> Callable[[StoredPolicy], LayerChange]:
    return partial(set_parameters, scope=EVERYTHING, patch=patch, by="test", now=NOW)


def test_concurrent_writers_lose_nothing_and_versions_have_no_gaps(redis_server: RedisServer, redis: Redis) -> None:
    def write_all(name: str) -> list[int]:
        with open_store(redis_server.url) as store:
            return [store.commit(setting(**{name: value}))[0].version for value in range(1, ROUNDS + 1)]

    names = ["max_daily_trades", "max_concurrent_positions"]
    with ThreadPoolExecutor() as pool:
        versions = [version for written in pool.map(write_all, names) for version in written]
    assert sorted(versions) == list(range(1, 2 * ROUNDS + 1))
    layer = json.loads(redis.hget("cio:policy", "global") or "")
    assert layer["parameters"] == dict.fromkeys(names, ROUNDS)
    assert layer["version"] == 2 * ROUNDS
    assert redis.get("cio:policy:epoch") == str(2 * ROUNDS)


def test_a_reader_never_sees_layers_and_epoch_disagree(store: RedisPolicyStore, redis_server: RedisServer) -> None:
    def write_all() -> None:
        with open_store(redis_server.url) as writer:
            for value in range(1, ROUNDS + 1):
                writer.commit(setting(max_daily_trades=value))

    seen: set[int | None] = set()
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write_all)
        while not writing.done():
            stored = store.read()
            assert layer_version(stored, "global") == (stored.epoch or 0)
            seen.add(stored.epoch)
        writing.result()
    assert len(seen) > 1
    assert store.read().epoch == ROUNDS


def test_every_write_counts_the_epoch_once_and_nothing_else_does(store: RedisPolicyStore) -> None:
    halt = partial(impose, scope=EVERYTHING, mode=Mode.HALTED, reason="x", by="test", now=NOW)
    steps = [
        (setting(leverage=5), 1),
        (setting(leverage=5), 1),
        (halt, 2),
        (partial(lift, name="global", now=NOW), 3),
        (partial(lift, name="global", now=NOW), 3),
        (partial(clear_layer, name="global"), 4),
        (partial(clear_layer, name="global"), 4),
    ]
    for decide, epoch in steps:
        assert store.commit(decide)[1] == epoch  # type: ignore[type-var]
        assert store.read().epoch == epoch


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


def test_the_gate_is_told_of_a_halt_that_is_the_first_write(
    cli: CommandLine, hints: Callable[[], dict[str, object]]
) -> None:
    cli.done("halt", "global", "--reason", "x")
    assert hints() == {"epoch": 1, "scope": "global"}


def test_a_writer_that_never_gets_a_turn_says_where_the_others_are(
    store: RedisPolicyStore, redis_server: RedisServer
) -> None:
    others = 0

    def decide(stored: StoredPolicy) -> LayerChange:
        nonlocal others
        others += 1
        with open_store(redis_server.url) as other:
            other.commit(setting(max_daily_trades=others))
        return setting(leverage=5)(stored)

    with pytest.raises(ConflictError) as caught:
        store.commit(decide)
    assert others > 1
    assert f"global is at version {others}" in str(caught.value)
    assert "leverage" not in store.read().layers["global"]


def test_a_change_of_control_in_between_is_noticed_without_an_epoch(store: RedisPolicyStore, redis: Redis) -> None:
    asked = 0

    def decide(stored: StoredPolicy) -> LayerChange:
        nonlocal asked
        asked += 1
        if asked == 1:
            redis.hset("cio:control", "global", "{}")
        return setting(leverage=5)(stored)

    store.commit(decide)
    assert asked == 2


def test_a_refusal_of_redis_is_told_and_nothing_is_written(redis_server: RedisServer, redis: Redis) -> None:
    redis.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read", "+@connection", "+@transaction")
    url = redis_server.url.replace("://", "://reader:pw@")
    with open_store(url) as store:
        assert store.read().epoch is None
        with pytest.raises(StoreUnreadableError, match="refuses"):
            store.commit(setting(leverage=5))
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
    assert error.startswith(f"Redis at {redis_server.url} cannot be reached")
    assert "point REDIS_URL at the right one" in error
    assert error.count("\n") == 1
    assert "s3cret" not in error


def test_redis_going_away_during_a_change_leaves_it_open(store: RedisPolicyStore, redis_server: RedisServer) -> None:
    def decide(stored: StoredPolicy) -> LayerChange:
        redis_server.stop()
        return setting(leverage=5)(stored)

    try:
        with pytest.raises(StoreUnreachableError, match="look with show or status whether it was written"):
            store.commit(decide)
    finally:
        redis_server.start()
