"""JetStream: the streams that the recorder reads, and intents as they came."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError, NotFoundError
from pydantic import SecretStr

from cio_strategist.addresses import without_secrets
from cio_strategist.domain.record.accounting import TOLERANCE, Seen
from cio_strategist.domain.record.recording import StreamedMessage, payload_digest
from cio_strategist.errors import TransportUnavailableError
from petrosa_contracts.runtime.cancellation import heed_cancellation
from petrosa_contracts.runtime.jetstream import Difference, ensure_streams
from petrosa_contracts.runtime.nats_client import AWAY, connect, servers_in
from petrosa_contracts.streams import MESSAGE_ID, RECORDER_CONSUMER, Stream

ACKNOWLEDGE_SECONDS = 30
"""After so long what was fetched and not acknowledged comes again."""

_READ_AT_ONCE = 500
_FETCH_SECONDS = 5.0
_STREAM_NOT_FOUND = 10059
_MESSAGE_NOT_FOUND = 10037

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@contextmanager
def _translating() -> Generator[None]:
    try:
        yield
    except AWAY as error:
        heed_cancellation()
        reason = error.description if isinstance(error, APIError) and error.description else repr(error)
        raise TransportUnavailableError(f"JetStream does not answer, or refuses: {reason}") from error
    heed_cancellation()


@asynccontextmanager
async def connected(servers: SecretStr, *, name: str) -> AsyncGenerator[JetStreamContext]:
    """Connect once, for a command that asks something and ends. Raises `TransportUnavailableError` if it cannot."""
    troubles: list[Exception] = []

    async def note(error: Exception) -> None:
        troubles.append(error)

    try:
        client = await connect(servers_in(servers.get_secret_value()), name=name, on_error=note)
    except AWAY as error:
        heed_cancellation()
        # The client raises "no servers" and tells the reason only through its callback.
        reason = next(reversed(troubles), error)
        raise TransportUnavailableError(
            f"NATS at {without_secrets(servers)} cannot be reached ({reason}): "
            "start it, or point NATS_URL at the right one"
        ) from error
    heed_cancellation()
    try:
        yield client.jetstream()
    finally:
        await client.close()


class Streams:
    """JetStream with the streams, which are made where they do not exist: on each new connection, and when one is gone.

    What is different in those that exist is told once.
    """

    def __init__(self, connected: Callable[[], JetStreamContext], streams: Sequence[Stream], *, replicas: int) -> None:
        self._connected = connected
        self._streams = streams
        self._replicas = replicas
        self._made_on: JetStreamContext | None = None
        self._making = asyncio.Lock()
        self._told: set[Difference] = set()

    @property
    def stand(self) -> bool:
        """Whether all were there, or were made, since the connection was."""
        try:
            return self._connected() is self._made_on
        except TransportUnavailableError:
            return False

    async def ready(self) -> JetStreamContext:
        """Return JetStream on the connection as it stands, with all streams.

        Raises `TransportUnavailableError` while it is away or refuses to make one.
        """
        jetstream = self._connected()
        async with self._making:
            if jetstream is not self._made_on:
                await self._make(jetstream)
                self._made_on = jetstream
        return jetstream

    @contextmanager
    def translating(self) -> Generator[None]:
        """Raise `TransportUnavailableError` in place of the client's errors; see to a stream that is gone next time."""
        try:
            with _translating():
                yield
        except TransportUnavailableError as error:
            cause = error.__cause__
            if isinstance(cause, NotFoundError) and cause.err_code == _STREAM_NOT_FOUND and self._made_on is not None:
                self._made_on = None
                _log.error("stream_is_gone", error=str(error))
            raise

    async def _make(self, jetstream: JetStreamContext) -> None:
        with _translating():
            differences = await ensure_streams(jetstream, self._streams, replicas=self._replicas)
        for found in differences:
            if found not in self._told:
                self._told.add(found)
                _log.warning(
                    "stream_is_different", stream=found.stream, what=found.what, wanted=found.wanted, found=found.found
                )


