"""The authority's store on a MongoDB-wire server: older engines' data, other writers, and a server that dies."""

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import datetime

import pytest
from bson import ObjectId
from pymongo.database import Database

from cio_strategist.adapters.mongo import Authority, open_authority
from cio_strategist.domain.policy.audit import HistoryFilter
from cio_strategist.domain.policy.edit import DeleteConfig, PatchParameters
from cio_strategist.domain.policy.layer_change import edit_layer
from cio_strategist.domain.policy.projection import problems_of
from cio_strategist.domain.policy.stored import Change, StoredPolicy, Write
from cio_strategist.errors import ConflictError, StoreUnreachableError, StoreUnreadableError, UsageError
from devstack import Mongo
from tests.integration.nurse.polling import eventually_answered
from tests.strategist_fakes import NOON, SetClock, writing
from tests.strategist_records import BTC, BTC_LONG, GLOBAL, answer, layer_write, proposal

pytestmark = pytest.mark.servers

AnyDatabase = Database[dict[str, object]]
OLD_ID = ObjectId("65db3c000000000000000001")
PATIENCE_SECONDS = 20.0


def old_config(**fields: object) -> dict[str, object]:
    """A document of the first engines, with naive times."""
    return {
        "id": None,
        "strategy_id": None,
        "symbol": None,
        "side": None,
        "parameters": {"leverage": 5, "stop_loss_pct": 2.0},
        "version": 3,
        "created_at": datetime(2025, 1, 1),  # noqa: DTZ001
        "updated_at": datetime(2025, 2, 1),  # noqa: DTZ001
        "created_by": "desk",
        "metadata": {},
        **fields,
    }


def everything(mongo: AnyDatabase) -> dict[str, list[dict[str, object]]]:
    names = [name for name in sorted(mongo.list_collection_names()) if name.startswith("trading_")]
    return {name: list(mongo[name].find().sort("_id")) for name in names}


def patching(scope: str, **parameters: object) -> Callable[[StoredPolicy], Change]:
    edit = PatchParameters(parameters=parameters)
    return lambda stored: edit_layer(stored, edit, scope=scope, by="anna", now=NOON)


@pytest.fixture
def legacy(mongo: AnyDatabase) -> None:
    """What the migration and the engines of several years left, duplicates included."""
    mongo["trading_configs_global"].insert_one(old_config(_id="global"))
    mongo["trading_configs_symbol"].insert_many(
        [old_config(symbol="BTCUSDT", version=9), old_config(symbol="SOLUSDT", updated_at="2025-02-01T00:00:00")]
    )
    mongo["trading_configs_symbols"].insert_many(
        [old_config(symbol="BTCUSDT", version=2), old_config(symbol="BTCUSDT", version=4)]
    )
    mongo["trading_configs_symbol_side"].insert_one(old_config(symbol="BTCUSDT", side="LONG"))
    mongo["trading_configs_strategy"].insert_one(old_config(strategy_id="momentum_v1", version=1))
    mongo["trading_configs_audit"].insert_many(
        [
            {
                "_id": OLD_ID,
                "config_type": "symbol",
                "symbol": "BTCUSDT",
                "side": None,
                "action": "update",
                "parameters_before": None,
                "parameters_after": {"leverage": 5},
                "version_before": 3,
                "version_after": 4,
                "changed_by": "desk",
                "timestamp": datetime(2025, 2, 1),  # noqa: DTZ001
            },
            {"config_type": "global", "timestamp": "2025-01-01T00:00:00", "changed_by": "desk"},
        ]
    )


@pytest.mark.usefixtures("legacy")
async def test_older_engines_data_opens_unchanged(authority: Authority, mongo: AnyDatabase) -> None:
    before = everything(mongo)
    stored = await authority.policy.read()
    await authority.policy.records(HistoryFilter(), limit=9)
    assert everything(mongo) == before
    assert stored.epoch is None
    assert problems_of(stored) == ()
    assert set(stored.layers) == {GLOBAL, BTC, "symbol:SOLUSDT", BTC_LONG, "strategy:momentum_v1"}
    assert '"version":4' in stored.layers[BTC]


@pytest.mark.usefixtures("legacy")
async def test_the_first_change_of_a_scope_touches_that_scope_alone_and_cleans_it(
    authority: Authority, mongo: AnyDatabase
) -> None:
    before = everything(mongo)
    committed = await authority.policy.commit(patching(BTC, leverage=6))
    assert committed.epoch == 1
    after = everything(mongo)
    (symbol,) = after.pop("trading_configs_symbols")
    assert (symbol["version"], symbol["parameters"]) == (5, {"leverage": 6, "stop_loss_pct": 2.0})
    assert symbol["created_at"].replace(tzinfo=None) == datetime(2025, 1, 1)  # type: ignore[attr-defined]  # noqa: DTZ001
    assert [each["symbol"] for each in after.pop("trading_configs_symbol")] == ["SOLUSDT"]
    assert after == {name: before[name] for name in after}


