"""The strategist's connection to a real NATS: it hears, and is made again however the server went."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from cio_strategist.adapters.nats.connection import NatsConnection, Subscription
from cio_strategist.errors import TransportUnavailableError
from devstack import DevStack, Nats
from tests.integration.nurse.polling import eventually

pytestmark = pytest.mark.servers

SUBJECT = "binance.websocket.data"


@pytest.fixture(scope="module")
def server() -> Iterator[Nats]:
    with DevStack(redis=False, mongo=False) as stack:
        yield stack.nats


class Listener:
    """A connection that listens to one subject, and what it heard."""

    def __init__(self, server: Nats) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.connection = NatsConnection(
            server.url, name="test", subscriptions=[Subscription((SUBJECT,), self._receive, pending_messages=100)]
        )

    async def _receive(self, subject: str, payload: bytes) -> None:
        self.heard.append((subject, payload))
        if payload == b"broken":
            raise ValueError("cannot take this one")

    async def hears(self, payload: bytes) -> None:
        await self.connection.publish(SUBJECT, payload)
        await eventually(lambda: (SUBJECT, payload) in self.heard, what=f"{payload!r} is heard")


@pytest.fixture
async def listener(server: Nats) -> AsyncIterator[Listener]:
    listener = Listener(server)
    running = asyncio.create_task(listener.connection.run())
    await eventually(lambda: listener.connection.listening, what="the connection stands")
    yield listener
    running.cancel()
    await asyncio.wait([running])
    assert not listener.connection.listening


async def test_messages_are_heard_and_a_bad_one_ends_nothing(listener: Listener) -> None:
    await listener.hears(b"broken")
    await listener.hears(b"sound")


async def test_a_connection_that_fails_in_closing_is_made_again(
    listener: Listener, server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise ConnectionResetError("Connection lost")

    client = listener.connection._client
    assert client is not None
    # As if the server had gone before the last of what was published was sent: then the client tells nobody.
    monkeypatch.setattr(client._transport, "drain", fail)
    monkeypatch.setattr(client, "_pending_data_size", 1)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    await eventually(lambda: listener.connection._client is not client, seconds=20, what="it has a fresh client")
    await eventually(lambda: listener.connection.listening, seconds=20, what="it is connected again")
    await listener.hears(b"by the fresh client")
    client._transport.close()
    await client._transport.wait_closed()


@pytest.mark.parametrize("how", [Nats.stop, Nats.kill])
async def test_a_lost_server_is_told_and_heard_again_when_it_is_back(
    listener: Listener, server: Nats, how: Callable[[Nats], None]
) -> None:
    await asyncio.to_thread(how, server)
    await eventually(lambda: not listener.connection.listening, what="the loss is noticed")
    with pytest.raises(TransportUnavailableError):
        await listener.connection.publish(SUBJECT, b"into the void")
    await asyncio.to_thread(server.start)
    await eventually(lambda: listener.connection.listening, what="it is connected again")
    await listener.hears(b"after the outage")
    assert (SUBJECT, b"into the void") not in listener.heard
