"""One client of Redis: its time limits, its transactions, and its errors in our words."""

# redis-py leaves some of its own parameters without types, which strict checking reports at every call.
# pyright: reportUnknownMemberType=false

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from pydantic import SecretStr
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff

from cio_strategist.addresses import without_secrets
from cio_strategist.errors import ConflictError, StoreUnreachableError, StoreUnreadableError, UsageError
from petrosa_contracts.rediskeys import CONTROL, POLICY, POLICY_EPOCH, POLICY_REVISION, POLICY_VERSIONS
from petrosa_contracts.runtime.cancellation import heed_cancellation

T = TypeVar("T")

WATCHED = (POLICY, POLICY_VERSIONS, POLICY_EPOCH, POLICY_REVISION, CONTROL)
"""The keys of policy and control; a write holds only if none of them changed since it was decided upon."""

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 5.0
_ATTEMPTS = 16
_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.05
_FOREIGN_BYTES = "surrogateescape"  # bytes that are no UTF-8 survive, so that a field of such a name can be removed
_CHANGED = "Watched variable changed"
_COUNT = re.compile(r"0|[1-9][0-9]{0,17}")  # what INCR can count on from


class RedisConnection:
    """A client and what it is called. Its errors come out as those of this package."""

    def __init__(self, client: Redis, where: str) -> None:
        self.client = client
        self.where = where

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[Pipeline]:
        """Give a pipeline that watches all of policy and control: what it executes holds only if nothing changed."""
        with self.translating():
            async with self.client.pipeline(transaction=True) as pipe:
                await pipe.watch(*WATCHED)
                yield pipe

    async def execute(self, pipe: Pipeline) -> None:
        """Execute what is queued in a watching pipeline.

        Raises `StoreUnreachableError` if Redis goes away meanwhile, for then nobody knows whether it was written.
        """
        try:
            await pipe.execute()
        except (exceptions.WatchError, exceptions.ConnectionError, exceptions.TimeoutError) as error:
            # The client also says `WatchError` for a connection that it lost.
            if isinstance(error, exceptions.WatchError) and _CHANGED in str(error):
                raise
            raise StoreUnreachableError(
                f"Redis at {self.where} went away during the change: "
                "look with show or status whether it was written before trying again"
            ) from error

    async def until_undisturbed(
        self, attempt: Callable[[], Awaitable[T]], conflict: Callable[[], Awaitable[ConflictError]]
    ) -> T:
        """Do `attempt` until no other writer gets in between, a bounded number of times; then raise `conflict`."""
        patience = Retry(
            ExponentialWithJitterBackoff(cap=_LONGEST_PAUSE_SECONDS, base=_FIRST_PAUSE_SECONDS),
            retries=_ATTEMPTS - 1,
            supported_errors=(exceptions.WatchError,),
        )
        try:
            return await patience.call_with_retry(attempt, _carry_on)
        except exceptions.WatchError as error:
            raise await conflict() from error

    @contextmanager
    def translating(self) -> Generator[None]:
        """Turn the client's errors into ours. `WatchError` passes: another writer was faster.

        A cancellation that the client lost is heeded when the block ends.
        """
        try:
            yield
            heed_cancellation()
        except exceptions.WatchError:
            raise
        except exceptions.AuthenticationError as error:
            raise StoreUnreachableError(
                f"Redis at {self.where} does not accept the login ({error}): correct the credentials in REDIS_URL"
            ) from error
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            raise StoreUnreachableError(
                f"Redis at {self.where} cannot be reached ({error}): start it, or point REDIS_URL at the right one"
            ) from error
        except exceptions.RedisError as error:
            raise StoreUnreadableError(f"Redis at {self.where} refuses: {error}") from error


@asynccontextmanager
async def connect(url: str) -> AsyncGenerator[RedisConnection]:
    """Open one client, and close its connections afterwards. Connects only when first used.

    Raises `UsageError` for a URL that holds a port or an option that cannot be.
    """
    client = _client(url)
    try:
        yield RedisConnection(client, without_secrets(SecretStr(url)))
    finally:
        await client.aclose()


def count_in(text: str | None) -> int | None:
    """Return the count that a key holds; None if it is not there. Raises `ValueError` for what is no count."""
    if text is not None and not _COUNT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no count")
    return None if text is None else int(text)


def is_of_another_type(answer: object) -> bool:
    """Whether an answer is the error of a key that holds another type; raises any other error.

    For the answers of a pipeline that was executed with `raise_on_error=False`.
    """
    if isinstance(answer, exceptions.ResponseError) and str(answer).startswith("WRONGTYPE"):
        return True
    if isinstance(answer, Exception):
        raise answer
    return False


def queue_fields(pipe: Pipeline, key: str, fields: Mapping[str, str | None]) -> None:
    """Queue the writing of a hash's fields; None deletes one."""
    for field, text in fields.items():
        # The accelerated protocol encoder does not know about `encoding_errors`.
        name = field.encode("utf-8", _FOREIGN_BYTES)
        if text is None:
            pipe.hdel(key, name)
        else:
            pipe.hset(key, name, text)


def _client(url: str) -> Redis:
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors=_FOREIGN_BYTES,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            # Once, for a connection that went stale while it was idle. What writes is watching, and never repeated.
            retry=Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,)),
        )
    except ValueError:
        # Its text may repeat parts of the URL.
        raise UsageError("REDIS_URL cannot be used: the port or an option in it has an impossible value") from None


async def _carry_on(_: Exception) -> None:
    """Try again."""
