"""Merkle trees over digests of entries, as in RFC 6962, section 2.1: leaves and nodes are hashed apart.

https://www.rfc-editor.org/rfc/rfc6962#section-2.1; a proof is followed as in RFC 9162, section 2.1.3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(digest: str) -> bytes:
    """Return the hash of a leaf that holds an entry's digest (64 hexadecimal digits)."""
    return sha256(_LEAF + bytes.fromhex(digest)).digest()


@dataclass(slots=True)
class GrowingTree:
    """A tree that leaves are added to, of which only what its root needs is kept: one hash for each binary digit."""

    size: int = 0
    """How many leaves it has."""
    _peaks: list[bytes] = field(default_factory=list[bytes])

    def add(self, leaf: bytes) -> None:
        """Add a leaf's hash at the end."""
        node, position = leaf, self.size
        while position % 2:
            node, position = _node(self._peaks.pop(), node), position // 2
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root. Raises `ValueError` while there are no leaves."""
        if not self._peaks:
            raise ValueError("a tree without leaves has no root")
        found = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            found = _node(peak, found)
        return found


def audit_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes that lead from the leaf at `index` (from 0) to the root, nearest first.

    Raises `IndexError` if there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    path: list[bytes] = []
    level = leaves
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, index = _above(level), index // 2
    return tuple(path)


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root of a tree of `size` leaves that a path leads to; None if the path does not fit that tree."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if place % 2 or place == last:
            found = _node(sibling, found)
            while place % 2 == 0 and place != 0:
                place, last = place // 2, last // 2
        else:
            found = _node(found, sibling)
        place, last = place // 2, last // 2
    return found if last == 0 else None


def _above(level: Sequence[bytes]) -> list[bytes]:
    above = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    # The last of an odd number goes up as it is: the same tree as splitting at the largest power of two.
    return [*above, level[-1]] if len(level) % 2 else above


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
