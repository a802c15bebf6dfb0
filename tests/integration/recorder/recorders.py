"""Recorders as processes, records as a gate publishes them, and the chain as it is in the store."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import bson
import nats.errors
from nats.aio.client import Client
from pymongo import MongoClient

from cio_strategist.adapters.mongo.chain_documents import read_entry, split
from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.adapters.signing import PublicKey, TrustedKeys
from cio_strategist.domain.record.entry import Entry
from cio_strategist.domain.record.walk import Problem, Walk
from petrosa_contracts import streams, subjects
from petrosa_contracts.instant import utc_now
from tests.integration.nurse.gate import ServiceProcess

DATABASE = "recorder"
STRATEGY = "momentum v1"


class RecorderProcess(ServiceProcess):
    """One `cio-strategist --roles recorder`."""

    program = "cio-strategist"
    arguments = ("--roles", "recorder")
    port_variable = "STRATEGIST_HTTP_PORT"
    start_seconds = 90.0  # It loads more than a gate does, and several of them start at once.

    @property
    def leads(self) -> bool:
        return self.readiness()[1]["recorder"]["leader"] is True


class ChainReader:
    """The chain, read past everything that the recorder's own code does but the form of entries."""

    def __init__(self, mongo: MongoClient[dict[str, object]], key: PublicKey) -> None:
        self.database = mongo[DATABASE]
        self.collection = self.database["audit_chain"]
        self._key = key

    def entries(self) -> list[Entry | None]:
        batches = self.collection.find_raw_batches({}, sort=[("_id", 1)])
        return [read_entry(document) for batch in batches for document in split(batch)]

    def problem(self) -> Problem | str | None:
        """What is wrong with the chain; None if nothing is."""
        walk = Walk(TrustedKeys(self._key))
        for entry in self.entries():
            if entry is None:
                return f"the entry after {walk.head.sequence} is damaged"
            if (problem := walk.take(entry)) is not None:
                return problem
        return None

    def ids(self, kind: str = "decision") -> Counter[str]:
        return Counter(str(found["id"]) for found in self.collection.find({"kind": kind}, {"id": 1}))

    def places(self, stream: str = streams.DECISIONS.name) -> list[int]:
        """The places in a stream of the entries that came from it, in the order of the chain."""
        found = self.collection.find({"facts.stream": stream}, {"facts.stream_sequence": 1}, sort=[("_id", 1)])
        return [entry["facts"]["stream_sequence"] for entry in found]

    def replace(self, sequence: int, raw: bytes) -> None:
        """Put other bytes in the place of a document, as somebody could who can write to the store."""
        self.collection.delete_one({"_id": sequence})
        self.collection.insert_one(bson.raw_bson.RawBSONDocument(raw))


def decision_id(number: int) -> str:
    return f"{number:032x}"


def record(number: int, *, payload: bytes | None = None, subject: str | None = None, **verdict: Any) -> bytes:
    """The record of a decision, as a gate publishes it but for the inputs, which the recorder does not read."""
    return json.dumps(
        {
            "form": 1,
            "verdict": {
                "decision_id": decision_id(number),
                "verdict": "vetoed",
                "code": "HALT_ACTIVE",
                "strategy_id": STRATEGY,
                "symbol": "BTCUSDT",
                "action": "buy",
                "received_at": utc_now().isoformat(),
                **verdict,
            },
            "raw": base64.b64encode(payload or b'{"number": %d}' % number).decode(),
            "subject": subject or subjects.intent(STRATEGY),
            "headers": {},
            "inputs": None,
        }
    ).encode()


async def publish(client: Client, number: int, **fields: Any) -> None:
    """Publish a record until the stream has acknowledged it."""
    content, headers = record(number, **fields), {streams.MESSAGE_ID: decision_id(number)}
    while True:
        try:
            await client.jetstream().publish(subjects.decision_record(STRATEGY), content, headers=headers, timeout=1)
        except (nats.errors.Error, OSError):
            continue
        return


def store_entries(uri: str, entries: Sequence[Entry]) -> None:
    """Put a chain into the store, as a recorder would."""

    async def work() -> None:
        async with connect(uri, DATABASE) as mongo:
            store = MongoChainStore(mongo)
            await store.prepare()
            assert (await store.insert(entries)).count == len(entries)

    asyncio.run(work())
