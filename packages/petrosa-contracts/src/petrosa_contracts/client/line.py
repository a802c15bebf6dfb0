"""The line to the gate: NATS."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, cast

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from petrosa_contracts.runtime.cancellation import heed_cancellation
from petrosa_contracts.runtime.nats_client import AWAY, connect, retry_seconds, servers_in, until_lost

_log = logging.getLogger(__name__)


class NoAnswerError(Exception):
    """Nobody answered in time. Its text says why; the fail-safe limits decide."""


class Line(Protocol):
    """What the client needs of a connection."""

    async def run(
        self,
        subject: str,
        *,
        on_message: Callable[[bytes], Awaitable[None]],
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        """Keep the connection and one subscription until cancelled, making it again whenever it is lost."""
        ...

    async def request(
        self, subject: str, body: bytes, *, seconds: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the first answer to a message. Raises `NoAnswerError` if there is none within `seconds`."""
        ...


class NatsLine:
    """A line that is made again with a fresh client whenever it is lost.

    The client's own reconnecting is off, because it sends what was buffered before the outage once the server is back:
    an intent that the bot has long decided on itself would come to the gate late.
    """

    def __init__(self, servers: str, *, name: str) -> None:
        self._servers = servers_in(servers)
        self._name = name
        self._client: Client | None = None

    async def run(
        self,
        subject: str,
        *,
        on_message: Callable[[bytes], Awaitable[None]],
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        """Keep the connection and one subscription until cancelled."""

        async def received(message: Msg) -> None:
            await on_message(message.data)

        attempt = 0
        while True:
            lost = asyncio.Event()
            try:
                client = await self._connect(lost)
                try:
                    heed_cancellation()
                    await client.subscribe(subject, cb=received)
                    self._client = client
                    attempt = 0
                    await on_connected()
                    await until_lost(client, lost)
                    _log.warning("nats_lost")
                finally:
                    self._client = None
                    await client.close()
            except AWAY as error:
                wait = retry_seconds(attempt)
                attempt += 1
                _log.warning("nats_unreachable error=%r retry_in=%s", error, wait)
                heed_cancellation()
                await asyncio.sleep(wait)

    async def request(
        self, subject: str, body: bytes, *, seconds: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the first answer to a message. Raises `NoAnswerError` if there is none within `seconds`."""
        client = self._client
        if client is None or not client.is_connected:
            raise NoAnswerError("NATS is not connected")
        try:
            async with asyncio.timeout(seconds):
                # With a limit of its own the client uses `wait_for`, which before Python 3.12 can lose a cancellation.
                answer = await client.request(
                    subject, body, timeout=cast("float", None), headers=None if headers is None else dict(headers)
                )
        except nats.errors.NoRespondersError as error:
            raise NoAnswerError("nobody listens") from error
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {seconds * 1000:g} ms") from error
        except AWAY as error:
            raise NoAnswerError(f"the question did not leave: {error!r}") from error
        return answer.data

    async def _connect(self, lost: asyncio.Event) -> Client:
        async def on_closed() -> None:
            lost.set()

        async def on_error(error: Exception) -> None:
            _log.warning("nats_error error=%r", error)

        return await connect(self._servers, name=self._name, on_error=on_error, on_closed=on_closed)
