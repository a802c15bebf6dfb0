"""The recorder's lease in MongoDB: one document that says who leads and until when."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from datetime import timedelta
from typing import Any, cast

import structlog
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from cio_strategist.adapters.mongo.collections import AUDIT_LEASE
from cio_strategist.adapters.mongo.connection import Database, MongoConnection
from cio_strategist.ports import Clock

_ID = "recorder"

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class MongoLease:
    """`Lease` on MongoDB. Clocks of recorders may differ: then two may lead for a while, which the chain stands."""

    def __init__(self, connection: MongoConnection, *, holder: str, clock: Clock) -> None:
        self._connection = connection
        self._holder = holder
        self._clock = clock
        self._term = 0

    async def take(self, *, seconds: float) -> bool:
        """Take or renew the lease for so long."""
        now = self._clock.now()
        until = now + timedelta(seconds=seconds)
        mine = {"_id": _ID, "holder": self._holder}
        free = {"_id": _ID, "expires_at": {"$lte": now}}

        async def work(database: Database) -> dict[str, Any] | None:
            leases = database[AUDIT_LEASE].with_options(write_concern=WriteConcern("majority"))
            after = ReturnDocument.AFTER
            renewed = await leases.find_one_and_update(mine, {"$set": {"expires_at": until}}, return_document=after)
            if cast("dict[str, Any] | None", renewed) is not None:
                return renewed
            taken = {"$set": {"holder": self._holder, "expires_at": until}, "$inc": {"term": 1}}
            try:
                return await leases.find_one_and_update(free, taken, upsert=True, return_document=after)
            except DuplicateKeyError:
                # There is a lease, and it is neither ours nor over.
                return None

        lease = await self._connection.ask(work)
        if lease is not None and lease.get("term") != self._term:
            # It grows whenever the lease goes to somebody else: so logs of several leaders can be put in order.
            self._term = lease.get("term")
            _log.info("recorder_lease_taken", holder=self._holder, term=self._term)
        return lease is not None

    async def give_up(self) -> None:
        """Let somebody else have it at once."""
        ended = {"$set": {"expires_at": self._clock.now()}}

        async def work(database: Database) -> None:
            await database[AUDIT_LEASE].update_one({"_id": _ID, "holder": self._holder}, ended)

        await self._connection.ask(work)
