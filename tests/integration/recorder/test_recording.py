"""The recorder as an operator runs it, on real servers that go away, and beside others."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from nats.aio.client import Client

from cio_strategist import audit_cli
from cio_strategist.adapters.nats.jetstream import JetStreamSource, Streams
from cio_strategist.adapters.signing import SigningKey
from devstack import DevStack
from petrosa_contracts import streams, subjects
from petrosa_contracts.client import AuditClient
from tests.integration.command_line import CommandLine
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.recorder.recorders import (
    DATABASE,
    STRATEGY,
    ChainReader,
    RecorderProcess,
    decision_id,
    publish,
)

pytestmark = pytest.mark.servers

NewRecorder = Callable[..., RecorderProcess]
SECONDS = 40.0


async def recorded(chain: ChainReader, count: int) -> None:
    """Wait until that many decisions are in the chain, and see that each is there once, in the order of the stream."""
    await eventually(lambda: len(chain.ids()) >= count, seconds=SECONDS, what=f"{count} records are in the chain")
    assert chain.ids() == {decision_id(number): 1 for number in range(count)}
    assert chain.places() == sorted(chain.places())
    assert chain.problem() is None


async def test_records_are_in_the_chain_signed_and_acknowledged(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    recorder = await asyncio.to_thread(new_recorder().start_ready)
    for number in range(120):
        await publish(client, number)
    await recorded(chain, 120)
    await eventually(lambda: chain.ids("checkpoint"), what="a checkpoint is made", seconds=SECONDS)
    made = len(chain.ids("checkpoint"))
    await publish(client, 120)
    await recorded(chain, 121)
    await eventually(lambda: len(chain.ids("checkpoint")) > made, what="another is made", seconds=SECONDS)
    assert chain.problem() is None
    consumer = await client.jetstream().consumer_info(streams.DECISIONS.name, streams.RECORDER_CONSUMER)
    assert (consumer.num_pending, consumer.num_ack_pending) == (0, 0)
    facts = (await asyncio.to_thread(recorder.readiness))[1]["recorder"]
    assert (facts["leader"], facts["signing"], facts["trouble"]) == (True, "on", [])


async def test_a_report_of_a_bot_is_acknowledged_and_recorded(
    new_recorder: NewRecorder, client: Client, chain: ChainReader, stack: DevStack
) -> None:
    await asyncio.to_thread(new_recorder().start_ready)
    intent = {"strategy_id": STRATEGY, "symbol": "BTCUSDT", "action": "close", "confidence": 0.9, "current_price": 1}
    async with AuditClient(stack.nats.url) as bot:
        answer = await bot.ask(intent)
        assert answer.by_fail_safe
    assert bot.unreported == 0
    await eventually(
        lambda: chain.ids("failsafe") == {answer.verdict.decision_id: 1}, seconds=SECONDS, what="it is in the chain"
    )


async def test_a_record_that_comes_again_after_the_stream_forgot_it_is_recorded_once(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    await asyncio.to_thread(new_recorder().start_ready)
    await publish(client, 0)
    await recorded(chain, 1)
    found = await client.jetstream().get_msg(streams.DECISIONS.name, seq=1)
    await client.jetstream().publish(subjects.decision_record(STRATEGY), found.data or b"")
    await publish(client, 1)
    await recorded(chain, 2)


async def test_a_record_that_somebody_deleted_from_the_stream_is_not_waited_for(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    recorder = await asyncio.to_thread(new_recorder().start_ready)
    await publish(client, 0)
    await recorded(chain, 1)
    recorder.terminate()
    jetstream, stream = client.jetstream(), streams.DECISIONS.name
    for number in (1, 2):
        await publish(client, number)
    third = await jetstream.get_msg(stream, seq=3)
    source = JetStreamSource(Streams(lambda: jetstream, (), replicas=1), stream)
    await jetstream.delete_msg(stream, 2)
    assert await source.waits_since() == third.time
    await jetstream.delete_msg(stream, 3)
    assert await source.waits_since() is None


async def test_a_new_recorder_on_an_emptied_store_records_what_the_stream_still_has(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    first = await asyncio.to_thread(new_recorder().start_ready)
    for number in range(20):
        await publish(client, number)
    await recorded(chain, 20)
    first.terminate()
    chain.collection.delete_many({"_id": {"$gt": 7}})
    await asyncio.to_thread(new_recorder().start_ready)
    await recorded(chain, 20)


async def test_what_a_store_loses_under_a_recorder_is_recorded_again(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    # It makes no checkpoints, before which it would look too.
    await asyncio.to_thread(new_recorder(STRATEGIST_AUDIT_KEY_FILE="").start_ready)
    for number in range(20):
        await publish(client, number)
    await recorded(chain, 20)
    chain.collection.delete_many({"_id": {"$gt": 7}})
    await publish(client, 20)
    await recorded(chain, 21)


async def test_records_that_were_lost_on_their_way_come_again_at_once_and_in_order(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    await asyncio.to_thread(new_recorder().start_ready)
    await publish(client, 0)
    await recorded(chain, 1)
    elsewhere = await client.jetstream().pull_subscribe_bind(streams.RECORDER_CONSUMER, streams.DECISIONS.name)
    fetching = asyncio.create_task(elsewhere.fetch(3, timeout=5))
    for number in range(1, 40):
        await publish(client, number)
    assert await fetching
    await recorded(chain, 40)


async def test_of_two_recorders_one_leads_and_the_other_takes_over(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    first = await asyncio.to_thread(new_recorder().start_ready)
    second = await asyncio.to_thread(new_recorder().start_ready)
    assert (first.leads, second.leads) == (True, False)
    await publish(client, 0)
    await recorded(chain, 1)
    await asyncio.to_thread(first.terminate)
    await eventually(lambda: second.leads, seconds=SECONDS, what="the other one leads")
    await publish(client, 1)
    await recorded(chain, 2)


@pytest.mark.parametrize("seed", [1, 2])
async def test_recorders_that_are_killed_at_any_moment_lose_nothing_and_write_nothing_twice(
    new_recorder: NewRecorder, client: Client, chain: ChainReader, seed: int
) -> None:
    dice = random.Random(seed)
    recorders = [new_recorder(), new_recorder()]
    for recorder in recorders:
        await asyncio.to_thread(recorder.start)

    async def kill_now_and_then() -> None:
        for _ in range(3):
            await asyncio.sleep(dice.uniform(0.2, 1.0))
            victim = dice.choice(recorders)
            await asyncio.to_thread(victim.kill)
            await asyncio.to_thread(victim.start)

    async with asyncio.TaskGroup() as group:
        group.create_task(kill_now_and_then())
        for number in range(1500):
            await publish(client, number)
    await recorded(chain, 1500)


@pytest.mark.parametrize("which", ["nats", "mongo"])
async def test_a_server_that_is_killed_under_load_costs_no_record(
    new_recorder: NewRecorder, client: Client, chain: ChainReader, stack: DevStack, which: str
) -> None:
    recorder = await asyncio.to_thread(new_recorder().start_ready)
    server = stack.nats if which == "nats" else stack.mongo

    async def outages() -> None:
        for _ in range(2):
            await asyncio.sleep(0.7)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.start)

    async with asyncio.TaskGroup() as group:
        group.create_task(outages())
        for number in range(800):
            await publish(client, number)
            await asyncio.sleep(0.002)
    await recorded(chain, 800)
    await eventually(lambda: recorder.readiness()[0] == 200, seconds=SECONDS, what="the recorder is ready again")


async def test_without_a_key_no_checkpoints_are_made_and_readiness_says_so(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    recorder = await asyncio.to_thread(new_recorder(STRATEGIST_AUDIT_KEY_FILE="").start_ready)
    for number in range(60):
        await publish(client, number)
    await recorded(chain, 60)
    assert chain.ids("checkpoint") == {}
    told = (await asyncio.to_thread(recorder.readiness))[1]["recorder"]["signing"]
    assert told == "no checkpoints are made: STRATEGIST_AUDIT_KEY_FILE is not set"


async def test_intents_without_a_record_are_an_alert(
    new_recorder: NewRecorder, client: Client, chain: ChainReader, stack: DevStack
) -> None:
    alerts = await client.subscribe(subjects.ALERTS)
    await asyncio.to_thread(new_recorder().start_ready)
    for number in range(3):
        await client.publish(subjects.intent(STRATEGY), b'{"number": %d}' % number)
        await client.flush()
        if number != 1:
            await publish(client, number)
    # The accountant waits for what gates may still record of that time.
    heard = await alerts.next_msg(timeout=2 * SECONDS)
    assert heard.subject == "alerts.cio.record_missing.recorder", heard.data
    cli = CommandLine(audit_cli.app, {**stack.environment(), "MONGODB_DATABASE": DATABASE})
    told = await asyncio.to_thread(cli.as_json, "reconcile", code=1)
    assert (told["matched"], len(told["missing"]), told["surplus"]) == (2, 1, [])
    assert told["missing"][0]["subject"] == subjects.intent(STRATEGY)


async def test_a_recorder_that_leads_is_ready_once_its_streams_stand(new_recorder: NewRecorder, client: Client) -> None:
    made = {streams.DECISIONS.name, streams.FAILSAFE.name, streams.intents().name}
    for name in made:
        await client.jetstream().delete_stream(name)
    await asyncio.to_thread(new_recorder().start_ready)
    assert {info.config.name for info in await client.jetstream().streams_info()} == made


async def test_streams_that_were_deleted_are_made_again_and_read_from(
    new_recorder: NewRecorder, client: Client, chain: ChainReader
) -> None:
    jetstream = client.jetstream()
    await asyncio.to_thread(new_recorder().start_ready)
    await publish(client, 0)
    await recorded(chain, 1)
    made = (streams.DECISIONS, streams.FAILSAFE, streams.intents())
    for each in made:
        await jetstream.delete_stream(each.name)

    async def stand() -> bool:
        return {each.name for each in made} <= {info.config.name for info in await jetstream.streams_info()}

    await eventually_answered(stand, seconds=SECONDS, what="the streams are there again")
    await publish(client, 1)
    await recorded(chain, 2)


def test_a_key_of_its_own_is_made_for_every_file(tmp_path: Path) -> None:
    keys = [SigningKey.make(tmp_path / name).key_id for name in ("a.pem", "b.pem")]
    assert len(set(keys)) == 2
