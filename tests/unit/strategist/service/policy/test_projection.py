"""Redis is kept as MongoDB has it: changes, outages, drift."""

import asyncio
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from cio_strategist.domain.policy.projection import Shown
from cio_strategist.domain.policy.stored import StoredPolicy, Write, to_json
from cio_strategist.errors import StoreUnreachableError, StoreUnreadableError
from petrosa_contracts.rediskeys import CONTROL, POLICY, POLICY_EPOCH
from tests.fakes import eventually, settled
from tests.strategist_records import BTC, GLOBAL, control_write, entry, layer_text, layer_write
from tests.unit.strategist.service.policy.projection_world import World

Log = list[MutableMapping[str, Any]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def log(_quiet_log: None) -> Iterator[Log]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with capture_logs() as lines:
        yield lines


async def test_a_change_is_shown_with_the_epoch_after_it(world: World) -> None:
    world.mongo.edit(layer_write(GLOBAL, 1, leverage=5))
    first = await world.projector.project()
    world.mongo.edit(layer_write(BTC, 1, leverage=4))
    second = await world.projector.project()
    assert (first.enforced, first.epoch, second.enforced, second.epoch) == (True, 1, True, 2)
    assert world.shows_the_store()
    assert world.redis.shown.revision == 2


async def test_asked_again_it_writes_nothing(world: World) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    again = await world.projector.project()
    assert (again.enforced, again.epoch, len(world.redis.updates)) == (True, 1, 1)


async def test_a_proposal_moves_the_revision_and_not_the_epoch(world: World) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    world.mongo.edit(Write(scope=None))
    assert (await world.projector.project()).epoch == 1
    assert world.redis.shown.revision == 2


async def test_an_authority_without_any_policy_makes_the_defaults_valid(world: World) -> None:
    told = await world.projector.project()
    assert (told.enforced, told.epoch) == (True, 1)
    assert world.redis.shown.policy.layers == {}


async def test_an_empty_policy_gives_redis_an_epoch(world: World) -> None:
    world.mongo.edit(Write(scope=None))
    assert (await world.projector.project()).epoch == 1


async def test_a_store_that_is_away_is_not_an_error_but_not_enforced(world: World) -> None:
    world.mongo.edit(layer_write())
    world.redis.up = False
    told = await world.projector.project()
    assert (told.enforced, told.epoch) == (False, None)
    assert "Redis cannot be reached" in told.message
    world.redis.up, world.mongo.up = True, False
    assert "MongoDB cannot be reached" in (await world.projector.project()).message


async def test_a_store_that_hangs_is_given_a_second() -> None:
    world = World()
    world.mongo.edit(layer_write())

    async def hang(*_: object) -> int | None:
        await asyncio.Event().wait()
        return None

    world.redis.update = hang  # type: ignore[method-assign, assignment]
    told = await world.projector.project()
    assert not told.enforced
    assert "longer than 1 s" in told.message


async def test_what_could_not_be_shown_is_tried_until_it_is(world: World) -> None:
    world.mongo.edit(layer_write())
    async with world.running():
        await eventually(world.shows_the_store)
        world.redis.up = False
        world.mongo.edit(layer_write(GLOBAL, 2, leverage=4))
        assert not (await world.projector.project()).enforced
        await settled()
        world.redis.up = True
        await eventually(world.shows_the_store)


async def test_a_state_read_before_another_write_to_redis_never_overwrites_it(world: World) -> None:
    world.mongo.edit(layer_write(GLOBAL, 1, leverage=5))

    def another_process_is_faster() -> None:
        world.redis.before_write = lambda: None
        world.mongo.edit(layer_write(GLOBAL, 2, leverage=4))
        newest = world.mongo.stored
        world.redis.shown = Shown(replace(newest, epoch=1, loosened=(), pending={}), 2)

    world.redis.before_write = another_process_is_faster
    assert (await world.projector.project()).enforced
    assert world.shows_the_store()
    assert world.redis.updates == []


async def test_tampering_is_repaired_logged_as_an_error_and_counted(world: World, log: Log) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    world.redis.tamper(layers={BTC: "x"})
    told = await world.projector.project()
    assert (told.enforced, told.epoch) == (True, 2)
    assert world.shows_the_store()
    (drift,) = [line for line in log if line["event"] == "projection_drift"]
    assert drift["log_level"] == "error"
    assert drift["fields"] == [f"{POLICY}/{GLOBAL}", f"{POLICY}/{BTC}"]
    assert world.drifts.fields == [2]


async def test_a_flushed_redis_is_drift_and_rebuilt(world: World) -> None:
    world.mongo.edit(layer_write())
    world.mongo.edit(control_write(BTC, entry()))
    await world.projector.project()
    world.redis.shown = Shown(StoredPolicy(), None)
    assert (await world.projector.project()).enforced
    assert world.shows_the_store()
    assert len(world.drifts.fields) == 1


async def test_a_missing_epoch_alone_is_drift(world: World, log: Log) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    shown = world.redis.shown
    world.redis.shown = replace(shown, policy=replace(shown.policy, epoch=None))
    assert (await world.projector.project()).epoch == 1
    assert [line["fields"] for line in log if line["event"] == "projection_drift"] == [[POLICY_EPOCH]]


async def test_an_ordinary_change_is_no_drift(world: World) -> None:
    for version in (1, 2, 3):
        world.mongo.edit(layer_write(GLOBAL, version, leverage=version))
        await world.projector.project()
    assert world.drifts.fields == []


async def test_drift_is_found_without_anybody_asking() -> None:
    world = World(drift_seconds=0.01)
    world.mongo.edit(layer_write())
    async with world.running():
        await eventually(world.shows_the_store)
        world.redis.tamper(layers={})
        await eventually(world.shows_the_store)
    assert world.drifts.fields == [1]


async def test_an_unreadable_layer_stops_policy_and_not_a_halt(world: World, log: Log) -> None:
    world.mongo.edit(layer_write(GLOBAL, 1, leverage=5))
    await world.projector.project()
    world.mongo.edit(Write(scope=BTC, layers={BTC: layer_text(BTC, leverage=9999), GLOBAL: layer_text(version=2)}))
    world.mongo.edit(control_write(BTC, entry()))
    told = await world.projector.project()
    assert not told.enforced
    assert BTC in told.message
    assert "leverage" in told.message
    assert world.redis.shown.policy.layers == {GLOBAL: layer_text(leverage=5)}
    assert world.redis.shown.policy.control == {BTC: to_json(entry())}
    assert world.redis.shown.revision == 1
    assert [line["log_level"] for line in log if line["event"] == "projection_postponed"] == ["error"]
    world.mongo.edit(Write(scope=BTC, layers={BTC: None}))
    assert (await world.projector.project()).enforced


async def test_an_older_state_is_refused_until_it_is_rebuilt(world: World) -> None:
    world.mongo.edit(layer_write())
    world.redis.shown = Shown(StoredPolicy(5, {GLOBAL: layer_text(version=9)}), 12)
    told = await world.projector.project()
    assert not told.enforced
    assert "cio-policy rebuild" in told.message
    assert world.redis.updates == []
    assert (await world.projector.rebuild()).enforced
    assert world.shows_the_store()
    assert world.redis.shown.revision == 1


async def test_rebuilding_writes_everything_anew_and_counts_the_epoch(world: World) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    world.redis.shown = replace(world.redis.shown, damaged=(CONTROL,))
    told = await world.projector.rebuild()
    assert (told.enforced, told.epoch) == (True, 2)
    assert world.redis.updates[-1].layers == world.mongo.stored.layers
    assert world.redis.shown.damaged == ()


async def test_rebuilding_says_what_stands_in_its_way(world: World) -> None:
    world.mongo.edit(Write(scope=GLOBAL, layers={GLOBAL: layer_text(leverage=9999)}))
    with pytest.raises(StoreUnreadableError, match="leverage"):
        await world.projector.rebuild()
    world.redis.up = False
    with pytest.raises(StoreUnreachableError):
        await world.projector.rebuild()


async def test_the_same_trouble_is_logged_once_and_its_end_too(world: World, log: Log) -> None:
    world.mongo.edit(layer_write())
    world.redis.up = False
    for _ in range(3):
        await world.projector.project()
    world.redis.up = True
    await world.projector.project()
    events = [line["event"] for line in log]
    assert events.count("projection_postponed") == events.count("projection_recovered") == 1


async def test_a_fault_of_our_own_is_logged_with_where_it_happened_and_ends_nothing(world: World, log: Log) -> None:
    world.mongo.edit(layer_write())
    update = world.redis.update

    async def broken(*_: object) -> int | None:
        raise ZeroDivisionError

    world.redis.update = broken  # type: ignore[method-assign, assignment]
    async with world.running():
        await eventually(lambda: [line for line in log if line["event"] == "projection_failed"])
        told = await world.projector.project()
        assert not told.enforced
        assert "ZeroDivisionError" in told.message
        assert not world.projector.is_up_to_date
        world.redis.update = update  # type: ignore[method-assign]
        await eventually(world.shows_the_store)


async def test_a_flush_is_drift_for_a_process_that_never_had_to_write(world: World) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    restarted = World(mongo=world.mongo, redis=world.redis)
    await restarted.projector.project()
    world.redis.shown = Shown(StoredPolicy(), None)
    await restarted.projector.project()
    assert len(restarted.drifts.fields) == 1
