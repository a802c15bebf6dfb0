"""Making the streams, and telling where one that exists is not what is wanted. Needs the extra `nats`."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

from collections.abc import Iterable
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from petrosa_contracts.streams import Full, Stream

_NAME_IN_USE = 10058


@dataclass(frozen=True, slots=True)
class Difference:
    """One property of an existing stream that is not what is wanted."""

    stream: str
    what: str
    wanted: str
    found: str


async def ensure_streams(
    jetstream: JetStreamContext, streams: Iterable[Stream], *, replicas: int = 1
) -> tuple[Difference, ...]:
    """Make the streams that do not exist, and return what is different in those that do.

    Nothing that exists is changed: an operator may have had a reason, and two versions of this code must not undo each
    other. `replicas` (1, 3 or 5) holds for new streams alone. Any number of processes may do this at once. Raises the
    client's errors when JetStream does not answer or refuses.
    """
    differences: list[Difference] = []
    for stream in streams:
        found = await _found_or_made(jetstream, stream, replicas)
        differences += _differences(stream, found)
    return tuple(differences)


async def _found_or_made(jetstream: JetStreamContext, stream: Stream, replicas: int) -> StreamConfig:
    try:
        return (await jetstream.stream_info(stream.name)).config
    except NotFoundError:
        return await _made(jetstream, stream, replicas)


async def _made(jetstream: JetStreamContext, stream: Stream, replicas: int) -> StreamConfig:
    try:
        return (await jetstream.add_stream(_config(stream, replicas))).config
    except BadRequestError as error:
        if error.err_code != _NAME_IN_USE:
            raise
        # Another process has made it meanwhile.
        return (await jetstream.stream_info(stream.name)).config


def _config(stream: Stream, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=stream.name,
        description=stream.description,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW if stream.when_full is Full.REFUSE_NEW else DiscardPolicy.OLD,
        max_age=stream.kept_for.total_seconds(),
        duplicate_window=stream.duplicates_for.total_seconds(),
        no_ack=not stream.acknowledges,
        num_replicas=replicas,
        allow_direct=True,
    )


def _differences(stream: Stream, found: StreamConfig) -> list[Difference]:
    wanted = _config(stream, 1)
    pairs = {
        "subjects": (" ".join(sorted(wanted.subjects or ())), " ".join(sorted(found.subjects or ()))),
        "storage": (wanted.storage, found.storage),
        "retention": (wanted.retention, found.retention),
        "discard": (wanted.discard, found.discard),
        "max_age": (wanted.max_age, found.max_age),
        "duplicate_window": (wanted.duplicate_window, found.duplicate_window),
        "no_ack": (wanted.no_ack, bool(found.no_ack)),
    }
    return [
        Difference(stream.name, what, str(expected), str(actual))
        for what, (expected, actual) in pairs.items()
        if expected != actual
    ]
