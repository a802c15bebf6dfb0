"""What an authority shows in Redis: read as far as it can be, and written where it differs."""

# redis-py leaves some of its own parameters without types, which strict checking reports at every call.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from redis.asyncio.client import Pipeline

from cio_strategist.adapters.redis.connection import (
    WATCHED,
    RedisConnection,
    count_in,
    is_of_another_type,
    queue_fields,
)
from cio_strategist.domain.policy.projection import Shown, Update
from cio_strategist.domain.policy.stored import StoredPolicy
from cio_strategist.errors import ConflictError
from petrosa_contracts.rediskeys import (
    CONTROL,
    POLICY,
    POLICY_CHANGED,
    POLICY_EPOCH,
    POLICY_REVISION,
    POLICY_VERSIONS,
)

_COUNTS = (POLICY_EPOCH, POLICY_REVISION)


class RedisProjection:
    """`Projection` on Redis. Keys that hold something of another kind read as missing, and are replaced."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection

    async def read(self) -> Shown:
        """Return what is shown, all of one moment."""
        with self._connection.translating():
            async with self._connection.client.pipeline(transaction=True) as pipe:
                for key in WATCHED:
                    if key in _COUNTS:
                        pipe.get(key)
                    else:
                        pipe.hgetall(key)
                answers = dict(zip(WATCHED, await pipe.execute(raise_on_error=False), strict=True))
            damaged = {key for key, answer in answers.items() if is_of_another_type(answer)}
        counts: dict[str, int | None] = {}
        for key in _COUNTS:
            try:
                counts[key] = None if key in damaged else count_in(cast("str | None", answers[key]))
            except ValueError:
                damaged.add(key)
                counts[key] = None
        layers, versions, control = (
            cast("Mapping[str, str]", {} if key in damaged else answers[key])
            for key in (POLICY, POLICY_VERSIONS, CONTROL)
        )
        return Shown(
            policy=StoredPolicy(epoch=counts[POLICY_EPOCH], layers=layers, versions=versions, control=control),
            revision=counts[POLICY_REVISION],
            damaged=tuple(sorted(damaged)),
        )

    async def update(self, plan: Callable[[Shown], Awaitable[Update | None]]) -> int | None:
        """Ask `plan` what to write, write that whole or not at all, and return the epoch after it."""

        async def attempt() -> int | None:
            async with self._connection.watching() as pipe:
                shown = await self.read()
                update = await plan(shown)
                if update is None:
                    return shown.policy.epoch
                epoch = (shown.policy.epoch or 0) + 1 if update.counts else shown.policy.epoch
                _queue(pipe, update, epoch)
                await self._connection.execute(pipe)
                return epoch

        return await self._connection.until_undisturbed(attempt, self._conflict)

    async def _conflict(self) -> ConflictError:
        return ConflictError(f"others kept changing policy or control in Redis at {self._connection.where}")


def _queue(pipe: Pipeline, update: Update, epoch: int | None) -> None:
    pipe.multi()
    if update.removed_keys:
        pipe.delete(*update.removed_keys)
    queue_fields(pipe, POLICY, update.layers)
    queue_fields(pipe, POLICY_VERSIONS, update.versions)
    queue_fields(pipe, CONTROL, update.control)
    if update.revision is not None:
        pipe.set(POLICY_REVISION, update.revision)
    if update.counts:
        pipe.incr(POLICY_EPOCH)
        pipe.publish(POLICY_CHANGED, json.dumps({"epoch": epoch, "scope": update.scope}))
