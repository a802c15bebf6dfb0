"""NATS: one supervised connection with its subscriptions."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from cio_strategist.errors import TransportUnavailableError
from petrosa_contracts.cancellation import heed_cancellation
from petrosa_contracts.nats_client import AWAY, confirmed, connect, retry_seconds, servers_in, until_lost

ERROR_LOG_SECONDS = 1.0
"""Errors of a connection that stands are logged at most as often, with how many there were."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

Receive = Callable[[str, bytes], Awaitable[None]]
"""(subject, payload). Awaited one message at a time; what it raises is logged, and the next message is taken."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to listen to. With a queue group, replicas share the messages."""

    subjects: tuple[str, ...]
    receive: Receive
    queue: str = ""
    pending_messages: int = 65_536
    """Messages that may wait; beyond it the newest are dropped, which is logged."""
    pending_bytes: int = 32 * 1024 * 1024
    """The same in bytes."""


class NatsConnection:
    """A connection that is made again with a fresh client whenever it is lost.

    The client's own reconnecting is off: it would send what was published before an outage after it, and gives up in
    the end. Here, what cannot leave at once raises, and connecting is tried for as long as it takes.
    """

    def __init__(self, servers: str, *, name: str, subscriptions: Sequence[Subscription] = ()) -> None:
        self._servers = servers_in(servers)
        self._name = name
        self._subscriptions = tuple(subscriptions)
        self._client: Client | None = None
        self._jetstream: JetStreamContext | None = None
        self._lost = asyncio.Event()
        self._listening = False
        self._trouble: Exception | None = None
        self._errors = 0
        self._told_at = -ERROR_LOG_SECONDS

    @property
    def listening(self) -> bool:
        """Whether the connection stands and the server has its subscriptions."""
        return self._listening and self._client is not None and self._client.is_connected

    async def run(self) -> None:
        """Keep the connection until cancelled, then close it."""
        try:
            while True:
                await until_lost(await self._connect(), self._lost)
                self._listening = False
                _log.error("nats_lost", connection=self._name)
        finally:
            self._listening = False
            client, self._client = self._client, None
            if client is not None:
                await client.close()

    async def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        """Publish a message. Raises `TransportUnavailableError` while not connected."""
        client = self._client
        if client is None or not client.is_connected:
            raise TransportUnavailableError("NATS is not connected")
        try:
            await client.publish(subject, payload, headers=None if headers is None else dict(headers))
        except AWAY as error:
            raise TransportUnavailableError(f"cannot publish on {subject}: {error!r}") from error

    def jetstream(self) -> JetStreamContext:
        """Return JetStream on the connection as it stands: another object for every new connection.

        Raises `TransportUnavailableError` while not connected.
        """
        if self._jetstream is None or not self.listening:
            raise TransportUnavailableError("NATS is not connected")
        return self._jetstream

    async def _connect(self) -> Client:
        attempt = 0
        while True:
            try:
                client = await self._connect_once()
            except AWAY as error:
                wait = retry_seconds(attempt)
                # The client raises "no servers" and tells the reason only through its callback.
                reason = repr(self._trouble or error)
                _log.warning("nats_unreachable", connection=self._name, error=reason, retry_in=wait)
                attempt += 1
                heed_cancellation()
                await asyncio.sleep(wait)
            else:
                heed_cancellation()
                _log.info("nats_connected", connection=self._name)
                return client

    async def _connect_once(self) -> Client:
        self._lost.clear()
        self._trouble = None
        client = await connect(self._servers, name=self._name, on_error=self._on_error, on_closed=self._on_closed)
        self._client = client
        try:
            await self._subscribe(client)
        except BaseException:
            # Half subscribed, it would go on taking messages beside its successor.
            await client.close()
            raise
        self._jetstream = client.jetstream()
        self._listening = True
        return client

    async def _subscribe(self, client: Client) -> None:
        for subscription in self._subscriptions:
            for subject in subscription.subjects:
                await client.subscribe(
                    subject,
                    queue=subscription.queue,
                    cb=_callback(subscription.receive),
                    pending_msgs_limit=subscription.pending_messages,
                    pending_bytes_limit=subscription.pending_bytes,
                )
        await confirmed(client)

    async def _on_error(self, error: Exception) -> None:
        if not self._listening:
            self._trouble = error
            return
        # Where messages come faster than they are taken, the client reports every single one that it drops.
        self._errors += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= ERROR_LOG_SECONDS:
            _log.error("nats_error", connection=self._name, error=repr(error), errors=self._errors)
            self._told_at, self._errors = now, 0

    async def _on_closed(self) -> None:
        self._lost.set()


def _callback(receive: Receive) -> Callable[[Msg], Awaitable[None]]:
    async def on_message(message: Msg) -> None:
        await receive(message.subject, message.data)

    return on_message
