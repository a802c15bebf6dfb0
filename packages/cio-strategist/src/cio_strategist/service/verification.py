"""Verifying the chain as it is stored, and the trail of changes against it."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cio_strategist.domain.chain.checkpoint import Verifier
from cio_strategist.domain.chain.entry import Draft, Entry, Head, Kind, body_digest
from cio_strategist.domain.chain.walk import Problem, Walk
from cio_strategist.ports import Trail

_PAGE = 500
_ALL_REVISIONS = -1
_CHANGES = frozenset({Kind.CONFIG.value, Kind.CONTROL.value})


class StoredChain(Protocol):
    """The chain, to be read from its first entry on."""

    def scan(self) -> AsyncIterator[Sequence[Entry | None]]:
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
    noted: Head | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Walk the whole chain, then hold the trail against it; `progress` is told how many entries held so far.

    `noted` is a head that somebody wrote down earlier: the chain must still have that entry. It finds a chain whose end
    was cut off, which no chain can tell by itself.
    """
    walk, linked = Walk(verifier), dict[tuple[str, str], tuple[int, str]]()
    problem = await _walk(chain, walk, linked, noted, progress)
    changes = 0
    if problem is None and noted is not None and noted.sequence > walk.head.sequence:
        problem = Problem(noted.sequence, f"the chain ends at {walk.head.sequence}: its end was cut off")
    if problem is None:
        changes, problem = await _compare(trail, linked)
    return Verified(walk.head.sequence, walk.checkpoints, walk.signed_to, walk.head, changes, problem)


async def _walk(
    chain: StoredChain,
    walk: Walk,
    linked: dict[tuple[str, str], tuple[int, str]],
    noted: Head | None,
    progress: Callable[[int], None],
) -> Problem | None:
    async for entries in chain.scan():
        for entry in entries:
            if entry is None:
                return Problem(walk.head.sequence + 1, "the document is damaged: it is not what was written")
            if (problem := walk.take(entry)) is not None:
                return problem
            if noted is not None and entry.sequence == noted.sequence and entry.digest != noted.digest:
                return Problem(entry.sequence, "it is not the entry that was noted", entry.kind, entry.id)
            if entry.kind in _CHANGES:
                linked[entry.kind, entry.id] = (entry.sequence, body_digest(entry.body))
        progress(walk.head.sequence)
    return None


async def _compare(trail: Trail, linked: dict[tuple[str, str], tuple[int, str]]) -> tuple[int, Problem | None]:
    left = dict(linked)
    async for change in _changes(trail):
        key = (change.kind.value, change.id)
        sequence, digest = left.pop(key, (0, ""))
        # What is not linked yet waits for the recorder.
        if digest and digest != body_digest(change.body):
            return 0, Problem(sequence, "the trail holds another change than was recorded: it was altered", *key)
    for (kind, change_id), (sequence, _) in left.items():
        return 0, Problem(sequence, "the change is no longer in the trail: it was removed, or altered", kind, change_id)
    return len(linked), None


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
        revision = max(int(change.facts["revision"]) for change in newer)
