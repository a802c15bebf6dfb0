"""Verifying the chain as it is stored, and the trail of changes against it."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cio_strategist.domain.record.checkpoint import Verifier
from cio_strategist.domain.record.entry import Draft, Entry, Fact, Head, Kind, body_digest
from cio_strategist.domain.record.walk import Problem, Walk
from cio_strategist.ports import Trail

SIGNED_LATE = 1000
"""So many more entries may come before a checkpoint than make one due: recorders may die before they sign."""

_PAGE = 500
_ALL_REVISIONS = -1
_CHANGES = frozenset({Kind.CONFIG.value, Kind.CONTROL.value})


_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Linked:
    """A change that is in the chain."""

    sequence: int
    digest: str
    revision: int


_NOTHING = _Linked(0, "", _ALL_REVISIONS)


class StoredChain(Protocol):
    """The chain, to be read from its first entry on."""

    def scan(self) -> AsyncIterator[Iterable[Entry | None]]:
        """Yield all entries in order, some at a time; None in the place of a damaged one."""
        ...


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification came to."""

    entries: int
    """So many held, from the first one on."""
    checkpoints: int
    signed_to: int
    """Sequence up to which checkpoints cover the chain."""
    unsigned_since: datetime | None
    """When the first entry happened that waits for a checkpoint; None if none does."""
    head: Head
    changes: int
    """Changes of policy and control that were compared with the trail."""
    problem: Problem | None
    """The first thing that is wrong; None if nothing is."""


async def verify(
    chain: StoredChain,
    trail: Trail,
    verifier: Verifier | None,
    *,
    checkpoint_entries: int,
    noted: Head | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Walk the whole chain, then hold the trail against it; `progress` is told how many more entries hold.

    With a `verifier`, many more entries than the `checkpoint_entries` that make a checkpoint due must not be without
    one: whoever can write to the store can take checkpoints out, and link anew what came after them.

    `noted` is a head that somebody wrote down earlier: the chain must still have that entry. It finds a chain whose end
    was cut off, which no chain can tell by itself.
    """
    walk, linked = Walk(verifier), dict[_Key, _Linked]()
    problem = await _walk(chain, walk, linked, noted, progress)
    changes = 0
    if problem is None and noted is not None and noted.sequence > walk.head.sequence:
        problem = Problem(noted.sequence, f"the chain ends at {walk.head.sequence}: its end was cut off")
    if problem is None and verifier is not None:
        problem = _too_long_unsigned(walk, checkpoint_entries)
    if problem is None:
        changes, problem = await _compare(trail, linked)
    return Verified(
        walk.head.sequence, walk.checkpoints, walk.signed_to, walk.unsigned_since, walk.head, changes, problem
    )


def _too_long_unsigned(walk: Walk, checkpoint_entries: int) -> Problem | None:
    unsigned = walk.head.sequence - walk.signed_to
    if unsigned <= checkpoint_entries + SIGNED_LATE:
        return None
    return Problem(
        walk.signed_to + 1,
        f"no checkpoint signs it and the {unsigned - 1} after it, and one is due after {checkpoint_entries}: "
        "checkpoints were removed, or the recorder has no key",
    )


async def _walk(
    chain: StoredChain,
    walk: Walk,
    linked: dict[_Key, _Linked],
    noted: Head | None,
    progress: Callable[[int], None],
) -> Problem | None:
    async for entries in chain.scan():
        held_before = walk.head.sequence
        for entry in entries:
            if entry is None:
                return Problem(walk.head.sequence + 1, "the document is damaged: it is not what was written")
            if (problem := walk.take(entry)) is not None:
                return problem
            if noted is not None and entry.sequence == noted.sequence and entry.digest != noted.digest:
                return Problem(entry.sequence, "it is not the entry that was noted", entry.kind, entry.id)
            if entry.kind in _CHANGES:
                linked[entry.kind, entry.id] = _Linked(entry.sequence, body_digest(entry.body), _revision(entry.facts))
        progress(walk.head.sequence - held_before)
    return None


async def _compare(trail: Trail, linked: Mapping[_Key, _Linked]) -> tuple[int, Problem | None]:
    left = dict(linked)
    newest = max(linked.values(), key=lambda each: each.revision, default=_NOTHING)
    async for change in _changes(trail):
        key = (change.kind.value, change.id)
        recorded = left.pop(key, None)
        # What is newer and not linked yet waits for the recorder; of older engines' nobody knows the order.
        if recorded is None and _ALL_REVISIONS < _revision(change.facts) < newest.revision:
            what = "the trail holds an older change that is not recorded: it was added"
            return 0, Problem(newest.sequence, what, *key)
        if recorded is not None and recorded.digest != body_digest(change.body):
            what = "the trail holds another change than was recorded: it was altered"
            return 0, Problem(recorded.sequence, what, *key)
    for key, recorded in left.items():
        return 0, Problem(recorded.sequence, "the change is no longer in the trail: it was removed, or altered", *key)
    return len(linked), None


def _revision(facts: Mapping[str, Fact]) -> int:
    return int(facts.get("revision", _ALL_REVISIONS))


async def _changes(trail: Trail) -> AsyncIterator[Draft]:
    skip = 0
    while older := await trail.without_revision(skip=skip, limit=_PAGE):
        for change in older:
            yield change
        skip += len(older)
    revision = _ALL_REVISIONS
    while newer := await trail.after(revision, limit=_PAGE):
        for change in newer:
            yield change
        revision = max(_revision(change.facts) for change in newer)
