"""Chains for tests: drafts, entries that follow each other, and keys that sign."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cio_strategist.domain.record import merkle
from cio_strategist.domain.record.checkpoint import Checkpoint, checkpoint_draft, sign_range
from cio_strategist.domain.record.entry import EMPTY, Draft, Entry, Head, Kind, link

NOON = datetime(2026, 2, 25, 12, tzinfo=UTC)


class PlainKey:
    """A signature that anybody can make: the statement's digest, under the name of a key."""

    def __init__(self, key_id: str = "k1") -> None:
        self.key_id = key_id

    def sign(self, statement: bytes) -> str:
        digest = merkle.leaf_hash((self.key_id.encode() + statement).hex()).hex()
        return digest * 2

    def verify(self, key_id: str, statement: bytes, signature: str) -> str | None:
        if key_id != self.key_id:
            return f"the key {key_id} is not trusted"
        return None if signature == self.sign(statement) else "the signature is false"


def draft(number: int, *, kind: Kind = Kind.DECISION, body: str | None = None, **facts: str | int) -> Draft:
    """A decision about one strategy, one second after the one before."""
    told = {"strategy": "s", "verdict": "approved", **facts}
    return Draft(kind, f"{number:032x}", NOON + timedelta(seconds=number), body or f'{{"number": {number}}}', told)


def chained(drafts: Sequence[Draft], head: Head = EMPTY) -> list[Entry]:
    """The drafts as entries that follow `head`."""
    entries: list[Entry] = []
    for each in drafts:
        entries.append(link(each, head))
        head = entries[-1].head
    return entries


def signed(entries: Sequence[Entry], key: PlainKey, previous: Checkpoint | None = None) -> tuple[Checkpoint, Entry]:
    """The checkpoint over these entries, and the entry after them that holds it."""
    tree = merkle.GrowingTree()
    for entry in entries:
        tree.add(merkle.leaf_hash(entry.digest))
    last = entries[-1]
    checkpoint = sign_range(
        first=entries[0].sequence, last=last.sequence, root=tree.root(), previous=previous, at=last.moment, signer=key
    )
    return checkpoint, link(checkpoint_draft(checkpoint, last.moment), last.head)


def signed_chain(sizes: Sequence[int], key: PlainKey, *, tail: int = 0) -> list[Entry]:
    """A chain with a checkpoint after each of so many entries, and some more that none covers yet."""
    chain: list[Entry] = []
    range_: list[Entry] = []
    checkpoint: Checkpoint | None = None
    number = 0
    for size in sizes:
        head = chain[-1].head if chain else EMPTY
        range_ += chained([draft(number + each) for each in range(size)], head)
        number += size
        checkpoint, entry = signed(range_, key, checkpoint)
        chain = [*chain, *range_[range_[0].kind == Kind.CHECKPOINT :], entry]
        range_ = [entry]
    return chain + chained([draft(number + each) for each in range(tail)], chain[-1].head if chain else EMPTY)


def altered(entry: Entry, **fields: object) -> Entry:
    """The entry with other fields and, unless given, its old digest."""
    return replace(entry, **fields)  # type: ignore[arg-type]
