"""What people look for in the chain, as a query. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted. None: any."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    strategy: str | None = None
    symbol: str | None = None
    verdict: str | None = None
    code: str | None = None


def entry_query(wanted: EntryFilter) -> dict[str, Any]:
    """Return the query that finds the entries `wanted`."""
    told = {
        "kind": wanted.kind,
        "facts.strategy": wanted.strategy,
        "facts.symbol": wanted.symbol,
        "facts.verdict": wanted.verdict,
        "facts.code": wanted.code,
    }
    query: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    bounds = {"$gte": wanted.since, "$lt": wanted.until}
    if at := {bound: moment for bound, moment in bounds.items() if moment is not None}:
        query["at"] = at
    return query
