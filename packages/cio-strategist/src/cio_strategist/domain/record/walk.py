"""Walking the chain from its first entry, and telling the first thing that is wrong."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from cio_strategist.domain.record import merkle
from cio_strategist.domain.record.checkpoint import Checkpoint, Verifier
from cio_strategist.domain.record.entry import EMPTY, FIRST, GENESIS, Entry, Head, Kind


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and with which entry."""

    sequence: int
    what: str
    kind: str = ""
    id: str = ""

    def shown(self) -> str:
        """Return it as one line."""
        named = f" ({self.kind} {self.id})" if self.id else ""
        return f"entry {self.sequence}{named}: {self.what}"


@dataclass(slots=True)
class Walk:
    """What is known after the entries taken so far. Give it every entry in order of sequence."""

    verifier: Verifier | None
    """None: links and roots are checked, signatures are not."""
    head: Head = EMPTY
    checkpoint: Checkpoint | None = None
    """The newest that held."""
    checkpoints: int = 0
    unsigned_since: datetime | None = None
    """When the first entry happened that no checkpoint covers and that is none; None if there is no such entry."""
    _tree: merkle.GrowingTree = field(default_factory=merkle.GrowingTree)

    @property
    def signed_to(self) -> int:
        """Sequence up to which checkpoints cover the chain."""
        return FIRST - 1 if self.checkpoint is None else self.checkpoint.last

    def take(self, entry: Entry) -> Problem | None:
        """Take the next entry. After a problem nothing more may be taken."""
        wrong = self._wrong_link(entry)
        if wrong is None and entry.kind == Kind.CHECKPOINT:
            wrong = self._take_checkpoint(entry)
        if wrong is not None:
            return Problem(entry.sequence, wrong, entry.kind, entry.id)
        if self.unsigned_since is None and entry.kind != Kind.CHECKPOINT:
            self.unsigned_since = entry.moment
        self._tree.add(merkle.leaf_hash(entry.digest))
        self.head = entry.head
        return None

    def _wrong_link(self, entry: Entry) -> str | None:
        expected = self.head.sequence + 1
        if entry.sequence != expected:
            return f"entry {expected} is missing"
        if entry.previous != self.head.digest:
            return "it does not follow the entry before: that one, or this one, was exchanged"
        if entry.true_digest() != entry.digest:
            return "its content does not have its digest: it was altered"
        return None

    def _take_checkpoint(self, entry: Entry) -> str | None:
        try:
            checkpoint = Checkpoint.model_validate_json(entry.body)
        except ValidationError:
            return "this is no checkpoint"
        wrong = self._wrong_place(checkpoint, entry)
        if wrong is None and checkpoint.root != self._tree.root().hex():
            wrong = "the root of the checkpoint is not that of the entries"
        if wrong is None and self.verifier is not None:
            wrong = self.verifier.verify(checkpoint.key_id, checkpoint.statement, checkpoint.signature)
        if wrong is None:
            self.checkpoint, self.checkpoints = checkpoint, self.checkpoints + 1
            self._tree, self.unsigned_since = merkle.GrowingTree(), None
        return wrong

    def _wrong_place(self, checkpoint: Checkpoint, entry: Entry) -> str | None:
        if (checkpoint.first, checkpoint.last) != (self.signed_to + 1, entry.sequence - 1):
            return f"the checkpoint should cover {self.signed_to + 1} to {entry.sequence - 1}"
        if dict(entry.facts) != {"first": checkpoint.first, "last": checkpoint.last}:
            return "the checkpoint is filed under another range than it covers"
        if checkpoint.previous != (GENESIS if self.checkpoint is None else self.checkpoint.digest):
            return "the checkpoint does not follow the one before"
        return None
