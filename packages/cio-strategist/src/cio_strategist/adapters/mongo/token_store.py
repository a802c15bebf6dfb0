"""Tokens in MongoDB."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from cio_strategist.adapters.mongo.collections import STATE, TOKENS
from cio_strategist.adapters.mongo.connection import Database, MongoConnection, Session
from cio_strategist.adapters.mongo.own_documents import read_token, token_document
from cio_strategist.domain.access.token import StoredToken
from cio_strategist.errors import ConflictError

_TURN = {"_id": "tokens"}


class MongoTokenStore:
    """`TokenStore` on MongoDB; `open_authority` builds it."""

    def __init__(self, connection: MongoConnection) -> None:
        self._connection = connection
        self._database = connection.database

    async def add(self, token: StoredToken) -> None:
        """Keep a new token. Raises `ConflictError` if its id is taken, or its name by one that is in force."""

        async def work(session: Session) -> None:
            # Two that take the same name at once must come one after the other.
            await self._database[STATE].update_one(_TURN, {"$inc": {"turn": 1}}, upsert=True, session=session)
            others = await self._database[TOKENS].find({"name": token.name}, session=session).to_list(None)
            if any(read_token(other).in_force(token.created_at) for other in others):
                raise ConflictError(f"a token named {token.name!r} is in use: choose another name, or revoke it first")
            try:
                await self._database[TOKENS].insert_one(token_document(token), session=session)
            except DuplicateKeyError as error:
                raise ConflictError(f"a token with the id {token.id} exists already: make another") from error

        await self._connection.write(work)

    async def find(self, token_id: str) -> StoredToken | None:
        """Return a token by its id. Raises `StoreUnreadableError` if it is damaged."""
        document = await self._connection.ask(lambda database: database[TOKENS].find_one({"_id": token_id}))
        return None if document is None else read_token(document)

    async def all(self) -> Sequence[StoredToken]:
        """Return every token, oldest first. Raises `StoreUnreadableError` if one is damaged."""

        async def ask(database: Database) -> list[dict[str, Any]]:
            return await database[TOKENS].find({}).sort([("created_at", 1), ("_id", 1)]).to_list(None)

        return [read_token(document) for document in await self._connection.ask(ask)]

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """End a token. False if there is none of that id, or it was revoked before."""
        in_use = {"_id": token_id, "revoked_at": None}
        result = await self._connection.ask(
            lambda database: database[TOKENS].update_one(in_use, {"$set": {"revoked_at": at}})
        )
        return result.modified_count == 1
