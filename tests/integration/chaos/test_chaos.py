"""Servers and services are killed at random moments for minutes, under load, and nothing that counts is lost."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from devstack import DevStack
from tests.integration.chaos import accounts
from tests.integration.chaos.world import World

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SECONDS = float(os.environ.get("CHAOS_SECONDS", "120"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))

Fault = Callable[[World, random.Random], Awaitable[None]]


async def kill_gate(world: World, dice: random.Random) -> None:
    gate = dice.choice(world.gates)
    await asyncio.to_thread(gate.kill)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(gate.start_ready)
    await world.recovered()


async def kill_nats(world: World, dice: random.Random) -> None:
    await asyncio.to_thread(world.stack.nats.kill)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(world.stack.nats.start)
    await world.recovered()


async def hold_nats(world: World, dice: random.Random) -> None:
    await asyncio.to_thread(world.stack.nats.pause)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(world.stack.nats.resume)
    await world.recovered()


async def kill_recorder(world: World, dice: random.Random) -> None:
    recorder = dice.choice(world.recorders)
    await asyncio.to_thread(recorder.kill)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(recorder.start)


async def stop_store(world: World, dice: random.Random) -> None:
    await asyncio.to_thread(world.stack.mongo.stop)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(world.stack.mongo.start)


async def hold_store(world: World, dice: random.Random) -> None:
    await asyncio.to_thread(world.stack.mongo.pause)
    await asyncio.sleep(dice.uniform(0, 6))
    await asyncio.to_thread(world.stack.mongo.resume)


async def kill_store(world: World, dice: random.Random) -> None:
    await asyncio.to_thread(world.stack.mongo.kill)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(world.stack.mongo.start)


async def again_and_again(world: World, faults: list[Fault], dice: random.Random, until: asyncio.Event) -> None:
    """One of the faults after the other, each at a moment that the dice choose; what is broken is whole at the end."""
    while not until.is_set():
        await asyncio.sleep(dice.uniform(0.2, 3))
        await dice.choice(faults)(world, dice)


@pytest.mark.parametrize(
    "store_faults",
    # A store that is killed may lose what it had acknowledged (this one does; MongoDB with a majority does not).
    [pytest.param([stop_store, hold_store], id="store-keeps-its-word"), pytest.param([kill_store], id="store-forgets")],
)
async def test_whatever_is_killed_every_signal_and_every_answer_is_on_record_once(
    stack: DevStack, tmp_path: Path, store_faults: list[Fault]
) -> None:
    async with World.running(stack, tmp_path, seed=SEED) as world:
        over = asyncio.Event()
        async with world.bots.at_work(), asyncio.TaskGroup() as tasks:
            # Beside each other: recorders die while the store is away, and gates while recorders are. Gates and NATS
            # take turns: what nobody waits for is lost if both die before it is in the stream or in the journal.
            for name, faults in {
                "intake": [kill_gate, kill_nats, hold_nats],
                "recorders": [kill_recorder],
                "store": store_faults,
            }.items():
                tasks.create_task(again_and_again(world, faults, random.Random(f"{SEED} {name}"), over))
            await asyncio.sleep(SECONDS)
            over.set()
        recorded = await accounts.drained(world)
        accounts.check(world, recorded)
        entries = await asyncio.to_thread(accounts.check_verified, world)
        told = await asyncio.to_thread(accounts.reconciled, world)
        print(
            f"asked={len(world.bots.asked)} signals={len(world.engine.decisions)} entries={entries} "
            f"withdrawn={len(recorded.withdrawn)} missing={len(told['missing'])} surplus={len(told['surplus'])}"
        )
        accounts.check_gaps(world, told)