class JetStreamSource:
    """`RecordSource` on one stream: a durable pull consumer, everything acknowledged one by one."""

    def __init__(self, streams: Streams, stream: str) -> None:
        self._streams = streams
        self._stream = stream
        self._pulling: JetStreamContext.PullSubscription | None = None
        self._pulling_on: JetStreamContext | None = None
        self._unacknowledged: dict[int, Msg] = {}
        self._delivered = 0

    @property
    def stream(self) -> str:
        """Its name."""
        return self._stream

    async def resume(self, recorded_to: int | None) -> None:
        """Begin behind what is both acknowledged and recorded.

        What another recorder fetched and did not acknowledge comes at once, instead of after `ACKNOWLEDGE_SECONDS`;
        and what was acknowledged comes again if the store has lost it.
        """
        jetstream = await self._streams.ready()
        with self._streams.translating():
            self._delivered = 0
            try:
                consumer = await jetstream.consumer_info(self._stream, RECORDER_CONSUMER)
            except NotFoundError:
                return
            acknowledged = consumer.ack_floor.stream_seq if consumer.ack_floor else 0
            done = min(acknowledged, recorded_to or 0)
            if acknowledged == done and not consumer.num_ack_pending:
                self._delivered = consumer.delivered.consumer_seq if consumer.delivered else 0
                return
            self._pulling = None
            await jetstream.delete_consumer(self._stream, RECORDER_CONSUMER)
            await jetstream.add_consumer(self._stream, _consumer(done + 1))
        _log.warning(
            "records_come_again",
            stream=self._stream,
            recorded=recorded_to,
            acknowledged=acknowledged,
            first=done + 1,
        )

    async def fetch(self, limit: int, *, wait_seconds: float) -> Sequence[StreamedMessage]:
        """Return the next messages, or none after a while.

        Raises `TransportUnavailableError` also if others were delivered before these, and did not arrive.
        """
        pulling = await self._subscription()
        try:
            with self._streams.translating():
                try:
                    messages = await pulling.fetch(limit, timeout=wait_seconds)
                except TimeoutError:
                    heed_cancellation()
                    return ()
            self._count(messages)
        except TransportUnavailableError:
            self._pulling = None
            raise
        streamed = [_streamed(message) for message in messages]
        self._unacknowledged |= {each.sequence: message for each, message in zip(streamed, messages, strict=True)}
        return streamed

    def _count(self, messages: Sequence[Msg]) -> None:
        # A request that a lost connection leaves behind takes messages that nobody gets.
        for message in messages:
            delivery = message.metadata.sequence.consumer
            if delivery != self._delivered + 1:
                raise TransportUnavailableError(
                    f"delivery {delivery} of {self._stream} came after {self._delivered}: others were lost on their way"
                )
            self._delivered = delivery

    async def acknowledge(self, messages: Sequence[StreamedMessage]) -> None:
        """Tell that these need not come again. What is not told, for lack of a connection, comes again."""
        with self._streams.translating():
            for message in messages:
                fetched = self._unacknowledged.pop(message.sequence, None)
                if fetched is not None:
                    await fetched.ack()

    async def waiting(self) -> int:
        """Return how many messages are not acknowledged."""
        jetstream = await self._streams.ready()
        with self._streams.translating():
            try:
                consumer = await jetstream.consumer_info(self._stream, RECORDER_CONSUMER)
            except NotFoundError:
                return (await jetstream.stream_info(self._stream)).state.messages
        return (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)

    async def waits_since(self) -> datetime | None:
        """Return when the oldest message came that is not acknowledged; None if there is none."""
        jetstream = await self._streams.ready()
        with self._streams.translating():
            state = (await jetstream.stream_info(self._stream)).state
            next_one = await self._first_unacknowledged(jetstream, state.first_seq)
            if not state.messages or next_one > state.last_seq:
                return None
            return await _time_from(jetstream, self._stream, max(next_one, state.first_seq))

    async def _first_unacknowledged(self, jetstream: JetStreamContext, first: int) -> int:
        try:
            consumer = await jetstream.consumer_info(self._stream, RECORDER_CONSUMER)
        except NotFoundError:
            return first
        return (consumer.ack_floor.stream_seq if consumer.ack_floor else 0) + 1

    async def _subscription(self) -> JetStreamContext.PullSubscription:
        jetstream = await self._streams.ready()
        if self._pulling is None or self._pulling_on is not jetstream:
            self._unacknowledged.clear()
            with self._streams.translating():
                self._pulling = await jetstream.pull_subscribe(
                    "", durable=RECORDER_CONSUMER, stream=self._stream, config=_consumer(None)
                )
            self._pulling_on = jetstream
        return self._pulling


