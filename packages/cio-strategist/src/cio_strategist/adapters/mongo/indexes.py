"""Collections and indexes that are made before the first write."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import CollectionInvalid, OperationFailure

from cio_strategist.adapters.mongo.collections import ANSWERS, AUDIT, OURS, PROPOSALS

ANSWER_LASTS_SECONDS = 24 * 3600
"""How long the answer to an idempotency key is kept."""

_EXISTS = 48

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Index:
    collection: str
    keys: Sequence[tuple[str, int]]
    lasts_seconds: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {} if self.lasts_seconds is None else {"expireAfterSeconds": self.lasts_seconds}


_INDEXES = (
    _Index(AUDIT, [("revision", -1), ("timestamp", -1)]),
    _Index(AUDIT, [("scope", 1), ("revision", -1)]),
    _Index(AUDIT, [("timestamp", -1)]),
    _Index(PROPOSALS, [("status", 1), ("proposed_at", -1)]),
    _Index(ANSWERS, [("at", 1)], ANSWER_LASTS_SECONDS),
)


async def prepare(database: AsyncIOMotorDatabase[dict[str, Any]]) -> None:
    """Make our collections and the indexes. Whatever cannot be made is logged, because all works without it too.

    Collections are made ahead because making them within a transaction locks out other writers. Nothing unique is asked
    of the collections that older engines wrote: they may hold duplicates.
    """
    present = set(await database.list_collection_names())
    for name in (*OURS, AUDIT):
        if name not in present:
            try:
                await database.create_collection(name)
            except CollectionInvalid:
                continue  # another process was faster
            except OperationFailure as error:
                if error.code != _EXISTS:
                    _log.warning("collection_not_made", collection=name, error=str(error))
    for index in _INDEXES:
        try:
            await database[index.collection].create_index(list(index.keys), **index.options)
        except OperationFailure as error:
            _log.warning("index_not_made", collection=index.collection, keys=index.keys, error=str(error))
