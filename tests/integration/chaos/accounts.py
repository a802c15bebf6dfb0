"""What must hold once everything is back: engine, bots, streams and chain held against each other."""

import asyncio
import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import nats
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError
from pymongo import MongoClient

from petrosa_contracts.record import WITHDRAWAL, DecisionRecord
from petrosa_contracts.streams import DECISIONS, RECORDER_CONSUMER
from tests.integration.chaos.world import World
from tests.integration.nurse.gate import PROGRAMS, environment_of
from tests.integration.nurse.polling import eventually_answered
from tests.integration.recorder.recorders import DATABASE

DRAIN_SECONDS = 180.0


@dataclass(frozen=True)
class Recorded:
    """The decisions in the chain."""

    records: dict[str, DecisionRecord]
    """By record id: a withdrawal stands beside the approval that it withdraws."""
    kinds: Counter[str]
    """How many entries of each kind there are."""
    ids: Counter[tuple[str, str]]
    """How often each kind and id is there."""

    @property
    def decisions(self) -> set[str]:
        """The decisions that have a record of whatever kind."""
        return {name.removesuffix(WITHDRAWAL) for name in self.records}

    @property
    def withdrawn(self) -> set[str]:
        """The decisions that were withdrawn."""
        return {name.removesuffix(WITHDRAWAL) for name in self.records if name.endswith(WITHDRAWAL)}


async def drained(world: World) -> Recorded:
    """Wait until gates, streams and recorders have nothing left to do, and return what is in the chain."""
    await world.recovered()
    client = await nats.connect(world.stack.nats.url)
    try:
        kept = await _stream_ids(client.jetstream(timeout=10))
        await eventually_answered(
            lambda: _all_recorded(world, client.jetstream(timeout=10), kept),
            seconds=DRAIN_SECONDS,
            what="everything in the stream is in the chain and acknowledged",
        )
    finally:
        await client.close()
    return await asyncio.to_thread(_read_chain, world)


def check(world: World, recorded: Recorded) -> None:
    """Hold everything that was seen against the chain. What a killed gate may owe is none of this."""
    approved = {name for name, record in recorded.records.items() if record.verdict.approved}
    signals = Counter(world.engine.decisions)
    assert not [name for name, count in signals.items() if count > 1], "a signal left twice"
    assert signals.keys() <= approved, "a signal reached the engine without an approval on record"
    assert not signals.keys() & recorded.withdrawn, "what was withdrawn left all the same"

    answers = {asked.verdict.decision_id: asked.verdict.code for asked in world.bots.asked if asked.verdict is not None}
    answers |= {told["decision_id"]: told["code"] for told in world.announced.payloads}
    assert answers.keys() <= recorded.decisions, "a bot was told what is not on record"
    for decision, code in answers.items():
        last = recorded.records.get(f"{decision}{WITHDRAWAL}") or recorded.records[decision]
        assert last.verdict.code == code, "the record says another thing than the bot was told"

    assert {name: count for name, count in recorded.ids.items() if count > 1} == {}, "something is recorded twice"
    assert recorded.kinds["refused"] == 0, "records contradict each other, or cannot be read"


def check_verified(world: World) -> int:
    """Have the chain verified as an operator would, and return how many entries it has."""
    code, told = _audit(world, "verify")
    assert (code, told["problem"], told["signatures"]) == (0, None, "checked")
    assert told["checkpoints"] > 0
    return int(told["entries"])


def reconciled(world: World) -> dict[str, Any]:
    """Return what `cio-audit reconcile` says; it must be as sure of it as its exit code tells."""
    code, told = _audit(world, "reconcile", "--since", "1h")
    assert code == (0 if told["balanced"] else 1)
    return told


def check_gaps(world: World, told: dict[str, Any]) -> None:
    """See that every gap between intents and records is one that a kill explains.

    An intent without a record died in the hands of a gate, or on its way to one: its bot never heard of it. A record
    without an intent is of one that the server passed on and did not keep before it was killed.
    """
    unheard = {sha256(asked.body).hexdigest() for asked in world.bots.asked if asked.verdict is None}
    assert {seen["payload"] for seen in told["missing"]} <= unheard, told["missing"]
    sent = {sha256(asked.body).hexdigest() for asked in world.bots.asked}
    assert {seen["payload"] for seen in told["surplus"]} <= sent, told["surplus"]


def _audit(world: World, *words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [PROGRAMS / "cio-audit", *words, "--json"],
        env=environment_of(world.recorder_settings),
        capture_output=True,
        text=True,
        timeout=DRAIN_SECONDS,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


async def _stream_ids(jetstream: JetStreamContext) -> set[str]:
    """Return the record ids that the stream holds."""
    pulling = await jetstream.pull_subscribe(
        "", stream=DECISIONS.name, config=ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True)
    )
    found: set[str] = set()
    while (await pulling.consumer_info()).num_pending:
        for message in await pulling.fetch(500, timeout=10):
            found.add(DecisionRecord.model_validate_json(message.data).record_id)
    await pulling.unsubscribe()
    return found


async def _all_recorded(world: World, jetstream: JetStreamContext, kept: set[str]) -> bool:
    try:
        consumer = await jetstream.consumer_info(DECISIONS.name, RECORDER_CONSUMER)
    except NotFoundError:
        # A recorder is about to make it anew.
        return False
    if consumer.num_pending or consumer.num_ack_pending:
        return False
    return kept <= await asyncio.to_thread(_chain_ids, world)


def _chain_ids(world: World) -> set[str]:
    with MongoClient[dict[str, Any]](world.stack.mongo.url) as mongo:
        return {found["id"] for found in mongo[DATABASE]["audit_chain"].find({"kind": "decision"}, {"id": 1})}


def _read_chain(world: World) -> Recorded:
    with MongoClient[dict[str, Any]](world.stack.mongo.url) as mongo:
        entries = list(mongo[DATABASE]["audit_chain"].find({}, {"kind": 1, "id": 1, "body": 1}))
    return Recorded(
        records={
            entry["id"]: DecisionRecord.model_validate_json(entry["body"])
            for entry in entries
            if entry["kind"] == "decision"
        },
        kinds=Counter(entry["kind"] for entry in entries),
        ids=Counter((entry["kind"], entry["id"]) for entry in entries),
    )
