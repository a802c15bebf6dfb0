"""Redis connections: how they are made, how they listen, and what the client library's failures mean."""

# The client library types its commands for sync and async use at once, which leaves much of it unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import AsyncGenerator, Awaitable, Mapping
from typing import Any, TypeVar

import redis.asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cio_nurse.errors import StoreContentError, StoreTimeoutError, StoreUnavailableError
from petrosa_contracts.runtime.cancellation import heed_cancellation

T = TypeVar("T")

READ_SECONDS = 0.5
"""How long reading may take before Redis counts as away."""

LOST = (RedisConnectionError, OSError, RuntimeError)
"""What the client raises when a connection breaks; RuntimeError is uvloop's, for a socket closing at that moment."""

AWAY = (RedisError, *LOST)
"""What the client raises when Redis is away or refuses."""

NO_RETRY = Retry(NoBackoff(), 0)
"""Whether to try again is decided by the services, within the caller's deadline, and not by the client library."""

_WRONG_TYPE = "WRONGTYPE"
"""How Redis' answer begins where a key holds another type of value than the command is for."""


def client_for(url: str, timeout_seconds: float | None) -> aioredis.Redis:
    """Return a client that gives up after a time, in seconds; None waits for ever, as a listener does."""
    return aioredis.Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds or READ_SECONDS,
        retry=NO_RETRY,
        health_check_interval=0,
        # Naming itself to the server, the client would look its own version up on disk with every connection.
        driver_info=None,
    )


async def answered(call: Awaitable[T]) -> T:
    """Return the answer to a call. Raises a `StoreError` that says what its failure means."""
    try:
        return await call
    except (RedisTimeoutError, TimeoutError) as error:
        raise StoreTimeoutError(str(error)) from error
    except ResponseError as error:
        raise _refusal(error) from error
    except AWAY as error:
        raise StoreUnavailableError(str(error)) from error
    finally:
        heed_cancellation()


async def answered_each(call: Awaitable[list[Any]], *keys: str) -> list[Any]:
    """Return the answers to a pipeline that was told not to raise, one for each of `keys`.

    Raises a `StoreError`, which names the key where it holds another type of value than it should.
    """
    rows = await answered(call)
    for key, row in zip(keys, rows, strict=True):
        if isinstance(row, ResponseError):
            raise _refusal(row, key) from row
    return rows


async def announcements(client: aioredis.Redis, channel: str) -> AsyncGenerator[str]:
    """Yield an empty text when listening has begun, then every message. Raises `StoreUnavailableError` at its end."""
    async with client.pubsub() as listener:
        try:
            await listener.subscribe(channel)
            heed_cancellation()
            async for message in listener.listen():
                body = message["data"]
                yield body.decode(errors="replace") if isinstance(body, bytes) else ""
        except AWAY as error:
            heed_cancellation()
            raise StoreUnavailableError(str(error)) from error


def _refusal(error: ResponseError, key: str = "") -> StoreContentError | StoreUnavailableError:
    if not str(error).startswith(_WRONG_TYPE):
        return StoreUnavailableError(str(error))
    return StoreContentError(f"{key} in Redis holds another type of value than it should" if key else str(error))


def text_keys(fields: Mapping[bytes, bytes]) -> Mapping[str, bytes]:
    """Return the fields of a hash with their names as text."""
    return {key.decode(errors="replace"): value for key, value in fields.items()}
