"""A gate, a recorder and bots together: every intent has one record, which the chain proves and accounting finds."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nats.aio.client import Client

from cio_strategist import audit_cli
from devstack import DevStack
from petrosa_contracts import subjects
from tests.builders import raw
from tests.integration.command_line import CommandLine
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store
from tests.integration.recorder.recorders import DATABASE, STRATEGY, ChainReader, RecorderProcess

pytestmark = pytest.mark.servers

SECONDS = 60.0


@pytest.fixture(scope="module")
def stack() -> Iterator[DevStack]:
    with DevStack() as stack:
        yield stack


@pytest.fixture
def gate(stack: DevStack, client: Client, tmp_path: Path) -> Iterator[Gate]:
    store = Store(stack.redis.url)
    store.reset()
    store.close()
    gate = Gate({**stack.environment(), "NURSE_AUDIT": "required"})
    yield gate.start_ready()
    gate.close()


async def test_every_intent_has_the_one_record_that_the_chain_proves(
    new_recorder: Callable[..., RecorderProcess],
    client: Client,
    chain: ChainReader,
    stack: DevStack,
    gate: Gate,
    key_file: Path,
    tmp_path: Path,
) -> None:
    await asyncio.to_thread(new_recorder().start_ready)
    payloads = [raw(strategy_id=STRATEGY, signal_id=f"s{number}") for number in range(30)]
    payloads += [payloads[0], b"no json", b"", b"{}"]
    verdicts = [
        json.loads((await client.request(subjects.intent(STRATEGY), each, timeout=30)).data) for each in payloads
    ]
    ids = {verdict["decision_id"] for verdict in verdicts}
    assert len(ids) == len(payloads)
    await eventually(lambda: ids <= chain.ids().keys(), seconds=SECONDS, what="all are in the chain")
    cli = CommandLine(
        audit_cli.app,
        {
            **stack.environment(),
            "MONGODB_DATABASE": DATABASE,
            "STRATEGIST_AUDIT_PUBLIC_KEYS": str(key_file),
            "STRATEGIST_AUDIT_KEY_FILE": "",
        },
    )

    told = await asyncio.to_thread(cli.as_json, "reconcile")
    assert (told["missing"], told["surplus"], told["unanswered"]) == ([], [], [])
    assert told["matched"] == len(payloads)
    proof = tmp_path / "proof.json"
    found = verdicts[-1]["decision_id"]
    place = chain.collection.find_one({"id": found}) or {}
    covering = {"facts.last": {"$gte": place["_id"]}}
    await eventually(lambda: chain.collection.find_one(covering), seconds=SECONDS, what="a checkpoint covers it")
    proof.write_text(await asyncio.to_thread(cli.done, "prove", found))
    assert "it holds" in await asyncio.to_thread(cli.done, "check", str(proof))
    assert await asyncio.to_thread(lambda: cli.as_json("verify")["holds"])
