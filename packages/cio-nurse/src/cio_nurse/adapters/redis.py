"""Redis: reading policy, and the shared ledger."""

# The client library types its commands for sync and async use at once, which leaves much of it unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from typing import Any, cast

import redis.asyncio as aioredis
from hiredis import pack_command
from redis.exceptions import NoScriptError

from cio_nurse.adapters.ledger_script import (
    CLAIM,
    RELEASE,
    Script,
    answer_to,
    claim_arguments,
    keys_of,
    release_arguments,
)
from cio_nurse.adapters.redis_connection import (
    AWAY,
    LOST,
    NO_RETRY,
    READ_SECONDS,
    announcements,
    answered_each,
    client_for,
    text_keys,
)
from cio_nurse.errors import StoreConnectionLostError, StoreContentError, StoreRefusedError, StoreTimeoutError
from cio_nurse.ports import Claim, ClaimAnswer, StoredPolicy, StoredPulse
from petrosa_contracts import rediskeys


class RedisPolicyStore:
    """Reads policy, control and trade counts, and listens for changes."""

    def __init__(self, url: str) -> None:
        self._client = client_for(url, READ_SECONDS)
        self._listener = client_for(url, None)

    async def read_policy(self) -> StoredPolicy:
        """Return epoch, policy and control of the same moment."""
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.get(rediskeys.POLICY_EPOCH)
            pipe.hgetall(rediskeys.POLICY)
            pipe.hgetall(rediskeys.CONTROL)
            epoch, policy, control = await answered_each(
                pipe.execute(raise_on_error=False), rediskeys.POLICY_EPOCH, rediskeys.POLICY, rediskeys.CONTROL
            )
        return StoredPolicy(_integer(epoch), text_keys(policy), text_keys(control))

    async def read_pulse(self, today: date) -> StoredPulse:
        """Return the epoch and the trade counts around the UTC day `today`."""
        trades = [rediskeys.ledger_trades(day) for day in (today - timedelta(days=1), today)]
        async with self._client.pipeline(transaction=False) as pipe:
            pipe.get(rediskeys.POLICY_EPOCH)
            for key in trades:
                pipe.hgetall(key)
            epoch, before, now = await answered_each(
                pipe.execute(raise_on_error=False), rediskeys.POLICY_EPOCH, *trades
            )
        return StoredPulse(_integer(epoch), today, _counts(before), _counts(now))

    async def changes(self) -> AsyncIterator[None]:
        """Yield once when listening has begun and then whenever a change is announced."""
        async with aclosing(announcements(self._listener, rediskeys.POLICY_CHANGED)) as announced:
            async for _ in announced:
                yield

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._listener.aclose()


class RedisLedgerStore:
    """Settles claims by one script per batch, which Redis runs atomically.

    Uses one connection of the client library without the pool and the retries around it: this round trip is on the
    path of every approval, and half of its cost would be theirs.
    """

    def __init__(self, url: str, *, deadline_seconds: float, reservation_seconds: float) -> None:
        pool = aioredis.ConnectionPool.from_url(url, retry=NO_RETRY, socket_timeout=None, driver_info=None)
        self._connection = pool.make_connection()
        self._deadline_seconds = deadline_seconds
        self._reservation_seconds = reservation_seconds
        self._turn = asyncio.Lock()

    async def claim(self, claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        """Settle claims in order in one round trip."""
        arguments = claim_arguments(claims, self._reservation_seconds)
        rows = cast("list[tuple[Any, ...]]", await self._run(CLAIM, keys_of(claims, day), arguments))
        return [answer_to(claim, *row) for claim, row in zip(claims, rows, strict=True)]

    async def release(self, claims: Sequence[Claim], day: date) -> None:
        """Undo claims that their decisions hold."""
        await self._run(RELEASE, keys_of(claims, day), release_arguments(claims))

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.disconnect()

    async def _run(self, script: Script, keys: Sequence[str], arguments: Sequence[str | int]) -> object:
        try:
            async with self._turn, asyncio.timeout(self._deadline_seconds):
                return await self._evaluate(script, keys, arguments)
        except TimeoutError as error:
            raise StoreTimeoutError(f"no answer in {self._deadline_seconds} seconds") from error
        except LOST as error:
            raise StoreConnectionLostError(str(error)) from error
        except AWAY as error:
            raise StoreRefusedError(str(error)) from error

    async def _evaluate(self, script: Script, keys: Sequence[str], arguments: Sequence[str | int]) -> object:
        try:
            return await self._call("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self._call("EVAL", script.text, len(keys), *keys, *arguments)

    async def _call(self, *command: str | int) -> object:
        # Packed by hiredis: the connection's own packing would be a tenth of what an approval costs.
        packed = cast("bytes", pack_command(cast("Any", command)))  # its types know only tuples of one
        await self._connection.send_packed_command(packed, check_health=False)
        return await self._connection.read_response()


def _integer(value: bytes | None) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except ValueError as error:
        shown = value[:20].decode(errors="replace")
        raise StoreContentError(f"{rediskeys.POLICY_EPOCH} in Redis is no whole number: {shown!r}") from error


def _counts(fields: Mapping[bytes, bytes]) -> Mapping[str, int]:
    return {key.decode(errors="replace"): int(value) for key, value in fields.items() if value.isdigit()}
