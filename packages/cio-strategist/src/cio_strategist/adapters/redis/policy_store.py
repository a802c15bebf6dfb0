"""Policy and control state in Redis, where the gates read it."""

# redis-py leaves some of its own parameters without types, which strict checking reports at every call.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import cast

from redis.asyncio.client import Pipeline

from cio_strategist.adapters.redis.connection import RedisConnection, connect, count_in, queue_fields
from cio_strategist.adapters.redis.portfolio import RedisPortfolio
from cio_strategist.adapters.redis.projection import RedisProjection
from cio_strategist.domain.policy.stored import Change, StoredPolicy, Write, layer_version
from cio_strategist.errors import ConflictError, RefusedError, StoreUnreadableError
from cio_strategist.ports import ChangeT, Committed
from petrosa_contracts.rediskeys import CONTROL, POLICY, POLICY_CHANGED, POLICY_EPOCH, POLICY_REVISION, POLICY_VERSIONS


class RedisPolicyStore:
    """`PolicyStore` on Redis, for work without an authority; build it with `open_store`.

    Every write is one transaction that holds only if nothing of policy or control changed since it was decided upon.
    Control alone never starts an epoch: without one gates take it to be stricter still, and an epoch beside no policy
    would put the defaults into force.

    Of a `Write` it keeps layers, versions and control; there is no trail here, nor proposals, nor answers.
    """

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self.projection = RedisProjection(connection)
        """What an authority shows here."""
        self.portfolio = RedisPortfolio(connection)
        """The portfolio that a tracker shows here, and what it is asked to clear."""

    async def read(self) -> StoredPolicy:
        """Return everything stored, all of one moment."""
        stored, _ = await self._read()
        return stored

    async def commit(self, decide: Callable[[StoredPolicy], ChangeT]) -> Committed[ChangeT]:
        """Ask `decide` what to write, write that whole or not at all, and return it with the epoch after it."""
        wanted: list[Change] = []

        async def attempt() -> Committed[ChangeT]:
            async with self._connection.watching() as pipe:
                stored, is_owned = await self._read()
                change = decide(stored)
                wanted[:] = [change]
                if change.write is None:
                    return Committed(change, stored.epoch)
                if is_owned and not _only_restricts(change.write):
                    raise self._owned()
                epoch = _epoch_after(change.write, stored.epoch)
                _queue(pipe, change.write, epoch)
                await self._connection.execute(pipe)
                return Committed(change, epoch)

        return await self._connection.until_undisturbed(attempt, lambda: self._conflict(wanted[0]))

    async def _read(self) -> tuple[StoredPolicy, bool]:
        """Return everything stored, and whether an authority shows its policy here."""
        with self._connection.translating():
            async with self._connection.client.pipeline(transaction=True) as pipe:
                pipe.get(POLICY_EPOCH)
                pipe.hgetall(POLICY)
                pipe.hgetall(POLICY_VERSIONS)
                pipe.hgetall(CONTROL)
                pipe.exists(POLICY_REVISION)
                epoch, layers, versions, control, is_owned = await pipe.execute()
        stored = StoredPolicy(
            epoch=_epoch(cast("str | None", epoch)),
            layers=cast("Mapping[str, str]", layers),
            versions=cast("Mapping[str, str]", versions),
            control=cast("Mapping[str, str]", control),
        )
        return stored, bool(is_owned)

    def _owned(self) -> RefusedError:
        return RefusedError(
            f"Redis at {self._connection.where} shows what an authority owns, which would put it back: set MONGODB_URI "
            "to change it there; without it halt and safe work where they let nothing more pass, now or later (--for)"
        )

    async def _conflict(self, change: Change) -> ConflictError:
        stored = await self.read()
        scope = change.write.scope if change.write else None
        version = None if scope is None else layer_version(stored, scope)
        where = "" if scope is None else f"; {scope} is at version {version}"
        return ConflictError(
            f"others kept changing policy or control, now at epoch {stored.epoch}{where}; nothing was written: "
            "look what changed and try again",
            current_version=version,
        )


@asynccontextmanager
async def open_store(url: str) -> AsyncGenerator[RedisPolicyStore]:
    """Open the store at `url`, and close its connections afterwards. Connects only when first used.

    Raises `UsageError` for a URL that holds a port or an option that cannot be.
    """
    async with connect(url) as connection:
        yield RedisPolicyStore(connection)


def _only_restricts(write: Write) -> bool:
    """Whether all a write does is to set a mode that lets nothing more pass; the authority takes such a one over."""
    sets = any(text is not None for text in write.control.values())
    return sets and _is_control_alone(write) and not write.loosens


def _is_control_alone(write: Write) -> bool:
    return bool(write.control) and not (write.layers or write.versions)


def _epoch_after(write: Write, before: int | None) -> int | None:
    return None if before is None and _is_control_alone(write) else (before or 0) + 1


def _epoch(text: str | None) -> int | None:
    try:
        return count_in(text)
    except ValueError as error:
        raise StoreUnreadableError(f"{POLICY_EPOCH} is unusable ({error}): remove or correct that key") from error


def _queue(pipe: Pipeline, write: Write, epoch: int | None) -> None:
    pipe.multi()
    queue_fields(pipe, POLICY, write.layers)
    queue_fields(pipe, CONTROL, write.control)
    queue_fields(pipe, POLICY_VERSIONS, {field: str(version) for field, version in write.versions.items()})
    if epoch is not None:
        pipe.incr(POLICY_EPOCH)
    pipe.publish(POLICY_CHANGED, json.dumps({"epoch": epoch, "scope": write.scope}))
