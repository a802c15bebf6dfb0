"""One entry of the chain, and the form of it that is digested.

The digest of an entry is the SHA-256 of this UTF-8 text, written as 64 hexadecimal digits:

    [form,sequence,previous,kind,id,at,facts,body]

a JSON array without blanks, of ASCII characters alone, where `previous` is the digest of the entry before (64 zeros for
the first), `at` is milliseconds since 1970, `facts` is an object with its keys sorted, and `body` is the SHA-256 of the
body's bytes. Nothing in it is a fraction, so that every language writes the same text. The body is digested as it came:
it is never parsed and written again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

FORM = 1
"""Version of the form that is digested; it is digested too."""

GENESIS = "0" * 64
"""What stands in the first entry for the digest of the one before."""

FIRST = 1
"""Sequence of the first entry."""

Fact = str | int
"""What a fact may be: text or a whole number."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_canonical = json.JSONEncoder(
    check_circular=False, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


class Kind(StrEnum):
    """What an entry records."""

    DECISION = "decision"
    """A verdict of the gate, with all that it rested on."""
    FAILSAFE = "failsafe"
    """What a bot let through while no gate answered."""
    CONFIG = "config"
    """A change of trading parameters."""
    CONTROL = "control"
    """A mode that was set or lifted."""
    THOUGHT = "thought"
    """Reasoning of the agent."""
    CHECKPOINT = "checkpoint"
    """A signature over the entries since the checkpoint before."""
    REFUSED = "refused"
    """A message that came where records come and is none, or contradicts the record of the same id."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be recorded, before it has a place in the chain."""

    kind: Kind
    id: str
    """Unique within its kind."""
    at: datetime
    """When it happened, aware UTC; kept to the millisecond."""
    body: str
    facts: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))
    """What it is found by."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry, as far as the next one needs it."""

    sequence: int
    digest: str

    def shown(self) -> str:
        """Return `SEQUENCE:DIGEST`."""
        return f"{self.sequence}:{self.digest}"


EMPTY = Head(FIRST - 1, GENESIS)
"""The head of a chain without entries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record at its place. What was read from a store need not have the digest that it claims."""

    sequence: int
    previous: str
    kind: str
    id: str
    at: int
    """Milliseconds since 1970, UTC."""
    facts: Mapping[str, Fact]
    body: str
    digest: str

    @property
    def moment(self) -> datetime:
        """When it happened, aware UTC."""
        return _EPOCH + self.at * _MILLISECOND

    @property
    def head(self) -> Head:
        """The entry as the head of a chain."""
        return Head(self.sequence, self.digest)

    def true_digest(self) -> str:
        """Return the digest that this content has."""
        return digest_of(self.sequence, self.previous, self.kind, self.id, self.at, self.facts, self.body)


def link(draft: Draft, head: Head) -> Entry:
    """Return the entry that follows `head`."""
    sequence, at = head.sequence + 1, milliseconds(draft.at)
    digest = digest_of(sequence, head.digest, draft.kind, draft.id, at, draft.facts, draft.body)
    return Entry(sequence, head.digest, draft.kind.value, draft.id, at, draft.facts, draft.body, digest)


def digest_of(
    sequence: int, previous: str, kind: str, entry_id: str, at: int, facts: Mapping[str, Fact], body: str
) -> str:
    """Return the digest of an entry with this content. Text that UTF-8 cannot hold is digested as JSON escapes it."""
    told = (FORM, sequence, previous, kind, entry_id, at, dict(facts), body_digest(body))
    return sha256(_canonical(told).encode("ascii")).hexdigest()


def body_digest(body: str) -> str:
    """Return the SHA-256 of a body."""
    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def milliseconds(moment: datetime) -> int:
    """Return an aware moment as whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def canonical(value: object) -> str:
    """Return plain JSON values as text: keys sorted, no blanks, ASCII alone. Raises `ValueError` for NaN."""
    return _canonical(value)
