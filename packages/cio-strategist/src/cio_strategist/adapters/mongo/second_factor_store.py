"""What is remembered of second factors, in MongoDB."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError
from pymongo.results import DeleteResult, InsertOneResult

from cio_strategist.adapters.mongo.collections import SECOND_FACTOR
from cio_strategist.adapters.mongo.connection import Database, MongoConnection
from cio_strategist.adapters.mongo.values import read_time

_SPENT = "spent"
_FAILURE = "failure"


class MongoSecondFactorStore:
    """`SecondFactorStore` on MongoDB; `open_authority` builds it."""

    def __init__(self, connection: MongoConnection) -> None:
        self._connection = connection

    async def spend(self, step: int) -> bool:
        """Use up the code of a time step. False if that step, or a later one, was used before."""

        async def ask(database: Database) -> bool:
            earlier = {"_id": _SPENT, "step": {"$lt": step}}
            try:
                await database[SECOND_FACTOR].update_one(earlier, {"$set": {"step": step}}, upsert=True)
            except DuplicateKeyError:
                # There is such a document, and its step is not an earlier one.
                return False
            return True

        return await self._connection.ask(ask)

    async def failures_since(self, moment: datetime) -> Sequence[datetime]:
        """Return when wrong codes were given since then, oldest first."""

        async def ask(database: Database) -> list[dict[str, Any]]:
            query = {"kind": _FAILURE, "at": {"$gte": moment}}
            return await database[SECOND_FACTOR].find(query).sort("at", 1).to_list(None)

        found = (read_time(document.get("at")) for document in await self._connection.ask(ask))
        return [at for at in found if at is not None]

    async def fail(self, at: datetime) -> None:
        """Remember a wrong code."""

        async def ask(database: Database) -> InsertOneResult:
            return await database[SECOND_FACTOR].insert_one({"kind": _FAILURE, "at": at})

        await self._connection.ask(ask)

    async def forgive(self) -> None:
        """Forget all wrong codes, after a right one."""

        async def ask(database: Database) -> DeleteResult:
            return await database[SECOND_FACTOR].delete_many({"kind": _FAILURE})

        await self._connection.ask(ask)
