"""What the projector takes over from Redis: stricter control, and policy from before there was an authority."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.edit import PatchParameters
from cio_strategist.domain.policy.outcome import OutcomeStatus
from cio_strategist.domain.policy.projection import Shown
from cio_strategist.domain.policy.stored import StoredPolicy, to_json
from cio_strategist.errors import StoreUnreachableError
from cio_strategist.service.policy.config_manager import TradingConfigManager
from cio_strategist.service.policy.writer import Writer
from petrosa_contracts import Mode
from tests.strategist_fakes import CountingIds
from tests.strategist_records import BTC, GLOBAL, control_write, entry, layer_text, layer_write, record
from tests.unit.strategist.authority import asking
from tests.unit.strategist.service.policy.projection_world import World


@pytest.fixture
def world() -> World:
    return World()


async def test_a_halt_set_straight_in_redis_is_adopted(world: World) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    world.redis.tamper(control={BTC: to_json(entry())})
    assert (await world.projector.project()).enforced
    assert world.mongo.stored.control == {BTC: to_json(entry())}
    assert world.shows_the_store()
    (audit,) = await world.mongo.records(HistoryFilter(subject=Subject.CONTROL), limit=9)
    assert (audit.scope, audit.edit, audit.changed_by) == (BTC, "import", "anna")
    assert world.drifts.fields == []


async def test_a_halt_lifted_while_redis_was_away_is_not_adopted_again(world: World) -> None:
    halt = entry()
    imposed = record("imposed", subject=Subject.CONTROL, scope=BTC, after=halt.model_dump(mode="json"), version=None)
    world.mongo.edit(replace(control_write(BTC, halt), audit=imposed))
    await world.projector.project()
    world.redis.up = False
    world.mongo.edit(control_write(BTC, None))
    await world.projector.project()
    world.redis.up = True
    assert (await world.projector.project()).enforced
    assert world.redis.shown.policy.control == {}
    assert world.mongo.stored.control == {}


async def test_a_halt_laxer_in_redis_is_put_right(world: World) -> None:
    world.mongo.edit(control_write(GLOBAL, entry()))
    await world.projector.project()
    world.redis.tamper(control={GLOBAL: to_json(entry(Mode.SAFE))})
    await world.projector.project()
    assert world.redis.shown.policy.control == {GLOBAL: to_json(entry())}
    assert world.drifts.fields == [1]


async def test_a_policy_from_before_the_authority_is_imported_once(world: World) -> None:
    world.redis.shown = Shown(StoredPolicy(5, {GLOBAL: layer_text(version=3)}, {GLOBAL: "3"}), None)
    told = await world.projector.project()
    assert told.enforced
    assert world.mongo.stored.layers == {GLOBAL: layer_text(version=3)}
    assert world.mongo.stored.versions == {GLOBAL: "3"}
    assert [each.edit for each in world.mongo.trail] == ["import"]
    await world.projector.project()
    assert len(world.mongo.trail) == 1


async def test_a_halt_adopted_and_lifted_by_another_authority_meanwhile_stays_lifted(world: World) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    world.redis.tamper(control={BTC: to_json(entry())})

    def another_authority_adopts_it_and_an_operator_lifts_it() -> None:
        world.mongo.before_write = lambda: None
        halt = entry().model_dump(mode="json")
        adopted = record("adopted", subject=Subject.CONTROL, scope=BTC, after=halt, version=None)
        world.mongo.edit(replace(control_write(BTC, entry()), audit=adopted))
        world.mongo.edit(control_write(BTC, None))

    world.mongo.before_write = another_authority_adopts_it_and_an_operator_lifts_it
    assert (await world.projector.project()).enforced
    assert world.mongo.stored.control == {}
    assert world.shows_the_store()


async def test_a_halt_that_others_write_around_is_adopted_all_the_same(world: World) -> None:
    world.redis.tamper(control={BTC: to_json(entry())})
    world.mongo.edit(layer_write())

    def somebody_else_writes() -> None:
        world.mongo.before_write = lambda: None
        world.mongo.edit(layer_write(GLOBAL, 2, leverage=4))

    world.mongo.before_write = somebody_else_writes
    assert (await world.projector.project()).enforced
    assert world.mongo.stored.control == {BTC: to_json(entry())}
    assert world.shows_the_store()


async def test_a_halt_adopted_together_with_ours_and_lifted_while_redis_was_away_stays_lifted(world: World) -> None:
    world.mongo.edit(control_write(BTC, entry(Mode.SAFE)))
    await world.projector.project()
    theirs = entry(until=world.clock.now() + timedelta(hours=1))
    world.redis.tamper(control={BTC: to_json(theirs)})

    def redis_goes_away() -> None:
        world.redis.before_write = lambda: None
        world.redis.up = False

    world.redis.before_write = redis_goes_away
    assert not (await world.projector.project()).enforced
    assert world.mongo.stored.control != {BTC: to_json(entry(Mode.SAFE))}
    world.mongo.edit(control_write(BTC, None))
    world.redis.up = True
    assert (await world.projector.project()).enforced
    assert world.mongo.stored.control == {}
    assert world.redis.shown.policy.control == {}


async def test_a_first_write_that_races_the_first_start_keeps_the_policy_from_before(world: World) -> None:
    world.redis.shown = Shown(StoredPolicy(5, {BTC: layer_text(BTC, version=3)}, {BTC: "3"}), None)
    writer = Writer(world.mongo, clock=world.clock, new_id=CountingIds(), history=world.mongo, enforcer=world.projector)
    manager = TradingConfigManager(writer)
    patch = PatchParameters(parameters={"leverage": 3})
    world.redis.up = False
    with pytest.raises(StoreUnreachableError):
        await manager.apply(patch, scope=GLOBAL, request=asking())
    world.redis.up = True
    outcome = await manager.apply(patch, scope=GLOBAL, request=asking())
    assert outcome.enforcement is not None
    assert outcome.enforcement.enforced
    assert [each.edit for each in world.mongo.trail] == ["import", "patch"]
    assert set(world.redis.shown.policy.layers) == {BTC, GLOBAL}
    world.redis.up = False
    patch = PatchParameters(parameters={"leverage": 2})
    assert (await manager.apply(patch, scope=GLOBAL, request=asking())).status is OutcomeStatus.APPLIED


async def test_a_first_write_stands_without_redis_where_redis_was_seen_before(world: World) -> None:
    assert (await world.projector.project()).enforced
    world.redis.up = False
    writer = Writer(world.mongo, clock=world.clock, new_id=CountingIds(), history=world.mongo, enforcer=world.projector)
    patch = PatchParameters(parameters={"leverage": 3})
    outcome = await TradingConfigManager(writer).apply(patch, scope=GLOBAL, request=asking())
    assert outcome.status is OutcomeStatus.APPLIED
