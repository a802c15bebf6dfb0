import asyncio

from petrosa_contracts.runtime.nats_client import until_lost


class FakeClient:
    is_connected = True


async def test_a_connection_is_lost_when_it_says_so() -> None:
    told = asyncio.Event()
    waiting = asyncio.ensure_future(until_lost(FakeClient(), told))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert not waiting.done()
    told.set()
    await waiting


async def test_a_connection_is_lost_when_it_is_no_more_whether_or_not_it_says_so() -> None:
    client = FakeClient()
    waiting = asyncio.ensure_future(until_lost(client, asyncio.Event()))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert not waiting.done()
    client.is_connected = False
    await waiting
