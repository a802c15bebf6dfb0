"""Policy and control state in Redis."""

# redis-py leaves some of its own parameters without types, which strict checking reports at every call.
# pyright: reportUnknownMemberType=false

import json
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import cast
from urllib.parse import urlsplit

from redis import Redis, exceptions
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from cio_strategist.domain.stored import Change, StoredPolicy, Write, layer_version
from cio_strategist.errors import ConflictError, StoreUnreachableError, StoreUnreadableError, UsageError
from cio_strategist.ports import ChangeT
from petrosa_contracts.rediskeys import CONTROL, POLICY, POLICY_CHANGED, POLICY_EPOCH, POLICY_VERSIONS

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 5.0
_ATTEMPTS = 16
_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.05
_FOREIGN_BYTES = "surrogateescape"  # bytes that are no UTF-8 survive, so that a field of such a name can be removed
_COUNT = re.compile(r"0|[1-9][0-9]{0,17}")  # what INCR can count on from
_WATCHED = (POLICY, POLICY_VERSIONS, POLICY_EPOCH, CONTROL)


class RedisPolicyStore:
    """`PolicyStore` on Redis; build it with `open_store`.

    Every write is one transaction that holds only if nothing of policy or control changed since it was decided upon.
    Besides what the port says, everything here raises `StoreUnreachableError` when Redis does not answer, and
    `StoreUnreadableError` when a key holds something of another kind.
    """

    def __init__(self, client: Redis, where: str) -> None:
        self._client = client
        self._where = where

    def read(self) -> StoredPolicy:
        """Return everything stored, all of one moment."""
        with self._translating(), self._client.pipeline(transaction=True) as pipe:
            pipe.get(POLICY_EPOCH)
            pipe.hgetall(POLICY)
            pipe.hgetall(POLICY_VERSIONS)
            pipe.hgetall(CONTROL)
            epoch, layers, versions, control = pipe.execute()
        return StoredPolicy(
            epoch=_epoch(cast("str | None", epoch)),
            layers=cast("Mapping[str, str]", layers),
            versions=cast("Mapping[str, str]", versions),
            control=cast("Mapping[str, str]", control),
        )

    def commit(self, decide: Callable[[StoredPolicy], ChangeT]) -> tuple[ChangeT, int | None]:
        """Ask `decide` what to write, write that whole or not at all, and return it with the epoch after it."""
        wanted: list[Change] = []

        def attempt() -> tuple[ChangeT, int | None]:
            with self._translating(), self._client.pipeline(transaction=True) as pipe:
                pipe.watch(*_WATCHED)
                stored = self.read()
                change = decide(stored)
                wanted[:] = [change]
                if change.write is None:
                    return change, stored.epoch
                epoch = (stored.epoch or 0) + 1
                _queue(pipe, change.write, epoch)
                pipe.execute()
                return change, epoch

        patience = Retry(
            ExponentialWithJitterBackoff(cap=_LONGEST_PAUSE_SECONDS, base=_FIRST_PAUSE_SECONDS),
            retries=_ATTEMPTS - 1,
            supported_errors=(exceptions.WatchError,),
        )
        try:
            return patience.call_with_retry(attempt, lambda _: None)
        except exceptions.WatchError as error:
            raise self._conflict(wanted[0]) from error

    def _conflict(self, change: Change) -> ConflictError:
        stored = self.read()
        scope = change.write.scope if change.write else None
        version = "" if scope is None else f"; {scope} is at version {layer_version(stored, scope)}"
        return ConflictError(
            f"others kept changing policy or control, now at epoch {stored.epoch}{version}; nothing was written: "
            "look what changed and try again"
        )

    @contextmanager
    def _translating(self) -> Generator[None]:
        try:
            yield
        except exceptions.WatchError as error:
            if isinstance(error.__context__, exceptions.ConnectionError | exceptions.TimeoutError):
                raise StoreUnreachableError(
                    f"Redis at {self._where} went away during the change: "
                    "look with show or status whether it was written before trying again"
                ) from error
            raise
        except exceptions.AuthenticationError as error:
            raise StoreUnreachableError(
                f"Redis at {self._where} does not accept the login ({error}): correct the credentials in REDIS_URL"
            ) from error
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            raise StoreUnreachableError(
                f"Redis at {self._where} cannot be reached ({error}): start it, or point REDIS_URL at the right one"
            ) from error
        except exceptions.RedisError as error:
            raise StoreUnreadableError(f"Redis at {self._where} refuses: {error}") from error


@contextmanager
def open_store(url: str) -> Generator[RedisPolicyStore]:
    """Open the store at `url`, and close its connections afterwards. Connects only when first used.

    Raises `UsageError` for a URL that holds a port or an option that cannot be.
    """
    client = _client(url)
    try:
        yield RedisPolicyStore(client, without_credentials(url))
    finally:
        client.close()


def without_credentials(url: str) -> str:
    """Return `url` fit to be shown: without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _client(url: str) -> Redis:
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors=_FOREIGN_BYTES,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:
        # Its text may repeat parts of the URL.
        raise UsageError("REDIS_URL cannot be used: the port or an option in it has an impossible value") from None


def _epoch(text: str | None) -> int | None:
    if text is None:
        return None
    if not _COUNT.fullmatch(text):
        raise StoreUnreadableError(f"{POLICY_EPOCH} holds {text[:40]!r}, which is no count: remove or correct that key")
    return int(text)


def _queue(pipe: Pipeline, write: Write, epoch: int) -> None:
    pipe.multi()
    for key, fields in ((POLICY, write.layers), (CONTROL, write.control)):
        for field, text in fields.items():
            if text is None:
                pipe.hdel(key, _raw(field))
            else:
                pipe.hset(key, _raw(field), text)
    for field, version in write.versions.items():
        pipe.hset(POLICY_VERSIONS, _raw(field), str(version))
    pipe.incr(POLICY_EPOCH)
    pipe.publish(POLICY_CHANGED, json.dumps({"epoch": epoch, "scope": write.scope}))


def _raw(field: str) -> bytes:
    # The accelerated protocol encoder does not know about `encoding_errors`.
    return field.encode("utf-8", _FOREIGN_BYTES)
