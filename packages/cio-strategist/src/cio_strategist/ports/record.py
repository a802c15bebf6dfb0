"""The chain of audit records, and what is recorded in it."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cio_strategist.domain.record.accounting import Account, Seen
from cio_strategist.domain.record.checkpoint import Checkpoint
from cio_strategist.domain.record.entry import Draft, Entry, Head
from cio_strategist.domain.record.recording import StreamedMessage

EntryKey = tuple[str, str]
"""Kind and id of an entry: what is unique."""


class Taken(StrEnum):
    """Why an entry was not inserted."""

    SEQUENCE = "sequence"
    """Another recorder has written an entry of that sequence."""
    ID = "id"
    """There is an entry of that kind and id."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """What became of entries that were to be inserted."""

    count: int
    """So many of them, from the first on, were written."""
    stopped_by: Taken | None = None
    """Why the next one was not; None: there is no next one."""


class ChainStore(Protocol):
    """Where the chain is kept. Entries are inserted and read, never changed.

    Everything here raises `StoreUnreachableError` when the store does not answer.
    """

    async def prepare(self) -> None:
        """Make sure that no sequence and no id can be there twice. Raises `StoreUnreadableError` where it cannot."""
        ...

    async def head(self) -> Head:
        """Return the newest entry."""
        ...

    async def digest_at(self, sequence: int) -> str | None:
        """Return the digest of the entry of that sequence; None if there is none."""
        ...

    async def insert(self, entries: Sequence[Entry]) -> Inserted:
        """Insert entries in order up to the first that is taken; durably, as far as the store can."""
        ...

    async def bodies(self, keys: Collection[EntryKey]) -> Mapping[EntryKey, str]:
        """Return the bodies of those entries that are there."""
        ...

    async def newest_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint. Raises `StoreUnreadableError` if it is damaged."""
        ...

    def digests(self, first: int, last: int) -> AsyncIterator[str]:
        """Yield the digests of the entries of these sequences, in order."""
        ...

    async def newest_revision(self) -> int | None:
        """Return the revision of the newest change of policy or control that is in the chain."""
        ...

    async def recorded_to(self, stream: str) -> int | None:
        """Return the place in a stream up to which all of late is in the chain; None if nothing of late came from it.

        In whatever order entries were added, everything up to there is.
        """
        ...

    async def decisions(self, since: datetime, until: datetime) -> Sequence[Seen]:
        """Return the recorded decisions about intents that a gate took from `since` to before `until`."""
        ...


class Lease(Protocol):
    """Who leads. It saves work; that the chain has no forks does not rest on it."""

    async def take(self, *, seconds: float) -> bool:
        """Take or renew the lease for so long. False if somebody else has it."""
        ...

    async def give_up(self) -> None:
        """Let somebody else have it at once."""
        ...


class Trail(Protocol):
    """The changes of policy and control, as the authority wrote them."""

    async def after(self, revision: int, *, limit: int) -> Sequence[Draft]:
        """Return changes of later revisions as drafts, in order of revision: about `limit`, the last revision whole."""
        ...

    async def without_revision(self, *, skip: int, limit: int) -> Sequence[Draft]:
        """Return changes that older engines wrote, which have no revision, in a lasting order."""
        ...


class RecordSource(Protocol):
    """A stream that records come from, through one durable consumer.

    Everything here raises `TransportUnavailableError` while it is away.
    """

    @property
    def stream(self) -> str:
        """Its name."""
        ...

    async def resume(self, recorded_to: int | None) -> None:
        """See to it that all comes that is not both acknowledged and recorded."""
        ...

    async def fetch(self, limit: int, *, wait_seconds: float) -> Sequence[StreamedMessage]:
        """Return the next messages, or none after a while."""
        ...

    async def acknowledge(self, messages: Sequence[StreamedMessage]) -> None:
        """Tell that these need not come again."""
        ...

    async def waiting(self) -> int:
        """Return how many messages are not acknowledged."""
        ...

    async def waits_since(self) -> datetime | None:
        """Return when the oldest message came that is not acknowledged; None if there is none."""
        ...


class IntentStream(Protocol):
    """Every intent as it came."""

    async def intents(self, since: datetime, until: datetime) -> Sequence[Seen]:
        """Return what the stream took from `since` to before `until`.

        Raises `TransportUnavailableError` while it is away or does not exist.
        """
        ...

    async def kept_since(self) -> datetime | None:
        """Return since when nothing is left out that a gate may have got; None if none is kept."""
        ...


class RecordTracing(Protocol):
    """Closing the traces of intents. Instants are nanoseconds since 1970, which exporters want."""

    def now(self) -> int:
        """Return the present."""
        ...

    def recorded(self, messages: Iterable[Mapping[str, str]], began: int) -> None:
        """Add a span that began then and ends now to the traces that the headers of written messages name."""
        ...


class RecorderMetrics(Protocol):
    """Counts what the recorder does."""

    def appended(self, kind: str, entries: int) -> None:
        """Count entries that were added."""
        ...

    def repeated(self, entries: int) -> None:
        """Count records that were in the chain already."""
        ...

    def backlog(self, stream: str, waiting: int) -> None:
        """Show how many messages of a stream wait."""
        ...

    def accounted(self, account: Account) -> None:
        """Count what an accounting found."""
        ...