@pytest.mark.usefixtures("legacy")
async def test_deleting_a_scope_removes_every_document_of_it(authority: Authority, mongo: AnyDatabase) -> None:
    await authority.policy.commit(lambda stored: edit_layer(stored, DeleteConfig(), scope=BTC, by="anna", now=NOON))
    assert list(mongo["trading_configs_symbols"].find()) == []
    assert [each["symbol"] for each in mongo["trading_configs_symbol"].find()] == ["SOLUSDT"]
    assert (await authority.policy.read()).versions == {BTC: "5"}


@pytest.mark.usefixtures("legacy")
async def test_older_engines_trail_is_found_after_the_newer_one(authority: Authority) -> None:
    await authority.policy.commit(writing(layer_write(BTC, 5, leverage=6)))
    records = await authority.policy.records(HistoryFilter(), limit=9)
    assert [(record.scope, record.version) for record in records] == [(BTC, 5), (BTC, 4), (GLOBAL, None)]
    by_scope = await authority.policy.records(HistoryFilter(scope=BTC), limit=9)
    assert [record.version for record in by_scope] == [5, 4]
    older = await authority.policy.records(HistoryFilter(before_revision=1), limit=9)
    assert len(older) == 2
    found = await authority.policy.record(str(OLD_ID))
    assert found == await authority.policy.at_version(BTC, 4)


async def test_values_that_no_gate_believes_do_not_make_reading_fail(authority: Authority, mongo: AnyDatabase) -> None:
    mongo["trading_configs_global"].insert_one(old_config(_id="global", parameters={"leverage": float("nan")}))
    mongo["trading_configs_symbols"].insert_many([{"symbol": "ETHUSDT"}, {}, old_config(symbol="x", version="y")])
    mongo["trading_configs_audit"].insert_one({"timestamp": "never"})
    stored = await authority.policy.read()
    assert len(problems_of(stored)) == 4
    await authority.policy.records(HistoryFilter(), limit=9)


async def test_many_writers_of_several_processes_leave_no_gap(mongo_server: Mongo, mongo: AnyDatabase) -> None:
    async def write(number: int) -> None:
        async with open_authority(mongo_server.url, mongo.name, clock=SetClock()) as authority:
            for value in range(1, 4):
                await authority.policy.commit(patching(GLOBAL, max_daily_trades=number * 10 + value))

    await asyncio.gather(*(write(number) for number in range(1, 5)))
    async with open_authority(mongo_server.url, mongo.name, clock=SetClock()) as authority:
        stored = await authority.policy.read()
    assert (stored.epoch, stored.versions) == (12, {GLOBAL: "12"})


async def test_a_writer_that_never_gets_a_turn_gives_up(authority: Authority, mongo: AnyDatabase) -> None:
    await authority.policy.commit(writing(Write(scope=None)))
    asked = 0

    def decide(stored: StoredPolicy) -> Change:
        nonlocal asked
        asked += 1
        mongo["cio_policy_state"].update_one({"_id": "policy"}, {"$inc": {"revision": 1}})
        return patching(GLOBAL, leverage=5)(stored)

    with pytest.raises(ConflictError, match="nothing was written"):
        await authority.policy.commit(decide)
    assert asked > 1
    assert (await authority.policy.read()).layers == {}


async def test_a_server_that_goes_away_in_the_middle_leaves_nothing_half_done(
    authority: Authority, mongo_server: Mongo, mongo: AnyDatabase
) -> None:
    await authority.policy.commit(patching(GLOBAL, leverage=5))
    before = await authority.policy.read()
    whole = Write(
        scope=GLOBAL,
        layers=layer_write(GLOBAL, 2, leverage=4).layers,
        versions={GLOBAL: 2},
        audit=layer_write(GLOBAL, 2, leverage=4).audit,
        proposals=(proposal(),),
        answer=answer(),
    )

    def decide(_: StoredPolicy) -> Change:
        mongo_server.stop()
        return Change(whole)

    try:
        with pytest.raises(StoreUnreachableError, match="nothing was written"):
            await authority.policy.commit(decide)
    finally:
        await asyncio.to_thread(mongo_server.start)
    assert await until_back(authority) == before
    assert (await authority.policy.commit(writing(whole))).epoch == 2
    assert len(list(mongo["trading_configs_audit"].find())) == 1


async def test_writers_in_line_do_not_each_wait_for_a_server_that_is_known_to_be_away(
    authority: Authority, mongo_server: Mongo
) -> None:
    await authority.policy.commit(patching(GLOBAL, leverage=5))
    await asyncio.to_thread(mongo_server.stop)
    try:
        with pytest.raises(StoreUnreachableError):
            await authority.policy.read()
        # Each one that waited would take 1.5 s, after the one before it.
        async with asyncio.timeout(30):
            results = await asyncio.gather(
                *(authority.policy.commit(patching(GLOBAL, leverage=4)) for _ in range(20)), return_exceptions=True
            )
    finally:
        await asyncio.to_thread(mongo_server.start)
    assert {type(result) for result in results} == {StoreUnreachableError}
    assert all("nothing was written" in str(result) for result in results)
    assert (await until_back(authority)).versions == {GLOBAL: "1"}


