"""Entries of the chain as documents, and back: a document is what an entry would be written as, or it is damaged."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.errors import BSONError
from bson.int64 import Int64

from cio_strategist.domain.record.entry import Entry, milliseconds

_FIELDS = ("_id", "kind", "id", "at", "facts", "body", "previous", "digest")
_TEXTS = ("kind", "id", "body", "previous", "digest")
_FACT_TYPES = {str, int, Int64}
# The store takes moments beyond these, which no entry was ever made at.
_EARLIEST, _LATEST = milliseconds(datetime.min.replace(tzinfo=UTC)), milliseconds(datetime.max.replace(tzinfo=UTC))
# Besides its own errors, the library raises these for lengths that lead out of the document.
_UNREADABLE = (BSONError, ValueError, OverflowError, LookupError, TypeError, struct.error)
_SMALLEST = 5
_OPTIONS = CodecOptions[dict[str, Any]](datetime_conversion=DatetimeConversion.DATETIME_MS)


def entry_document(entry: Entry) -> dict[str, Any]:
    """Return the document of an entry."""
    return {
        "_id": entry.sequence,
        "kind": entry.kind,
        "id": entry.id,
        "at": DatetimeMS(entry.at),
        "facts": dict(entry.facts),
        "body": entry.body,
        "previous": entry.previous,
        "digest": entry.digest,
    }


def read_entry(raw: bytes) -> Entry | None:
    """Read a document of the store's own bytes; None unless these are the very bytes an entry would be written as.

    So nothing in a document escapes the digest: no type, no order, no field that is not digested.
    """
    try:
        document = bson.decode(raw, _OPTIONS)
    except _UNREADABLE:
        return None
    if tuple(document) != _FIELDS or not _is_sound(document):
        return None
    entry = Entry(
        sequence=int(document["_id"]),
        previous=document["previous"],
        kind=document["kind"],
        id=document["id"],
        at=int(document["at"]),
        facts=document["facts"],
        body=document["body"],
        digest=document["digest"],
    )
    return entry if bson.encode(entry_document(entry)) == raw else None


def split(batch: bytes) -> Iterator[bytes]:
    """Yield the documents of a batch, each with its own length ahead, as a cursor hands them out."""
    at = 0
    while at < len(batch):
        end = at + max(_SMALLEST, int.from_bytes(batch[at : at + 4], "little"))
        yield batch[at:end]
        at = end


def _is_sound(document: Mapping[str, Any]) -> bool:
    facts = document["facts"]
    return (
        isinstance(document["_id"], int)
        and isinstance(document["at"], DatetimeMS)
        and _EARLIEST <= int(document["at"]) <= _LATEST
        and {type(document[name]) for name in _TEXTS} == {str}
        and isinstance(facts, dict)
        and set(map(type, cast("dict[str, object]", facts).values())) <= _FACT_TYPES
    )
