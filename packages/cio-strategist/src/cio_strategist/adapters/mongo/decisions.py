"""Recorded decisions, read from the chain."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from cio_strategist.adapters.mongo.chain_documents import read_entry, split
from cio_strategist.adapters.mongo.chain_queries import entry_query
from cio_strategist.adapters.mongo.collections import AUDIT_CHAIN
from cio_strategist.adapters.mongo.connection import Database, MongoConnection
from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.domain.record.entry import Entry, Kind
from cio_strategist.domain.record.entry_filter import EntryFilter
from cio_strategist.errors import StoreUnreadableError
from cio_strategist.ports import BATCH
from petrosa_contracts.record import record_id

_BODY_ONLY = {"_id": 0, "body": 1}


class MongoDecisions:
    """`DecisionArchive` on the collection that the recorder inserts into.

    Whether the chain holds is not asked here; of one decision only whether its record is what was written.
    """

    def __init__(self, connection: MongoConnection) -> None:
        self._connection = connection

    async def outcome_of(self, decision_id: str) -> str | None:
        """Return the record of a decision; the one that withdraws it, if there is one.

        Raises `StoreUnreadableError` for a record that is not what was written: what it says proves nothing.
        """
        withdrawal = record_id(decision_id, withdraws=True)
        wanted = {"kind": Kind.DECISION.value, "id": {"$in": [decision_id, withdrawal]}}

        async def work(database: Database) -> list[Entry | None]:
            batches = database[AUDIT_CHAIN].find_raw_batches(wanted)
            return [read_entry(raw) async for batch in batches for raw in split(cast("bytes", batch))]

        found: dict[str, str] = {}
        for entry in await self._connection.ask(work):
            if entry is None or entry.true_digest() != entry.digest:
                raise StoreUnreadableError(
                    f"the record of {decision_id[:100]} was altered in the store: cio-audit verify says more"
                )
            found[entry.id] = entry.body
        return found.get(withdrawal, found.get(decision_id))

    async def count(self, wanted: DecisionFilter, *, limit: int | None) -> int | None:
        """Return about how many records fit: as many entries as an index alone can tell of."""
        query = _query(wanted)
        if len(query) > 1:
            del query["kind"]
        most: dict[str, Any] = {} if limit is None else {"limit": limit}
        return await self._connection.ask(lambda database: database[AUDIT_CHAIN].count_documents(query, **most))

    async def bodies(self, wanted: DecisionFilter, *, limit: int | None) -> AsyncIterator[Sequence[str]]:
        """Yield the records that fit, the oldest first; with a limit the newest first."""
        batch: list[str] = []
        self._connection.look()
        with self._connection.translating():
            # In the order that the indexes have, so that what is not wanted is not walked through.
            order = [("at", 1 if limit is None else -1)]
            entries = self._connection.database[AUDIT_CHAIN]
            found = entries.find(_query(wanted), _BODY_ONLY, sort=order, limit=limit or 0, batch_size=BATCH)
            async for document in found:
                batch.append(str(document.get("body")))
                if len(batch) == BATCH:
                    yield batch
                    batch = []
        if batch:
            yield batch


def _query(wanted: DecisionFilter) -> dict[str, Any]:
    return entry_query(
        EntryFilter(
            since=wanted.since,
            until=wanted.until,
            kind=Kind.DECISION.value,
            strategy=wanted.strategy,
            symbol=wanted.symbol,
        )
    )
