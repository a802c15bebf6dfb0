import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from cio_strategist.domain.audit import HistoryFilter, Subject
from cio_strategist.domain.edit import PatchParameters
from cio_strategist.domain.outcome import OutcomeStatus
from cio_strategist.domain.projection import Shown
from cio_strategist.domain.stored import StoredPolicy, Write, to_json
from cio_strategist.errors import StoreUnreachableError, StoreUnreadableError
from cio_strategist.service.config_manager import TradingConfigManager
from cio_strategist.service.projection import Projector
from cio_strategist.service.writer import Writer
from petrosa_contracts import Mode
from petrosa_contracts.rediskeys import CONTROL, POLICY, POLICY_EPOCH
from tests.fakes import eventually, settled
from tests.strategist_fakes import CountingIds, FakePolicyStore, FakeProjection, SetClock
from tests.strategist_records import BTC, GLOBAL, control_write, entry, layer_text, layer_write, record
from tests.unit.strategist.authority import asking

NEVER = 3600.0

Log = list[MutableMapping[str, Any]]


@dataclass
class Drifts:
    """Keeps what was counted."""

    fields: list[int] = field(default_factory=list)

    def drift(self, fields: int) -> None:
        self.fields.append(fields)


class World:
    """A projector between two fakes."""

    def __init__(
        self,
        *,
        drift_seconds: float = NEVER,
        mongo: FakePolicyStore | None = None,
        redis: FakeProjection | None = None,
    ) -> None:
        self.clock = SetClock()
        self.mongo = mongo or FakePolicyStore(self.clock)
        self.redis = redis or FakeProjection()
        self.drifts = Drifts()
        self.projector = Projector(
            self.mongo,
            self.redis,
            clock=self.clock,
            new_id=CountingIds(),
            drift_seconds=drift_seconds,
            metrics=self.drifts,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.projector.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def shows_the_store(self) -> bool:
        stored, shown = self.mongo.stored, self.redis.shown
        same = (stored.layers, stored.versions, stored.control)
        return same == (shown.policy.layers, shown.policy.versions, shown.policy.control)


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


async def test_a_flush_is_drift_for_a_process_that_never_had_to_write(world: World) -> None:
    world.mongo.edit(layer_write())
    await world.projector.project()
    restarted = World(mongo=world.mongo, redis=world.redis)
    await restarted.projector.project()
    world.redis.shown = Shown(StoredPolicy(), None)
    await restarted.projector.project()
    assert len(restarted.drifts.fields) == 1


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
