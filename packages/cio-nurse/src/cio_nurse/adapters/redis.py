"""Redis: reading policy, and the shared ledger."""

# The client library types its commands for sync and async use at once, which leaves much of it unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from typing import Any, cast

import redis.asyncio as aioredis
from hiredis import pack_command
from redis.exceptions import NoScriptError

from cio_nurse.adapters.redis_connection import (
    AWAY,
    LOST,
    NO_RETRY,
    READ_SECONDS,
    announcements,
    answered,
    client_for,
    text_keys,
)
from cio_nurse.errors import StoreTimeoutError, StoreUnavailableError
from cio_nurse.ports import Claim, ClaimAnswer, StoredPolicy, StoredPulse
from petrosa_contracts import rediskeys

DUPLICATE_WINDOW = timedelta(hours=24)
"""How long an approval holds its identity."""

_KEEP_TRADES = timedelta(days=3)
_GRANTED, _TAKEN = 0, 1


class _Script:
    """A script and the digest under which Redis keeps it once it has seen it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


_CLAIM = _Script("""
-- KEYS[1]: the day's trades; KEYS[2..]: one identity per claim.
-- ARGV: identity lifetime (ms), trades lifetime (s), then per claim:
--   decision id, limit (or -1), number of scopes, the limited scope first.
local answers = {}
local at = 3
for i = 2, #KEYS do
  local decision, limit, scopes = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local holder = redis.call('GET', KEYS[i])
  local trades = 0
  if scopes > 0 then trades = tonumber(redis.call('HGET', KEYS[1], ARGV[at + 3]) or '0') end
  if holder then
    answers[#answers + 1] = {1, holder, trades}
  elseif limit >= 0 and trades >= limit then
    answers[#answers + 1] = {2, '', trades}
  else
    redis.call('SET', KEYS[i], decision, 'PX', ARGV[1])
    for scope = at + 3, at + 2 + scopes do redis.call('HINCRBY', KEYS[1], ARGV[scope], 1) end
    if scopes > 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
    answers[#answers + 1] = {0, '', trades}
  end
  at = at + 3 + scopes
end
return answers
""")

_RELEASE = _Script("""
-- KEYS and ARGV as for a claim; only what the decision itself holds is undone.
local at = 3
for i = 2, #KEYS do
  local scopes = tonumber(ARGV[at + 2])
  if redis.call('GET', KEYS[i]) == ARGV[at] then
    redis.call('DEL', KEYS[i])
    for scope = at + 3, at + 2 + scopes do redis.call('HINCRBY', KEYS[1], ARGV[scope], -1) end
  end
  at = at + 3 + scopes
end
return 0
""")


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
            epoch, policy, control = await answered(pipe.execute())
        return StoredPolicy(_integer(epoch), text_keys(policy), text_keys(control))

    async def read_pulse(self, today: date) -> StoredPulse:
        """Return the epoch and the trade counts around the UTC day `today`."""
        yesterday = today - timedelta(days=1)
        async with self._client.pipeline(transaction=False) as pipe:
            pipe.get(rediskeys.POLICY_EPOCH)
            pipe.hgetall(rediskeys.ledger_trades(yesterday))
            pipe.hgetall(rediskeys.ledger_trades(today))
            epoch, before, now = await answered(pipe.execute())
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

    def __init__(self, url: str, *, deadline_seconds: float) -> None:
        pool = aioredis.ConnectionPool.from_url(url, retry=NO_RETRY, socket_timeout=None)
        self._connection = pool.make_connection()
        self._deadline_seconds = deadline_seconds
        self._turn = asyncio.Lock()

    async def claim(self, claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        """Settle claims in order in one round trip."""
        rows = cast("list[tuple[int, bytes, int]]", await self._run(_CLAIM, claims, day))
        return [_answer_to(claim, *row) for claim, row in zip(claims, rows, strict=True)]

    async def release(self, claims: Sequence[Claim], day: date) -> None:
        """Undo claims that their decisions hold."""
        await self._run(_RELEASE, claims, day)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.disconnect()

    async def _run(self, script: _Script, claims: Sequence[Claim], day: date) -> object:
        try:
            async with self._turn, asyncio.timeout(self._deadline_seconds):
                try:
                    return await self._evaluate(script, *_script_input(claims, day))
                except LOST:
                    # Perhaps only this connection, since Redis was started anew. Once more is safe, even if the first
                    # time was carried out: a claim names its decision and a release undoes only what is held.
                    return await self._evaluate(script, *_script_input(claims, day))
        except TimeoutError as error:
            raise StoreTimeoutError(f"no answer in {self._deadline_seconds} seconds") from error
        except AWAY as error:
            raise StoreUnavailableError(str(error)) from error

    async def _evaluate(self, script: _Script, keys: Sequence[str], arguments: Sequence[str | int]) -> object:
        try:
            return await self._call("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self._call("EVAL", script.text, len(keys), *keys, *arguments)

    async def _call(self, *command: str | int) -> object:
        # Packed by hiredis: the connection's own packing would be a tenth of what an approval costs.
        packed = cast("bytes", pack_command(cast("Any", command)))  # its types know only tuples of one
        await self._connection.send_packed_command(packed, check_health=False)
        return await self._connection.read_response()


def _answer_to(claim: Claim, outcome: int, holder: bytes, trades: int) -> ClaimAnswer:
    taken_by = holder.decode() if outcome == _TAKEN else None
    if outcome == _GRANTED or taken_by == claim.decision_id:
        return ClaimAnswer(granted=True, trades=trades)
    return ClaimAnswer(granted=False, taken_by=taken_by, trades=trades)


def _script_input(claims: Sequence[Claim], day: date) -> tuple[list[str], list[str | int]]:
    keys = [rediskeys.ledger_trades(day), *(rediskeys.ledger_identity(claim.identity) for claim in claims)]
    arguments: list[str | int] = [
        int(DUPLICATE_WINDOW.total_seconds() * 1000),
        int(_KEEP_TRADES.total_seconds()),
    ]
    for claim in claims:
        limited = () if claim.limited_scope is None else (claim.limited_scope,)
        scopes = (*limited, *(scope for scope in claim.scopes if scope != claim.limited_scope))
        arguments += [claim.decision_id, -1 if claim.limit is None else claim.limit, len(scopes), *scopes]
    return keys, arguments


def _integer(value: bytes | None) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except ValueError as error:
        raise StoreUnavailableError(f"the policy epoch is no number: {value[:20]!r}") from error


def _counts(fields: Mapping[bytes, bytes]) -> Mapping[str, int]:
    return {key.decode(errors="replace"): int(value) for key, value in fields.items() if value.isdigit()}
