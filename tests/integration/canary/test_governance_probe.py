"""The watch's own NATS client against a real server."""

import asyncio

import nats
import pytest

from canary.nats_wire import NatsAddress
from canary.watching import probe_governance
from devstack import DevStack

pytestmark = pytest.mark.servers


async def test_governance_is_there_once_it_answers(servers: DevStack) -> None:
    address = NatsAddress.parse(servers.nats.url)
    silent = await asyncio.to_thread(probe_governance, [address])
    assert silent is not None
    assert "nobody answers" in silent
    client = await nats.connect(servers.nats.url)
    asked = await client.subscribe("cio.ping")
    await client.flush()
    await client.flush()
    probing = asyncio.create_task(asyncio.to_thread(probe_governance, [address]))
    message = await asked.next_msg(timeout=30)
    await message.respond(b'{"service": "petrosa-cio", "status": "GOVERNANCE_ACTIVE"}')
    assert await probing is None
    await client.close()
