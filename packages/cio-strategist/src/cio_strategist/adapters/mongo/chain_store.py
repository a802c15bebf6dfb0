"""The chain in MongoDB: one collection that is only ever inserted into."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from motor.motor_asyncio import AsyncIOMotorCollection
from pydantic import ValidationError
from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.write_concern import WriteConcern

from cio_strategist.adapters.mongo.chain_documents import entry_document, read_entry, split
from cio_strategist.adapters.mongo.chain_queries import entry_query
from cio_strategist.adapters.mongo.collections import AUDIT_CHAIN
from cio_strategist.adapters.mongo.connection import Database, MongoConnection
from cio_strategist.adapters.mongo.values import NO_TIME, read_count, read_text, read_time
from cio_strategist.domain.record.accounting import Seen
from cio_strategist.domain.record.checkpoint import Checkpoint
from cio_strategist.domain.record.entry import EMPTY, FIRST, Entry, Head, Kind
from cio_strategist.domain.record.entry_filter import EntryFilter
from cio_strategist.domain.record.recording import without_gap
from cio_strategist.errors import StoreUnreadableError
from cio_strategist.ports import EntryKey, Inserted, Taken

Entries = AsyncIOMotorCollection[dict[str, Any]]

READ_AT_ONCE = 250
"""Documents in one answer of the server, a megabyte or two: what is far more no cache of the processor holds."""

_LOOK_BACK = 10_000
_DUPLICATE_KEY = 11000
_NOT_ALLOWED = 13
_UNIQUE = (("kind", 1), ("id", 1))
_INDEXES: tuple[tuple[tuple[tuple[str, int], ...], dict[str, Any]], ...] = (
    (_UNIQUE, {"unique": True}),
    ((("at", 1),), {}),
    ((("facts.strategy", 1), ("at", -1)), {}),
    ((("facts.symbol", 1), ("at", -1)), {}),
    # Few entries have these, and only they are in the index.
    ((("facts.revision", 1),), {"sparse": True}),
    ((("facts.last", 1),), {"sparse": True}),
)
_DURABLE = WriteConcern(w="majority", j=True)


class MongoChainStore:
    """`ChainStore` on MongoDB, and what people ask of the chain."""

    def __init__(self, connection: MongoConnection) -> None:
        self._connection = connection

    @property
    def where(self) -> str:
        """The collection that is used, fit to be shown."""
        return f"{self._connection.where}, collection {AUDIT_CHAIN}"

    async def prepare(self) -> None:
        """Make the indexes, or see that they are there where this user may not make them."""

        async def work(database: Database) -> None:
            for keys, options in _INDEXES:
                try:
                    await database[AUDIT_CHAIN].create_index(list(keys), **options)
                except OperationFailure as error:
                    if error.code != _NOT_ALLOWED:
                        raise
                    await _require_unique(database[AUDIT_CHAIN])
                    return

        await self._connection.ask(work)

    async def head(self) -> Head:
        """Return the newest entry."""
        document = await self._one({}, {"digest": 1}, order=("_id", -1))
        if document is None:
            return EMPTY
        sequence, digest = read_count(document.get("_id")), read_text(document.get("digest"))
        if sequence is None or digest is None:
            raise StoreUnreadableError(f"the newest entry in {self.where} is damaged: cio-audit verify says more")
        return Head(sequence, digest)

    async def digest_at(self, sequence: int) -> str | None:
        """Return the digest of the entry of that sequence; None if there is none."""
        document = await self._one({"_id": sequence}, {"digest": 1})
        return None if document is None else read_text(document.get("digest"))

    async def insert(self, entries: Sequence[Entry]) -> Inserted:
        """Insert entries in order up to the first that is taken."""
        documents = [entry_document(entry) for entry in entries]

        async def work(database: Database) -> Inserted:
            collection = database[AUDIT_CHAIN].with_options(write_concern=_DURABLE)
            try:
                await collection.insert_many(documents, ordered=True)
            except BulkWriteError as error:
                return _stopped(error)
            return Inserted(len(documents))

        return await self._connection.ask(work)

    async def bodies(self, keys: Collection[EntryKey]) -> Mapping[EntryKey, str]:
        """Return the bodies of those entries that are there."""
        bodies: dict[EntryKey, str] = {}
        for kind in sorted({kind for kind, _ in keys}):
            # One kind at a time, so that any server answers from the index.
            wanted = {"kind": kind, "id": {"$in": [name for of, name in keys if of == kind]}}

            async def work(database: Database, wanted: dict[str, Any] = wanted) -> list[dict[str, Any]]:
                return await database[AUDIT_CHAIN].find(wanted, {"id": 1, "body": 1}).to_list(None)

            bodies |= {(kind, found["id"]): str(found["body"]) for found in await self._connection.ask(work)}
        return bodies

    async def newest_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint."""
        return await self._checkpoint({"facts.last": {"$gte": FIRST}}, -1)

    async def checkpoint_over(self, sequence: int) -> Checkpoint | None:
        """Return the checkpoint that covers an entry; None while none does."""
        return await self._checkpoint({"facts.last": {"$gte": sequence}}, 1)

    async def _checkpoint(self, query: dict[str, Any], order: int) -> Checkpoint | None:
        document = await self._one({"kind": Kind.CHECKPOINT.value, **query}, order=("facts.last", order))
        if document is None:
            return None
        try:
            return Checkpoint.model_validate_json(str(document.get("body")))
        except ValidationError:
            raise StoreUnreadableError(
                f"the checkpoint {document.get('_id')} in {self.where} is damaged: cio-audit verify says more"
            ) from None

    async def digests(self, first: int, last: int) -> AsyncIterator[str]:
        """Yield the digests of the entries of these sequences, in order."""
        with self._connection.translating():
            wanted = {"_id": {"$gte": first, "$lte": last}}
            found = self._entries.find(wanted, {"digest": 1}, sort=[("_id", 1)])
            async for document in found.batch_size(READ_AT_ONCE):
                yield str(document.get("digest"))

    async def newest_revision(self) -> int | None:
        """Return the revision of the newest change of policy or control that is in the chain."""
        document = await self._one({"facts.revision": {"$gte": 0}}, {"facts": 1}, order=("facts.revision", -1))
        return None if document is None else read_count(document["facts"].get("revision"))

    async def recorded_to(self, stream: str) -> int | None:
        """Return the place in a stream up to which all is in the chain, as the last ten thousand entries tell."""

        async def work(database: Database) -> list[dict[str, Any]]:
            told = {"facts.stream": 1, "facts.stream_sequence": 1}
            return await database[AUDIT_CHAIN].find({}, told, sort=[("_id", -1)], limit=_LOOK_BACK).to_list(None)

        facts = [document.get("facts") or {} for document in await self._connection.ask(work)]
        places = [read_count(each.get("stream_sequence")) for each in facts if each.get("stream") == stream]
        return without_gap(place for place in places if place is not None)

    async def decisions(self, since: datetime, until: datetime) -> Sequence[Seen]:
        """Return the recorded decisions about intents that a gate took from `since` to before `until`."""

        async def work(database: Database) -> list[dict[str, Any]]:
            # By time alone, because nearly all are decisions: an index over the kind would be no help.
            wanted, told = {"at": {"$gte": since, "$lt": until}}, {"kind": 1, "id": 1, "at": 1, "facts": 1}
            return await database[AUDIT_CHAIN].find(wanted, told).to_list(None)

        found = await self._connection.ask(work)
        return [_seen(document) for document in found if document.get("kind") == Kind.DECISION]

    async def scan(self, sequence: int = FIRST) -> AsyncIterator[Iterator[Entry | None]]:
        """Yield all entries from there on in order, some at a time; None in the place of a damaged one.

        Each is read when it is asked for, and need not be held.
        """
        with self._connection.translating():
            # All from the first on have no bound, so that documents with a strange `_id` are met too.
            wanted = {} if sequence <= FIRST else {"_id": {"$gte": sequence}}
            found = self._entries.find_raw_batches(wanted, sort=[("_id", 1)], batch_size=READ_AT_ONCE)
            async for batch in found:
                yield map(read_entry, split(cast("bytes", batch)))

    async def count(self) -> int:
        """Return about how many entries there are."""
        return await self._connection.ask(lambda database: database[AUDIT_CHAIN].estimated_document_count())

    async def find(self, entry_id: str) -> Sequence[Entry | None]:
        """Return the entries of that id, of whatever kind; None in the place of a damaged one."""
        wanted = {"$or": [{"kind": kind.value, "id": entry_id} for kind in Kind]}
        return await self._read(wanted, limit=len(Kind), newest_first=False)

    async def at(self, sequence: int) -> Entry | None:
        """Return the entry of that sequence; None if there is none, or it is damaged."""
        found = await self._read({"_id": sequence}, limit=1, newest_first=False)
        return found[0] if found else None

    async def query(self, wanted: EntryFilter, *, limit: int) -> Sequence[Entry | None]:
        """Return the newest entries that fit, newest first."""
        return await self._read(entry_query(wanted), limit=limit, newest_first=True)

    async def export(self, wanted: EntryFilter) -> AsyncIterator[Sequence[Entry | None]]:
        """Yield all entries that fit, in order, some at a time."""
        with self._connection.translating():
            found = self._entries.find_raw_batches(entry_query(wanted), sort=[("_id", 1)], batch_size=READ_AT_ONCE)
            async for batch in found:
                yield [read_entry(document) for document in split(cast("bytes", batch))]

    async def _one(
        self, query: dict[str, Any], fields: dict[str, int] | None = None, *, order: tuple[str, int] = ("_id", 1)
    ) -> dict[str, Any] | None:
        return await self._connection.ask(lambda database: database[AUDIT_CHAIN].find_one(query, fields, sort=[order]))

    async def _read(self, query: dict[str, Any], *, limit: int, newest_first: bool) -> list[Entry | None]:
        entries: list[Entry | None] = []
        with self._connection.translating():
            order = [("_id", -1 if newest_first else 1)]
            async for batch in self._entries.find_raw_batches(query, sort=order, limit=limit):
                entries += [read_entry(document) for document in split(cast("bytes", batch))]
        return entries

    @property
    def _entries(self) -> Entries:
        self._connection.look()
        return self._connection.database[AUDIT_CHAIN]


def _stopped(error: BulkWriteError) -> Inserted:
    details = cast("dict[str, Any]", error.details)
    first = min(details["writeErrors"], key=lambda each: each["index"], default=None)
    if first is None or first["code"] != _DUPLICATE_KEY:
        raise error
    by = Taken.SEQUENCE if "_id" in (first.get("keyPattern") or {"_id": 1}) else Taken.ID
    return Inserted(int(first["index"]), by)


async def _require_unique(collection: Entries) -> None:
    indexes = (await collection.index_information()).values()
    if not any(tuple(map(tuple, index["key"])) == _UNIQUE and index.get("unique") for index in indexes):
        raise StoreUnreadableError(
            f"{AUDIT_CHAIN} lacks its unique index over kind and id, and this user may not make it: "
            "run deploy/mongodb/recorder.js as its owner"
        )


def _seen(document: Mapping[str, Any]) -> Seen:
    facts = document.get("facts") or {}
    return Seen(
        subject=str(facts.get("subject")),
        payload=str(facts.get("payload")),
        at=read_time(document.get("at")) or NO_TIME,
        name=str(document.get("id")),
        message_id=read_text(facts.get("message_id")),
    )
