"""Stand-ins for what the recorder needs from the outside, kept in memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime

from cio_strategist.domain.record.accounting import Account, Seen
from cio_strategist.domain.record.checkpoint import Checkpoint
from cio_strategist.domain.record.entry import EMPTY, Draft, Entry, Head, Kind
from cio_strategist.domain.record.recording import StreamedMessage, without_gap
from cio_strategist.errors import StoreUnreachableError, TransportUnavailableError
from cio_strategist.ports import EntryKey, Inserted, Taken
from petrosa_contracts import Alert


class FakeChainStore:
    """`ChainStore` in memory. `up = False` makes it unreachable.

    `die_after = n` makes the next insert write n entries and then fail, as when a store goes away in the middle.
    `before_insert` is called between what a writer looked at and what it inserts.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.up = True
        self.die_after: int | None = None
        self.before_insert: Callable[[], None] = lambda: None

    async def prepare(self) -> None:
        self._look()

    async def head(self) -> Head:
        self._look()
        return max((entry.head for entry in self.entries), key=lambda head: head.sequence, default=EMPTY)

    async def digest_at(self, sequence: int) -> str | None:
        self._look()
        return next((entry.digest for entry in self.entries if entry.sequence == sequence), None)

    async def insert(self, entries: Sequence[Entry]) -> Inserted:
        self._look()
        self.before_insert()
        for count, entry in enumerate(entries):
            if count == self.die_after:
                self.die_after = None
                raise StoreUnreachableError("it went away in the middle")
            if any(other.sequence == entry.sequence for other in self.entries):
                return Inserted(count, Taken.SEQUENCE)
            if any((other.kind, other.id) == (entry.kind, entry.id) for other in self.entries):
                return Inserted(count, Taken.ID)
            self.entries.append(entry)
        return Inserted(len(entries))

    async def bodies(self, keys: Collection[EntryKey]) -> Mapping[EntryKey, str]:
        self._look()
        return {(entry.kind, entry.id): entry.body for entry in self.entries if (entry.kind, entry.id) in keys}

    async def newest_checkpoint(self) -> Checkpoint | None:
        self._look()
        found = [entry for entry in self.entries if entry.kind == Kind.CHECKPOINT]
        return Checkpoint.model_validate_json(found[-1].body) if found else None

    async def digests(self, first: int, last: int) -> AsyncIterator[str]:
        self._look()
        for entry in self.entries:
            if first <= entry.sequence <= last:
                yield entry.digest

    async def newest_revision(self) -> int | None:
        self._look()
        return max((int(entry.facts["revision"]) for entry in self.entries if "revision" in entry.facts), default=None)

    async def recorded_to(self, stream: str) -> int | None:
        self._look()
        found = [entry.facts["stream_sequence"] for entry in self.entries if entry.facts.get("stream") == stream]
        return without_gap(map(int, found))

    async def decisions(self, since: datetime, until: datetime) -> Sequence[Seen]:
        self._look()
        return [
            Seen(str(entry.facts["subject"]), str(entry.facts["payload"]), entry.moment, entry.id)
            for entry in self.entries
            if entry.kind == Kind.DECISION and since <= entry.moment < until
        ]

    def _look(self) -> None:
        if not self.up:
            raise StoreUnreachableError("the chain's store is away")


class FakeLease:
    """A lease that a test hands out."""

    def __init__(self) -> None:
        self.free = True
        self.up = True
        self.given_up = 0

    async def take(self, *, seconds: float) -> bool:
        if not self.up:
            raise StoreUnreachableError("the lease's store is away")
        return self.free

    async def give_up(self) -> None:
        self.given_up += 1


class FakeTrail:
    """Changes that a test makes."""

    def __init__(self) -> None:
        self.changes: list[Draft] = []
        self.older: list[Draft] = []

    async def after(self, revision: int, *, limit: int) -> Sequence[Draft]:
        later = [draft for draft in self.changes if int(draft.facts["revision"]) > revision]
        return later[:limit] + [
            draft for draft in later[limit:] if draft.facts["revision"] == later[limit - 1].facts["revision"]
        ]

    async def without_revision(self, *, skip: int, limit: int) -> Sequence[Draft]:
        return self.older[skip : skip + limit]


class FakeSource:
    """`RecordSource` in memory. What is not acknowledged comes again with `again`, or to who resumes.

    `lose_next = True` makes the next fetch fail with what it was to bring on its way: that comes again, but not soon.
    """

    def __init__(self, stream: str = "CIO_DECISIONS") -> None:
        self.stream = stream
        self.messages: list[StreamedMessage] = []
        self.acknowledged: list[int] = []
        self.resumed: list[int | None] = []
        self.up = True
        self.lose_next = False
        self._next = 0

    def again(self) -> None:
        self._next = 0

    async def resume(self, recorded_to: int | None) -> None:
        self._look()
        self.resumed.append(recorded_to)
        waiting = [each.sequence for each in self.messages if each.sequence not in self.acknowledged]
        first = min([(recorded_to or 0) + 1, *waiting])
        self.acknowledged = [sequence for sequence in self.acknowledged if sequence < first]
        self._next = next(
            (place for place, each in enumerate(self.messages) if each.sequence >= first), len(self.messages)
        )

    async def fetch(self, limit: int, *, wait_seconds: float) -> Sequence[StreamedMessage]:
        # A real one waits here, and lets others run.
        await asyncio.sleep(0)
        self._look()
        fetched = self.messages[self._next : self._next + limit]
        self._next += len(fetched)
        if fetched and self.lose_next:
            self.lose_next = False
            raise TransportUnavailableError("NATS went away")
        return [each for each in fetched if each.sequence not in self.acknowledged]

    async def acknowledge(self, messages: Sequence[StreamedMessage]) -> None:
        self.acknowledged += [message.sequence for message in messages]

    async def waiting(self) -> int:
        return len(self.messages) - len(set(self.acknowledged))

    async def waits_since(self) -> datetime | None:
        waiting = [each for each in self.messages if each.sequence not in self.acknowledged]
        return waiting[0].stored_at if waiting else None

    def _look(self) -> None:
        if not self.up:
            raise TransportUnavailableError("NATS is away")


class FakeIntents:
    """`IntentStream` in memory."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    async def kept_since(self) -> datetime | None:
        return self.seen[0].at if self.seen else None

    async def intents(self, since: datetime, until: datetime) -> Sequence[Seen]:
        return [each for each in self.seen if since <= each.at < until]


class ToldAlerts:
    """Alerts that were told."""

    def __init__(self) -> None:
        self.told: list[Alert] = []
        self.up = True

    async def tell(self, alert: Alert) -> None:
        if not self.up:
            raise TransportUnavailableError("NATS is away")
        self.told.append(alert)


class CountedMetrics:
    """`RecorderMetrics` that can be read."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.again = 0
        self.waiting: dict[str, int] = {}
        self.accounts: list[Account] = []

    def appended(self, kind: str, entries: int) -> None:
        self.kinds[kind] += entries

    def repeated(self, entries: int) -> None:
        self.again += entries

    def backlog(self, stream: str, waiting: int) -> None:
        self.waiting[stream] = waiting

    def accounted(self, account: Account) -> None:
        self.accounts.append(account)
