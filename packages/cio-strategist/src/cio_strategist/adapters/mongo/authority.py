"""All stores of the authority on one client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.adapters.mongo.decisions import MongoDecisions
from cio_strategist.adapters.mongo.policy_store import MongoPolicyStore
from cio_strategist.adapters.mongo.second_factor_store import MongoSecondFactorStore
from cio_strategist.adapters.mongo.token_store import MongoTokenStore
from cio_strategist.ports import Clock


@dataclass(frozen=True, slots=True)
class Authority:
    """The stores of one database."""

    policy: MongoPolicyStore
    """`PolicyStore` and `History`."""
    decisions: MongoDecisions
    tokens: MongoTokenStore
    second_factor: MongoSecondFactorStore
    where: str
    """The database that is used, fit to be shown."""


@asynccontextmanager
async def open_authority(uri: str, database: str, *, clock: Clock) -> AsyncGenerator[Authority]:
    """Open the stores at `uri`, and close their connections afterwards. MongoDB may be away: then using them says so.

    The database that the URI names wins over `database`. Collections and indexes are made before the first write.
    Raises `UsageError` for a URI or a database name that cannot be.
    """
    async with connect(uri, database) as connection:
        yield Authority(
            policy=MongoPolicyStore(connection, clock),
            decisions=MongoDecisions(connection),
            tokens=MongoTokenStore(connection),
            second_factor=MongoSecondFactorStore(connection),
            where=connection.where,
        )
