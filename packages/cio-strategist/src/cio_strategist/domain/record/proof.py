"""Inclusion proofs: one entry, the path to the root of its checkpoint, and that checkpoint's signature."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.record import merkle
from cio_strategist.domain.record.checkpoint import Checkpoint, Verifier
from cio_strategist.domain.record.entry import FORM, Entry, Fact


class ProvedEntry(BaseModel):
    """The entry as it stands in the chain. Its digest is not told: whoever checks computes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sequence: int = Field(description="Place in the chain.")
    previous: str = Field(description="Digest of the entry before.")
    kind: str = Field(description="What it records.")
    id: str = Field(description="Unique within its kind.")
    at: int = Field(description="When it happened, milliseconds since 1970.")
    facts: dict[str, Fact] = Field(description="What it is found by.")
    body: str = Field(description="The record itself, as it came.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Take over an entry's content."""
        return cls(
            sequence=entry.sequence,
            previous=entry.previous,
            kind=entry.kind,
            id=entry.id,
            at=entry.at,
            facts=dict(entry.facts),
            body=entry.body,
        )

    def entry(self) -> Entry:
        """Return the entry with the digest that this content has."""
        told = Entry(self.sequence, self.previous, self.kind, self.id, self.at, self.facts, self.body, digest="")
        return Entry(
            self.sequence, self.previous, self.kind, self.id, self.at, self.facts, self.body, told.true_digest()
        )


class InclusionProof(BaseModel):
    """All that it takes, beside the public key, to know that an entry was in the chain when it was signed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    form: int = Field(default=FORM, description="Version of the form that is digested.")
    entry: ProvedEntry = Field(description="What is proved.")
    path: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        description="Hashes from the entry's leaf to the root, nearest first, hexadecimal."
    )
    checkpoint: Checkpoint = Field(description="The checkpoint that covers the entry.")


def prove(entry: Entry, digests: Sequence[str], checkpoint: Checkpoint) -> InclusionProof:
    """Return the proof that `entry` is one of the entries with these digests, which are those of the checkpoint."""
    leaves = [merkle.leaf_hash(digest) for digest in digests]
    path = merkle.audit_path(leaves, entry.sequence - checkpoint.first)
    return InclusionProof(entry=ProvedEntry.of(entry), path=tuple(step.hex() for step in path), checkpoint=checkpoint)


def wrong_with(proof: InclusionProof, verifier: Verifier) -> str | None:
    """Return why a proof proves nothing, in words; None if it holds."""
    checkpoint = proof.checkpoint
    if proof.form != FORM:
        return f"form {proof.form} is not known here: only {FORM} is"
    path = [bytes.fromhex(step) for step in proof.path]
    leaf = merkle.leaf_hash(proof.entry.entry().digest)
    size, index = checkpoint.last - checkpoint.first + 1, proof.entry.sequence - checkpoint.first
    root = merkle.root_of_path(leaf, index, size, path)
    if root is None or root.hex() != checkpoint.root:
        return "the entry does not lead to the root that was signed: it is not what was recorded"
    return verifier.verify(checkpoint.key_id, checkpoint.statement, checkpoint.signature)
