"""The worst moments to die, one by one: between record and signal, under load, and in the middle of a batch."""

import asyncio
import signal
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from pymongo import MongoClient

from devstack import DevStack
from petrosa_contracts import Code
from petrosa_contracts.streams import DECISIONS
from tests.integration.chaos import accounts
from tests.integration.chaos.world import PATIENCE, World
from tests.integration.nurse.fleet import intent
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.recorder.recorders import DATABASE

pytestmark = pytest.mark.servers


async def test_nothing_that_was_told_is_lost_at_the_worst_moments(stack: DevStack, tmp_path: Path) -> None:
    async with World.running(stack, tmp_path, seed=1, audit_deadline_ms=3000, recorders=1) as world:
        client = await nats.connect(stack.nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
        await gates_die_between_record_and_signal(world, client.jetstream(timeout=PATIENCE))
        await the_stream_stops_under_load(world)
        await the_recorder_dies_amid_a_backlog(world)
        await client.close()
        recorded = await accounts.drained(world)
        accounts.check(world, recorded)
        await asyncio.to_thread(accounts.check_verified, world)
        told = await asyncio.to_thread(accounts.reconciled, world)
        accounts.check_gaps(world, told)


async def gates_die_between_record_and_signal(world: World, jetstream: JetStreamContext) -> None:
    """Have the stream keep records without saying so, and kill the gates when it has one: no signal may follow."""
    config = (await jetstream.stream_info(DECISIONS.name)).config
    await jetstream.update_stream(config.evolve(no_ack=True))
    before = (await jetstream.stream_info(DECISIONS.name)).state.messages
    payload = intent("chaos_0")
    await world.bus.send(payload)

    async def is_kept() -> bool:
        return (await jetstream.stream_info(DECISIONS.name)).state.messages > before

    await eventually_answered(is_kept, seconds=PATIENCE, what="the record is kept")
    for gate in world.gates:
        gate.send_signal(signal.SIGKILL)
    for gate in world.gates:
        await asyncio.to_thread(gate.exit_code)
    await jetstream.update_stream(config)
    await asyncio.gather(*(asyncio.to_thread(gate.start_ready) for gate in world.gates))
    # Its place is taken for good: the trade does not happen, however often it is asked for.
    assert (await world.bus.ask(payload, seconds=PATIENCE)).code is Code.INTENT_DUPLICATE
    assert world.engine.decisions == []


async def the_stream_stops_under_load(world: World) -> None:
    """Hold the server, then kill it, while bots send."""
    async with world.bots.at_work():
        await world.bots.answered(300)
        for begin, end in (
            (world.stack.nats.pause, world.stack.nats.resume),
            (world.stack.nats.kill, world.stack.nats.start),
        ):
            await asyncio.to_thread(begin)
            await asyncio.sleep(1)
            await asyncio.to_thread(end)
            await world.recovered()
            await world.bots.answered(300)


async def the_recorder_dies_amid_a_backlog(world: World) -> None:
    """Let records pile up while the store is held, and kill the recorder as soon as it writes again."""
    await asyncio.to_thread(world.stack.mongo.pause)
    async with world.bots.at_work():
        await world.bots.answered(1000)
    await asyncio.to_thread(world.stack.mongo.resume)
    with MongoClient[dict[str, object]](world.stack.mongo.url) as mongo:
        chain = mongo[DATABASE]["audit_chain"]
        before = await asyncio.to_thread(chain.estimated_document_count)
        await eventually(lambda: chain.estimated_document_count() > before, seconds=PATIENCE, what="it writes again")
    (recorder,) = world.recorders
    await asyncio.to_thread(recorder.kill)
    await asyncio.to_thread(recorder.start)
