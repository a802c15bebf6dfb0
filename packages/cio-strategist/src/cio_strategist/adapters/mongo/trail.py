"""The authority's trail of changes as drafts of entries: each document whole, as extended JSON."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from typing import Any

from bson import json_util

from cio_strategist.adapters.mongo.audit_documents import read_audit
from cio_strategist.adapters.mongo.collections import AUDIT
from cio_strategist.adapters.mongo.connection import Database, MongoConnection
from cio_strategist.adapters.mongo.values import Document
from cio_strategist.domain.policy.audit import Subject
from cio_strategist.domain.record.entry import Draft, Fact, Kind

_BY_REVISION = [("revision", 1), ("_id", 1)]


class MongoTrail:
    """`Trail` on the collection that the authority writes in its transactions."""

    def __init__(self, connection: MongoConnection) -> None:
        self._connection = connection

    async def after(self, revision: int, *, limit: int) -> Sequence[Draft]:
        """Return changes of later revisions as drafts, in order of revision, the last one whole.

        That may be more than `limit`: one transaction can have made any number of changes.
        """

        async def work(database: Database) -> list[dict[str, Any]]:
            audit = database[AUDIT]
            found = await audit.find({"revision": {"$gt": revision}}, sort=_BY_REVISION, limit=limit).to_list(limit)
            if len(found) == limit:
                last = found[-1]
                rest = {"revision": last["revision"], "_id": {"$gt": last["_id"]}}
                found += await audit.find(rest, sort=_BY_REVISION).to_list(None)
            return found

        return [change_draft(document) for document in await self._connection.ask(work)]

    async def without_revision(self, *, skip: int, limit: int) -> Sequence[Draft]:
        """Return changes that older engines wrote, in order of their ids."""

        async def work(database: Database) -> list[dict[str, Any]]:
            found = database[AUDIT].find({"revision": None}, sort=[("_id", 1)], skip=skip, limit=limit)
            return await found.to_list(limit)

        return [change_draft(document) for document in await self._connection.ask(work)]


def change_draft(document: Document) -> Draft:
    """Return a document of the trail as a draft.

    The body is the document as canonical extended JSON with sorted keys and no blanks, which tells every type.
    """
    record = read_audit(document)
    facts: dict[str, Fact] = {"scope": record.scope, "changed_by": record.changed_by, "action": record.action}
    if record.revision is not None:
        facts["revision"] = record.revision
    kind = Kind.CONTROL if record.subject is Subject.CONTROL else Kind.CONFIG
    return Draft(kind, record.id, record.at, _text(document), facts)


def _text(document: Document) -> str:
    return json_util.dumps(
        document, json_options=json_util.CANONICAL_JSON_OPTIONS, sort_keys=True, separators=(",", ":")
    )