class IntentStream:
    """`IntentStream` on the stream that keeps intents as they came."""

    def __init__(self, streams: Streams, stream: str) -> None:
        self._streams = streams
        self._stream = stream

    async def kept_since(self) -> datetime | None:
        """Return since when nothing is left out that a gate may have got; None if none is kept."""
        jetstream = await self._streams.ready()
        with self._streams.translating():
            state = (await jetstream.stream_info(self._stream)).state
            oldest = await _time_from(jetstream, self._stream, state.first_seq) if state.messages else None
        # Where older ones have gone, the record of one of those may say a later time than the stream did.
        return oldest if oldest is None or state.first_seq <= 1 else oldest + TOLERANCE

    async def intents(self, since: datetime, until: datetime) -> Sequence[Seen]:
        """Return what the stream took from `since` to before `until`."""
        jetstream = await self._streams.ready()
        with self._streams.translating():
            last = (await jetstream.stream_info(self._stream)).state.last_seq
            pulling = await jetstream.pull_subscribe(
                "",
                stream=self._stream,
                config=ConsumerConfig(
                    ack_policy=AckPolicy.NONE,
                    deliver_policy=DeliverPolicy.BY_START_TIME,
                    opt_start_time=since,
                    inactive_threshold=30,
                    mem_storage=True,
                ),
            )
            try:
                return await _read(pulling, until, last)
            finally:
                await pulling.unsubscribe()


async def _time_from(jetstream: JetStreamContext, stream: str, sequence: int) -> datetime | None:
    """Return when the message of that sequence came, or the next one if somebody deleted it; None if there is none."""
    try:
        found = await jetstream.get_msg(stream, seq=sequence, subject=">", next=True)
    except NotFoundError as error:
        if error.err_code != _MESSAGE_NOT_FOUND:
            raise
        return None
    return None if found.time is None else found.time.astimezone(UTC)


async def _read(pulling: JetStreamContext.PullSubscription, until: datetime, last: int) -> list[Seen]:
    seen: list[Seen] = []
    while (await pulling.consumer_info()).num_pending:
        messages = await pulling.fetch(_READ_AT_ONCE, timeout=_FETCH_SECONDS)
        for message in messages:
            place = _streamed(message)
            if place.stored_at >= until:
                return seen
            digest = payload_digest(message.data)
            headers = message.headers or {}
            seen.append(Seen(message.subject, digest, place.stored_at, str(place.sequence), headers.get(MESSAGE_ID)))
        if _streamed(messages[-1]).sequence >= last:
            break
    return seen


def _consumer(first: int | None) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=RECORDER_CONSUMER,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACKNOWLEDGE_SECONDS,
        max_ack_pending=-1,
        deliver_policy=DeliverPolicy.ALL if first is None else DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=first,
    )


def _streamed(message: Msg) -> StreamedMessage:
    about = message.metadata
    return StreamedMessage(
        stream=about.stream,
        sequence=about.sequence.stream,
        subject=message.subject,
        headers=message.headers or {},
        data=message.data,
        stored_at=about.timestamp.astimezone(UTC),
    )
