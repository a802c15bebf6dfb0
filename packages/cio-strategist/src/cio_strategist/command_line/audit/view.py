"""Entries of the audit chain as rows for a table and as JSON. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from cio_strategist.command_line.console import moment
from cio_strategist.domain.record.accounting import Account, Seen
from cio_strategist.domain.record.entry import Entry
from cio_strategist.domain.strict_json import read_json
from cio_strategist.errors import UsageError

ENTRY_HEADINGS = ("entry", "when", "kind", "strategy", "symbol", "what", "code", "id")
SEEN_HEADINGS = ("what", "when", "subject", "name", "payload")


def entry_row(entry: Entry) -> tuple[str, ...]:
    """Return an entry as a row."""
    facts = entry.facts
    what = facts.get("verdict") or facts.get("scope") or ""
    named = (facts.get("strategy", ""), facts.get("symbol", ""), what, facts.get("code", ""))
    return (str(entry.sequence), moment(entry.moment), entry.kind, *map(str, named), entry.id)


def entry_fields(entry: Entry) -> dict[str, Any]:
    """Return an entry with all that is digested, the body as the text that it is."""
    return {
        "sequence": entry.sequence,
        "previous": entry.previous,
        "kind": entry.kind,
        "id": entry.id,
        "at": entry.moment.isoformat().replace("+00:00", "Z"),
        "facts": dict(entry.facts),
        "body": entry.body,
        "digest": entry.digest,
    }


def body_of(entry: Entry) -> object:
    """Return the body as JSON where every reader understands it alike, else as the text that it is."""
    try:
        return read_json(entry.body.encode())
    except (UsageError, UnicodeEncodeError):
        return entry.body


def account_fields(account: Account) -> Mapping[str, Any]:
    """Return an account."""
    return {
        "since": account.since.isoformat(),
        "until": account.until.isoformat(),
        "balanced": account.balanced,
        "matched": account.matched,
        "missing": _seen(account.missing),
        "surplus": _seen(account.surplus),
        "unanswered": _seen(account.unanswered),
    }


def account_rows(account: Account) -> list[tuple[str, ...]]:
    """Return a row for each intent or record that does not pair."""
    told = (("missing", account.missing), ("surplus", account.surplus), ("unanswered", account.unanswered))
    return [(what, moment(each.at), each.subject, each.name, each.payload[:16]) for what, seen in told for each in seen]


def _seen(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    return [
        {"at": each.at.isoformat(), "subject": each.subject, "name": each.name, "payload": each.payload}
        for each in seen
    ]
