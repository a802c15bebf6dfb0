"""Adding to the chain, whoever else may be adding to it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from cio_strategist.domain.record import merkle
from cio_strategist.domain.record.checkpoint import Checkpoint, Signer, checkpoint_draft, sign_range
from cio_strategist.domain.record.entry import EMPTY, FIRST, Draft, Entry, Head, Kind, link
from cio_strategist.domain.record.recording import contradiction_draft
from cio_strategist.errors import EntriesLostError
from cio_strategist.ports import ChainStore, Clock, EntryKey, Inserted, RecorderMetrics, Taken

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(slots=True)
class _Known:
    """The chain as far as adding to it needs it."""

    head: Head
    checkpoint: Checkpoint | None
    tree: merkle.GrowingTree = field(default_factory=merkle.GrowingTree)
    """Over the entries since the checkpoint."""
    unsigned: int = 0
    """How many of these are no checkpoints."""

    def take(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.tree.add(merkle.leaf_hash(entry.digest))
            self.unsigned += entry.kind != Kind.CHECKPOINT
        self.head = entries[-1].head if entries else self.head


class ChainWriter:
    """Adds entries, each once, and checkpoints.

    Any number of writers may add to one chain: the store takes each sequence and each id once, so what a writer
    believes about the newest entry is either true, or its next entry is refused and it looks again. With a `signer`, a
    checkpoint is made when `checkpoint_entries` wait for one, or any has waited for `checkpoint_seconds`.
    """

    def __init__(
        self,
        store: ChainStore,
        *,
        clock: Clock,
        metrics: RecorderMetrics,
        signer: Signer | None,
        checkpoint_entries: int,
        checkpoint_seconds: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._signer = signer
        self._checkpoint_entries = checkpoint_entries
        self._checkpoint_seconds = checkpoint_seconds
        self._known: _Known | None = None
        self._adding = asyncio.Lock()
        self.head = EMPTY
        """The newest entry that the store is known to have had."""
        self.losses = 0
        """How often the store turned out to have lost what it had acknowledged."""

    @property
    def signed_to(self) -> int:
        """Sequence up to which checkpoints cover the chain, as far as is known here."""
        known = self._known
        return FIRST - 1 if known is None or known.checkpoint is None else known.checkpoint.last

    async def look(self) -> None:
        """Look at the chain anew. From then on it is noticed if the store loses any of it."""
        async with self._adding:
            await self._compare()
            self._known = None
            await self._look()

    async def append(self, drafts: Sequence[Draft], *, losses: int | None = None) -> int:
        """Add what is not in the chain yet, in order, and return how many that were.

        What has the id of another entry and not its content is added as `refused`. Raises `StoreUnreachableError` if
        the store goes away; then some may have been added, and the same drafts may be given again. `losses` is what it
        was when the caller looked from where on to add: raises `EntriesLostError` if the store has lost any since then,
        because those come first.
        """
        async with self._adding:
            await self._compare()
            if losses is not None and losses != self.losses:
                raise EntriesLostError(
                    "the store has lost entries that it had acknowledged: they are to be added first"
                )
            added = await self._add(drafts)
            if self._signer is not None and (await self._look()).unsigned >= self._checkpoint_entries:
                await self._sign(self._signer)
            return added

    async def sign_if_due(self) -> None:
        """Make a checkpoint if entries have waited long enough for one."""
        if self._signer is None:
            return
        async with self._adding:
            await self._compare()
            known = await self._look()
            signed_at = 0.0 if known.checkpoint is None else known.checkpoint.at / 1000
            if known.unsigned and self._clock.now().timestamp() - signed_at >= self._checkpoint_seconds:
                await self._sign(self._signer)

    async def _compare(self) -> None:
        """Forget what is known if the store no longer has the entry that is believed to be the newest.

        A store that came back with less than it had acknowledged would take the next entry, and leave a gap. That
        others have added to it is told by the store when the next entry is.
        """
        believed = self.head
        if believed == EMPTY or await self._store.digest_at(believed.sequence) == believed.digest:
            return
        self._known, self.head = None, EMPTY
        self.losses += 1
        _log.error("chain_lost_entries", believed=believed.shown())

    async def _sign(self, signer: Signer) -> None:
        known, now = await self._look(), self._clock.now()
        first = FIRST if known.checkpoint is None else known.checkpoint.last + 1
        checkpoint = sign_range(
            first=first,
            last=known.head.sequence,
            root=known.tree.root(),
            previous=known.checkpoint,
            at=now,
            signer=signer,
        )
        (entry,) = _chained([checkpoint_draft(checkpoint, now)], known.head)
        inserted = await self._insert([entry])
        if not inserted.count:
            # Somebody else has added something: what would be signed is not all there is.
            self._known = None
            return
        known.checkpoint, known.tree, known.unsigned = checkpoint, merkle.GrowingTree(), 0
        self._take(known, [entry])
        self._metrics.appended(Kind.CHECKPOINT, 1)
        # In the log it is out of reach of whoever can write to the store.
        _log.info("audit_checkpoint", first=first, last=checkpoint.last, root=checkpoint.root, head=entry.head.shown())

    async def _add(self, drafts: Sequence[Draft]) -> int:
        waiting, added = _once(drafts), 0
        self._metrics.repeated(len(drafts) - len(waiting))
        while waiting:
            known = await self._look()
            entries = _chained(waiting, known.head)
            inserted = await self._insert(entries)
            self._take(known, entries[: inserted.count])
            added += inserted.count
            for kind, count in Counter(entry.kind for entry in entries[: inserted.count]).items():
                self._metrics.appended(kind, count)
            waiting = waiting[inserted.count :]
            if inserted.stopped_by is Taken.SEQUENCE:
                _log.info("another_recorder_writes", sequence=known.head.sequence + 1)
                self._known = None
            if inserted.stopped_by is not None:
                waiting = await self._not_recorded(waiting)
        return added

    async def _insert(self, entries: Sequence[Entry]) -> Inserted:
        try:
            return await self._store.insert(entries)
        except BaseException:
            # Whatever went wrong, some of them may have been written.
            self._known = None
            raise

    def _take(self, known: _Known, entries: Sequence[Entry]) -> None:
        known.take(entries)
        self.head = known.head

    async def _not_recorded(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        bodies = await self._store.bodies([_key(draft) for draft in drafts])
        left: list[Draft] = []
        for draft in drafts:
            recorded = bodies.get(_key(draft))
            if recorded is None:
                left.append(draft)
            elif recorded != draft.body:
                _log.error("record_contradicts", kind=draft.kind, id=draft.id)
                left.append(contradiction_draft(draft))
        self._metrics.repeated(len(drafts) - len(left))
        return _once(left)

    async def _look(self) -> _Known:
        if self._known is None:
            # In this order: a checkpoint made meanwhile comes with a newer head, and nothing is added to this one.
            head = await self._store.head()
            known = _Known(head, await self._store.newest_checkpoint())
            if self._signer is not None:
                await self._count_unsigned(known)
            self._known, self.head = known, head
        return self._known

    async def _count_unsigned(self, known: _Known) -> None:
        first = FIRST if known.checkpoint is None else known.checkpoint.last + 1
        async for digest in self._store.digests(first, known.head.sequence):
            known.tree.add(merkle.leaf_hash(digest))
        # The first of them is the checkpoint itself.
        known.unsigned = max(0, known.tree.size - (known.checkpoint is not None))


def _chained(drafts: Sequence[Draft], head: Head) -> list[Entry]:
    entries: list[Entry] = []
    for draft in drafts:
        entries.append(link(draft, head))
        head = entries[-1].head
    return entries


def _once(drafts: Sequence[Draft]) -> list[Draft]:
    """Leave out what is there twice, content and all."""
    return list({(_key(draft), draft.body): draft for draft in drafts}.values())


def _key(draft: Draft) -> EntryKey:
    return draft.kind.value, draft.id
