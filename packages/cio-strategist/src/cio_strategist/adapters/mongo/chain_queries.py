"""Filters of entries, as queries. Pure."""

from typing import Any

from cio_strategist.domain.record.entry_filter import EntryFilter


def entry_query(wanted: EntryFilter) -> dict[str, Any]:
    """Return the query that finds the entries `wanted`."""
    told = {
        "kind": wanted.kind,
        "facts.strategy": wanted.strategy,
        "facts.symbol": wanted.symbol,
        "facts.signal": wanted.signal,
        "facts.verdict": wanted.verdict,
        "facts.code": wanted.code,
    }
    query: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    bounds = {"$gte": wanted.since, "$lt": wanted.until}
    if at := {bound: moment for bound, moment in bounds.items() if moment is not None}:
        query["at"] = at
    return query
