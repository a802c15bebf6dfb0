"""NATS: one supervised connection with its subscriptions."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from pydantic import BaseModel, ValidationError

from cio_nurse.errors import TransportUnavailableError
from cio_nurse.ports import Inbound
from petrosa_contracts import TraceContext, subjects
from petrosa_contracts.runtime.nats_client import AWAY, SupervisedConnection, confirmed
from petrosa_contracts.streams import MESSAGE_ID

_NO_RESPONDERS = "503"

_LARGEST_MESSAGE = 1_048_576
"""What a server takes unless it says otherwise, bytes, headers included; it ends the connection of who sends more."""
_HEADER_ROOM = 2048
"""More than the headers of a record take: its id, and its trace, of which the longest part has 512."""

_INBOXES = "_INBOX."
"""How the subjects begin on which NATS clients wait for answers, unless told otherwise."""

_log = structlog.stdlib.get_logger()

Receive = Callable[[Inbound], Awaitable[None]]
"""Takes a message."""


class StreamAnswer(BaseModel):
    """What a stream answers to a message that was published to it."""

    class Error(BaseModel):
        """Why it did not take the message."""

        err_code: int = 0
        description: str = "refused"

    error: Error | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to listen to. With a queue group, replicas share the messages."""

    subjects: tuple[str, ...]
    receive: Receive
    queue: str = ""


class DeliveryReports(Protocol):
    """Who is told what became of a signal."""

    async def undelivered(self, decision_id: str) -> None:
        """Note that nobody was subscribed to take it."""
        ...

    def engine_replied(self, decision_id: str, data: bytes) -> None:
        """Note what an engine answered to it."""
        ...


class RecordReports(Protocol):
    """Who is told what became of a record."""

    async def acknowledged(self, record_id: str) -> None:
        """Note that the stream holds it."""
        ...

    async def refused(self, record_id: str, reason: str) -> None:
        """Note that the stream does not take it, or that there is none."""
        ...


def private_subject() -> str:
    """Return a subject that no one else knows: an inbox, as connections have them for answers."""
    return f"{_INBOXES}{secrets.token_hex(11)}"