async def test_a_server_killed_under_load_leaves_layers_versions_and_trail_in_step(
    authority: Authority, mongo_server: Mongo, mongo: AnyDatabase
) -> None:
    started = asyncio.Event()

    async def write_on() -> None:
        for version in range(1, 10_000):
            await authority.policy.commit(writing(layer_write(GLOBAL, version, leverage=1 + version % 9)))
            if version == 3:
                started.set()

    async def kill() -> None:
        await started.wait()
        assert mongo_server.pid is not None
        os.kill(mongo_server.pid, signal.SIGKILL)

    try:
        with pytest.raises(StoreUnreachableError):
            await asyncio.gather(write_on(), kill())
    finally:
        await asyncio.to_thread(mongo_server.start)
    stored = await until_back(authority)
    trail = await authority.policy.records(HistoryFilter(), limit=10_000)
    revision = stored.epoch or 0
    assert stored.versions.get(GLOBAL, "0") == str(revision)
    assert sorted(record.revision or 0 for record in trail) == list(range(1, revision + 1))
    assert [record.version for record in trail[:1]] == ([revision] if revision else [])


async def test_an_old_answer_makes_room_for_a_new_one(authority: Authority, clock: SetClock) -> None:
    await authority.policy.commit(writing(Write(scope=None, answer=answer())))
    clock.advance(days=1)
    assert await authority.policy.answer("anna:1") is None
    newer = answer(at=clock.now())
    await authority.policy.commit(writing(Write(scope=None, answer=newer)))
    assert await authority.policy.answer("anna:1") == newer


async def test_a_revision_that_is_no_count_is_told(authority: Authority, mongo: AnyDatabase) -> None:
    mongo["cio_policy_state"].insert_one({"_id": "policy", "revision": "many"})
    with pytest.raises(StoreUnreadableError, match="cio_policy_state"):
        await authority.policy.read()


async def test_values_that_cannot_be_stored_are_wrong_usage(authority: Authority) -> None:
    huge = layer_write(GLOBAL, 1, max_daily_trades=2**70)
    with pytest.raises(UsageError, match="cannot be stored"):
        await authority.policy.commit(writing(huge))
    assert (await authority.policy.read()).epoch is None


async def test_indexes_are_made_beside_duplicates_of_older_engines(authority: Authority, mongo: AnyDatabase) -> None:
    mongo["trading_configs_audit"].create_index("timestamp", unique=False)
    mongo["trading_configs_symbol_side"].insert_many([old_config(symbol="BTCUSDT", side="LONG") for _ in range(2)])
    await authority.policy.commit(patching(GLOBAL, leverage=5))
    answers = mongo["cio_answers"].index_information()
    assert [index.get("expireAfterSeconds") for index in answers.values() if "expireAfterSeconds" in index] == [86400]


async def test_the_database_that_the_address_names_wins(mongo_server: Mongo, mongo: AnyDatabase) -> None:
    async with open_authority(f"{mongo_server.url}{mongo.name}", "another", clock=SetClock()) as authority:
        assert mongo.name in authority.where
        await authority.policy.commit(writing(Write(scope=None)))
    assert mongo["cio_policy_state"].count_documents({}) == 1


async def test_a_wrong_address_or_name_is_told_without_repeating_it() -> None:
    for uri, name in (("http://anna:s3cret@h", "petrosa"), ("mongodb://anna:s3:cr@et@h", "petrosa")):
        with pytest.raises(UsageError, match="MONGODB_URI") as caught:
            async with open_authority(uri, name, clock=SetClock()):
                pass
        assert "s3" not in str(caught.value)
    with pytest.raises(UsageError, match="MONGODB_DATABASE"):
        async with open_authority("mongodb://127.0.0.1:1", "a b.c/d", clock=SetClock()):
            pass


async def test_a_caller_that_gives_up_leaves_no_half_change(authority: Authority) -> None:
    await authority.policy.commit(writing(Write(scope=None)))
    for version in range(1, 6):
        task = asyncio.create_task(authority.policy.commit(patching(GLOBAL, leverage=version)))
        for _ in range(version):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    await authority.policy.commit(patching(GLOBAL, max_daily_trades=7))
    stored = await authority.policy.read()
    assert stored.epoch == 1 + int(stored.versions[GLOBAL])


async def until_back(authority: Authority) -> StoredPolicy:
    async def answered() -> StoredPolicy | None:
        try:
            return await authority.policy.read()
        except StoreUnreachableError:
            return None

    stored = await eventually_answered(answered, seconds=PATIENCE_SECONDS)
    assert stored is not None
    return stored
