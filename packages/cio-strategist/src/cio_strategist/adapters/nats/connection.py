"""NATS: one supervised connection with its subscriptions."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from cio_strategist.errors import TransportUnavailableError
from petrosa_contracts.runtime.nats_client import AWAY, SupervisedConnection, confirmed

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

PENDING_BYTES = 32 * 1024 * 1024
"""Bytes of messages that may wait for one subscription; beyond them the newest are dropped, which is logged."""

Receive = Callable[[str, bytes], Awaitable[None]]
"""(subject, payload). Awaited one message at a time; what it raises is logged, and the next message is taken."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to listen to."""

    subjects: tuple[str, ...]
    receive: Receive
    pending_messages: int = 65_536
    """Messages that may wait; beyond it the newest are dropped, which is logged."""


class NatsConnection(SupervisedConnection):
    """The strategist's connection: what cannot leave at once raises."""

    def __init__(self, servers: str, *, name: str, subscriptions: Sequence[Subscription] = ()) -> None:
        super().__init__(servers, name=name, log=_log)
        self._subscriptions = tuple(subscriptions)
        self._jetstream: JetStreamContext | None = None

    async def publish(self, subject: str, payload: bytes) -> None:
        """Publish a message. Raises `TransportUnavailableError` while not connected."""
        client = self._client
        if client is None or not client.is_connected:
            raise TransportUnavailableError("NATS is not connected")
        try:
            await client.publish(subject, payload)
        except AWAY as error:
            raise TransportUnavailableError(f"cannot publish on {subject}: {error!r}") from error

    def jetstream(self) -> JetStreamContext:
        """Return JetStream on the connection as it stands: another object for every new connection.

        Raises `TransportUnavailableError` while not connected.
        """
        if self._jetstream is None or not self.listening:
            raise TransportUnavailableError("NATS is not connected")
        return self._jetstream

    async def _begin(self, client: Client) -> None:
        for subscription in self._subscriptions:
            for subject in subscription.subjects:
                await client.subscribe(
                    subject,
                    cb=_callback(subscription.receive),
                    pending_msgs_limit=subscription.pending_messages,
                    pending_bytes_limit=PENDING_BYTES,
                )
        await confirmed(client)
        self._jetstream = client.jetstream()


def _callback(receive: Receive) -> Callable[[Msg], Awaitable[None]]:
    async def on_message(message: Msg) -> None:
        await receive(message.subject, message.data)

    return on_message
