"""Checkpoints: a signature over the root of the entries since the checkpoint before."""

from datetime import datetime
from hashlib import sha256
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.record.entry import GENESIS, Draft, Kind, canonical, milliseconds

_STATEMENT = "petrosa-cio audit checkpoint 1\n"
_DIGEST = r"^[0-9a-f]{64}$"


class Signer(Protocol):
    """Holds the private key."""

    @property
    def key_id(self) -> str:
        """What its public key is known by."""
        ...

    def sign(self, statement: bytes) -> str:
        """Return an Ed25519 signature, 128 hexadecimal digits."""
        ...


class Verifier(Protocol):
    """Holds public keys that are trusted."""

    def verify(self, key_id: str, statement: bytes, signature: str) -> str | None:
        """Return what is wrong with a signature, in words; None if one of the keys made it."""
        ...


class Checkpoint(BaseModel):
    """What is signed about a range of the chain, and the signature.

    Signed is the ASCII text `petrosa-cio audit checkpoint 1`, a line feed, and the JSON array
    `[first,last,root,previous,at,key_id]` without blanks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    first: int = Field(ge=1, description="Sequence of the first entry that it covers.")
    last: int = Field(ge=1, description="Sequence of the last one.")
    root: str = Field(pattern=_DIGEST, description="Root of the Merkle tree over the digests of these entries.")
    previous: str = Field(pattern=_DIGEST, description="SHA-256 of the statement before; zeros for the first.")
    at: int = Field(description="When it was signed, milliseconds since 1970.")
    key_id: str = Field(description="What the key is known by.")
    signature: str = Field(pattern=r"^[0-9a-f]{128}$", description="Ed25519, hexadecimal.")

    @property
    def statement(self) -> bytes:
        """What is signed."""
        return _statement(self.first, self.last, self.root, self.previous, self.at, self.key_id)

    @property
    def digest(self) -> str:
        """SHA-256 of the statement: what the next checkpoint refers to."""
        return sha256(self.statement).hexdigest()


def sign_range(
    *, first: int, last: int, root: bytes, previous: Checkpoint | None, at: datetime, signer: Signer
) -> Checkpoint:
    """Return the signed checkpoint over the entries `first` to `last`, the root of whose tree is given."""
    before, moment = GENESIS if previous is None else previous.digest, milliseconds(at)
    signature = signer.sign(_statement(first, last, root.hex(), before, moment, signer.key_id))
    return Checkpoint(
        first=first,
        last=last,
        root=root.hex(),
        previous=before,
        at=moment,
        key_id=signer.key_id,
        signature=signature,
    )


def checkpoint_draft(checkpoint: Checkpoint, at: datetime) -> Draft:
    """Return the checkpoint as what is to be recorded: the entry after the last one that it covers."""
    return Draft(
        kind=Kind.CHECKPOINT,
        id=f"{checkpoint.first}-{checkpoint.last}",
        at=at,
        body=canonical(checkpoint.model_dump()),
        facts={"first": checkpoint.first, "last": checkpoint.last},
    )


def _statement(first: int, last: int, root: str, previous: str, at: int, key_id: str) -> bytes:
    return (_STATEMENT + canonical((first, last, root, previous, at, key_id))).encode("ascii")