class NatsConnection(SupervisedConnection):
    """The gate's connection: what cannot leave at once raises, so that no signal leaves late."""

    def __init__(
        self,
        servers: str,
        *,
        name: str,
        subscriptions: Sequence[Subscription],
        delivery: DeliveryReports | None = None,
        prepare: Callable[[Client], Awaitable[None]] | None = None,
        speaks_on: Sequence[str] = (),
    ) -> None:
        """Build it; nobody's message is answered on a subject that `speaks_on` covers, whatever it asks for."""
        super().__init__(servers, name=name, log=_log)
        self._subscriptions = tuple(subscriptions)
        self._delivery = delivery
        self._records: RecordReports | None = None
        self._prepare = prepare
        self._speaks_on = tuple(speaks_on)
        self._subscribed: list[NatsSubscription] = []
        self._inbox = ""
        self._record_inbox = ""
        self._largest_message = _LARGEST_MESSAGE

    def report_records_to(self, records: RecordReports) -> None:
        """Tell `records` what becomes of records; said once, before `run`."""
        self._records = records

    async def prepare(self) -> None:
        """Have made again, while connected, what is made at every connect."""
        if self._prepare is not None and self._client is not None and self._client.is_connected:
            await self._prepare(self._client)

    async def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        """Publish a message. Raises `TransportUnavailableError` while not connected."""
        await self._publish(subject, payload, "", headers)

    async def publish_signal(
        self, subject: str, payload: bytes, decision_id: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Publish a signal with a reply inbox that names the decision; the server answers there if nobody takes it."""
        await self._publish(subject, payload, f"{self._inbox}.{decision_id}", headers)

    @property
    def largest_record(self) -> int:
        """Bytes of the largest record that the server takes, or took when it was last there."""
        return self._largest_message - _HEADER_ROOM

    async def publish_record(
        self, subject: str, payload: bytes, record_id: str, *, trace: TraceContext | None = None
    ) -> None:
        """Publish a record; the stream answers on a reply inbox that names it, and keeps it once."""
        headers = {MESSAGE_ID: record_id, **(trace.carrier() if trace else {})}
        await self._publish(subject, payload, f"{self._record_inbox}.{record_id}", headers)

    async def ask(
        self, subject: str, payload: bytes, *, seconds: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the answer to a message. Raises `TransportUnavailableError` if there is none within `seconds`."""
        client = self._connected_client()
        try:
            async with asyncio.timeout(seconds):
                # With a limit of its own the client uses `wait_for`, which before Python 3.12 can lose a cancellation.
                answer = await client.request(
                    subject, payload, timeout=cast("float", None), headers=None if headers is None else dict(headers)
                )
        except nats.errors.NoRespondersError as error:
            raise TransportUnavailableError(f"nobody answers on {subject}") from error
        except TimeoutError as error:
            raise TransportUnavailableError(f"no answer on {subject} within {seconds * 1000:g} ms") from error
        except AWAY as error:
            raise TransportUnavailableError(f"cannot ask on {subject}: {error!r}") from error
        return answer.data

    async def flush(self) -> None:
        """Return once the server has all that was published."""
        client = self._connected_client()
        try:
            await confirmed(client)
        except AWAY as error:
            raise TransportUnavailableError(f"NATS did not confirm: {error!r}") from error

    async def stop_listening(self) -> None:
        """Take no new messages; what was delivered already is still handed on before this returns."""
        self._stopping = True
        self._listening.clear()
        for subscription in self._subscribed:
            try:
                await subscription.drain()
            except AWAY as error:
                _log.warning("nats_unsubscribe_failed", connection=self._name, error=repr(error))

    async def _begin(self, client: Client) -> None:
        self._largest_message = client.max_payload
        if self._prepare is not None:
            await self._prepare(client)
        await self._subscribe(client)

    async def _subscribe(self, client: Client) -> None:
        self._subscribed = []
        for subscription in self._subscriptions:
            for subject in subscription.subjects:
                self._subscribed.append(
                    await client.subscribe(subject, queue=subscription.queue, cb=self._callback(subscription.receive))
                )
        if self._delivery is not None:
            self._inbox = client.new_inbox()
            await client.subscribe(f"{self._inbox}.*", cb=self._on_delivery_report)
        if self._records is not None:
            self._record_inbox = client.new_inbox()
            await client.subscribe(f"{self._record_inbox}.*", cb=self._on_record_report)
        await confirmed(client)

    def _callback(self, receive: Receive) -> Callable[[Msg], Awaitable[None]]:
        async def on_message(message: Msg) -> None:
            await receive(Inbound(message.data, message.subject, self._answer_to(message), message.headers))

        return on_message

    def _answer_to(self, message: Msg) -> str:
        """Return where a message is answered; empty if nowhere, or where it would be taken for the gate's own."""
        reply = message.reply
        if reply.startswith(_INBOXES) or not any(subjects.covers(own, reply) for own in self._speaks_on):
            return reply
        _log.warning("answer_withheld", subject=message.subject, reply=reply, reason="the gate itself speaks there")
        return ""

    async def _publish(self, subject: str, payload: bytes, reply: str, headers: Mapping[str, str] | None) -> None:
        client = self._connected_client()
        try:
            await client.publish(subject, payload, reply=reply, headers=None if headers is None else dict(headers))
        except AWAY as error:
            raise TransportUnavailableError(f"cannot publish on {subject}: {error!r}") from error

    def _connected_client(self) -> Client:
        client = self._client
        if client is None or not client.is_connected:
            raise TransportUnavailableError("NATS is not connected")
        return client

    async def _on_delivery_report(self, message: Msg) -> None:
        if self._delivery is None:
            return
        decision_id = message.subject.rpartition(".")[2]
        if message.headers and message.headers.get("Status") == _NO_RESPONDERS:
            await self._delivery.undelivered(decision_id)
        else:
            self._delivery.engine_replied(decision_id, message.data)

    async def _on_record_report(self, message: Msg) -> None:
        if self._records is None:
            return
        record_id = message.subject.rpartition(".")[2]
        if message.headers and message.headers.get("Status") == _NO_RESPONDERS:
            await self._records.refused(record_id, "there is no stream for records")
            return
        try:
            answer = StreamAnswer.model_validate_json(message.data)
        except ValidationError:
            await self._records.refused(record_id, "the stream refuses: an answer that cannot be read")
            return
        if answer.error is None:
            await self._records.acknowledged(record_id)
        else:
            await self._records.refused(record_id, f"the stream refuses: {answer.error.description}")
