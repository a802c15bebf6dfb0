"""Hashes in Redis that one process alone writes: market state and regimes."""

# redis-py leaves some of its own parameters without types, which strict checking reports at every call.
# pyright: reportUnknownMemberType=false

from collections.abc import Iterable, Mapping
from typing import cast

from cio_strategist.adapters.redis.connection import RedisConnection


class RedisHash:
    """One hash, and the channel that is told when it changes, if it has one.

    Everything raises `StoreUnreachableError` when Redis does not answer, and `StoreUnreadableError` when it refuses.
    """

    def __init__(self, connection: RedisConnection, key: str, *, channel: str | None = None) -> None:
        self._connection = connection
        self._key = key
        self._channel = channel

    async def read(self) -> Mapping[str, str]:
        """Return all fields."""
        with self._connection.translating():
            async with self._connection.client.pipeline(transaction=False) as pipe:
                pipe.hgetall(self._key)
                (fields,) = await pipe.execute()
        return cast("Mapping[str, str]", fields)

    async def write(self, fields: Mapping[str, str], *, remove: Iterable[str] = ()) -> int:
        """Set and remove fields in one transaction, tell the channel which, and return how many the hash has then."""
        gone = sorted(remove)
        with self._connection.translating():
            async with self._connection.client.pipeline(transaction=True) as pipe:
                if fields:
                    pipe.hset(self._key, items=[part for field in fields.items() for part in field])
                if gone:
                    pipe.hdel(self._key, *gone)
                if self._channel is not None and (fields or gone):
                    pipe.publish(self._channel, " ".join([*fields, *gone]))
                pipe.hlen(self._key)
                *_, length = await pipe.execute()
        return int(length)
