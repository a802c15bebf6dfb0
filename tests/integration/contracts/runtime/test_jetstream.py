import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from devstack import DevStack
from petrosa_contracts import streams, subjects
from petrosa_contracts.runtime.jetstream import ensure_streams

pytestmark = pytest.mark.servers

STREAMS = (streams.DECISIONS, streams.FAILSAFE, streams.intents((subjects.INTENTS, subjects.LEGACY_INTENTS)))


@pytest.fixture
async def client(servers: DevStack) -> AsyncIterator[Client]:
    client = await nats.connect(servers.nats.url)
    for stream in await client.jetstream().streams_info():
        await client.jetstream().delete_stream(stream.config.name or "")
    yield client
    for stream in await client.jetstream().streams_info():
        await client.jetstream().delete_stream(stream.config.name or "")
    await client.close()


async def test_several_processes_may_make_the_streams_at_once(client: Client) -> None:
    found = await asyncio.gather(*(ensure_streams(client.jetstream(), STREAMS) for _ in range(8)))
    assert found == [()] * 8
    assert {info.config.name for info in await client.jetstream().streams_info()} == {stream.name for stream in STREAMS}


async def test_a_stream_that_is_different_is_told_and_left_as_it_is(client: Client) -> None:
    await ensure_streams(client.jetstream(), STREAMS)
    differences = await ensure_streams(
        client.jetstream(), [replace(streams.DECISIONS, kept_for=timedelta(days=1), acknowledges=False)]
    )
    assert [(found.stream, found.what, found.wanted, found.found) for found in differences] == [
        ("CIO_DECISIONS", "max_age", "86400.0", "604800.0"),
        ("CIO_DECISIONS", "no_ack", "True", "False"),
    ]
    assert (await client.jetstream().stream_info("CIO_DECISIONS")).config.max_age == 7 * 86400


async def test_keeping_intents_does_not_answer_a_bots_request(client: Client) -> None:
    async def gate(message: Msg) -> None:
        await message.respond(b"verdict")

    await ensure_streams(client.jetstream(), STREAMS)
    await client.subscribe(subjects.INTENTS, cb=gate)
    answers = [(await client.request(subjects.intent("s"), b"{}", timeout=30)).data for _ in range(20)]
    assert answers == [b"verdict"] * 20
    assert (await client.jetstream().stream_info("CIO_INTENTS")).state.messages == 20


async def test_a_record_published_twice_is_kept_once(client: Client) -> None:
    await ensure_streams(client.jetstream(), STREAMS)
    subject, headers = subjects.decision_record("s"), {streams.MESSAGE_ID: "0f" * 16}
    answers = [await client.jetstream().publish(subject, b"{}", headers=headers) for _ in range(2)]
    assert [(answer.seq, bool(answer.duplicate)) for answer in answers] == [(1, False), (1, True)]
