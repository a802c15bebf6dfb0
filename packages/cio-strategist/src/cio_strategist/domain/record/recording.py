"""Messages and audit records as drafts of entries of the chain. Pure."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from cio_strategist.domain.record.entry import Draft, Fact, Kind, body_digest, canonical
from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.record import record_id
from petrosa_contracts.streams import MESSAGE_ID

_LONGEST_ID = 200
_LONGEST_FACT = 200


@dataclass(frozen=True, slots=True)
class StreamedMessage:
    """A message as a stream keeps it."""

    stream: str
    sequence: int
    """Its place in the stream."""
    subject: str
    headers: Mapping[str, str]
    data: bytes
    stored_at: datetime
    """When the stream took it, aware UTC."""


class _Verdict(BaseModel):
    """What is read of a verdict; the record itself is kept as it came."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    decision_id: str = Field(min_length=1, max_length=_LONGEST_ID)
    verdict: str
    code: str | None = None
    strategy_id: str | None = None
    symbol: str | None = None
    action: str | None = None
    signal_id: str | None = None
    received_at: UtcDatetime


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    verdict: _Verdict
    raw: Base64Bytes
    raw_digest: str | None = None
    subject: str
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    withdraws: bool = False


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    verdict: _Verdict


def decision_draft(message: StreamedMessage) -> Draft:
    """Return the record of a decision as a draft; of kind `refused` if it is none.

    Read is only what it is found by, so that records of a later form are kept too.
    """
    try:
        body, record = message.data.decode("utf-8"), _Record.model_validate_json(message.data)
    except (UnicodeDecodeError, ValidationError) as error:
        return refused_draft(message, _reason(error))
    payload = record.raw_digest or payload_digest(record.raw)
    facts = {**_facts_of(record.verdict), "subject": record.subject, "payload": payload}
    if (message_id := record.headers.get(MESSAGE_ID)) is not None:
        facts["message_id"] = message_id[:_LONGEST_FACT]
    # What withdraws an approval stands beside the record of it, if that turned up after all.
    entry_id = record_id(record.verdict.decision_id, withdraws=record.withdraws)
    return _draft(Kind.DECISION, entry_id, record.verdict, body, facts, message)


def failsafe_draft(message: StreamedMessage) -> Draft:
    """Return a bot's report of what it let through as a draft; of kind `refused` if it is none."""
    try:
        body, report = message.data.decode("utf-8"), _Report.model_validate_json(message.data)
    except (UnicodeDecodeError, ValidationError) as error:
        return refused_draft(message, _reason(error))
    verdict = report.verdict
    return _draft(Kind.FAILSAFE, verdict.decision_id, verdict, body, _facts_of(verdict), message)


def refused_draft(message: StreamedMessage, why: str) -> Draft:
    """Return a message that is no record as a draft that keeps all of it."""
    body = canonical(
        {
            "stream": message.stream,
            "stream_sequence": message.sequence,
            "subject": message.subject,
            "headers": dict(message.headers),
            "data": base64.b64encode(message.data).decode("ascii"),
            "why": why,
        }
    )
    # A stream that is made anew counts from 1 again: the content tells its messages from those of the old one.
    entry_id = f"{message.stream}:{message.sequence}:{payload_digest(message.data)[:16]}"
    return Draft(Kind.REFUSED, entry_id, message.stored_at, body, _place(message))


def contradiction_draft(draft: Draft) -> Draft:
    """Return a draft whose id is taken by an entry with another body, as one that keeps it beside that entry."""
    why = f"it contradicts the {draft.kind} {draft.id}, which was recorded before"
    body = canonical({"kind": draft.kind.value, "id": draft.id, "body": draft.body, "why": why})
    facts = {name: value for name, value in draft.facts.items() if name in {"stream", "stream_sequence"}}
    return Draft(Kind.REFUSED, f"{draft.kind}:{draft.id}:{body_digest(draft.body)[:16]}", draft.at, body, facts)


def without_gap(places: Iterable[int]) -> int | None:
    """Return the place before the first that is missing behind the lowest; None of no places. Any order will do."""
    ordered = sorted(places)
    for place, following in pairwise(ordered):
        if following > place + 1:
            return place
    return ordered[-1] if ordered else None


def payload_digest(raw: bytes) -> str:
    """Return what a payload is known by: the SHA-256 of its bytes."""
    return sha256(raw).hexdigest()


def _draft(
    kind: Kind, entry_id: str, verdict: _Verdict, body: str, facts: Mapping[str, Fact], message: StreamedMessage
) -> Draft:
    return Draft(kind, entry_id, verdict.received_at, body, {**facts, **_place(message)})


def _facts_of(verdict: _Verdict) -> dict[str, Fact]:
    told = {
        "verdict": verdict.verdict,
        "code": verdict.code,
        "strategy": verdict.strategy_id,
        "symbol": verdict.symbol,
        "action": verdict.action,
        "signal": verdict.signal_id,
    }
    return {name: text[:_LONGEST_FACT] for name, text in told.items() if text is not None}


def _place(message: StreamedMessage) -> dict[str, Fact]:
    return {"stream": message.stream, "stream_sequence": message.sequence}


def _reason(error: UnicodeDecodeError | ValidationError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
