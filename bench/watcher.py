"""The watcher, a process of its own: `python -m bench.watcher NATS_URL REDIS_URL`.

For each line on standard input it says which epoch Redis shows, which the gate shares by then, and as soon as a newer
one is seen in both places, when that was in each: seconds on the clock that all processes of a machine share.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

import nats
import uvloop
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from redis.asyncio import Redis

from petrosa_contracts import rediskeys, subjects

LATE_SECONDS = 5.0
"""How long a change may take before it counts as lost."""

PAUSE_SECONDS = 0.001
"""Between an answer and the next question: without it, watching would take a core from what is watched."""


class Watcher:
    """Asks Redis and the gate for their epoch, each again a millisecond after it has answered."""

    def __init__(self, client: Client, redis: Redis) -> None:
        self._client = client
        self._redis = redis

    async def watch(self) -> None:
        """Tell of one change, in two lines of JSON: the epoch before, then the moments, null for what never came."""
        before = await self.in_redis()
        await _seen(self.at_gate, before)
        async with asyncio.TaskGroup() as tasks:
            redis = tasks.create_task(_seen(self.in_redis, before + 1))
            gate = tasks.create_task(_seen(self.at_gate, before + 1))
            print(json.dumps({"epoch": before}), flush=True)
        print(json.dumps({"redis": redis.result(), "gate": gate.result()}), flush=True)

    async def in_redis(self) -> int:
        """Return the epoch that Redis shows; 0 for none."""
        return int(await self._redis.get(rediskeys.POLICY_EPOCH) or 0)

    async def at_gate(self) -> int:
        """Return the epoch that the gate judges by; 0 for none, and while it does not answer."""
        try:
            answer = await self._client.request(subjects.PING, b"", timeout=1.0)
        except (NoRespondersError, NatsTimeoutError):
            return 0
        return int(json.loads(answer.data)["epoch"] or 0)


async def _seen(ask: Callable[[], Awaitable[int]], wanted: int) -> float | None:
    try:
        async with asyncio.timeout(LATE_SECONDS):
            while await ask() < wanted:  # noqa: ASYNC110 - nobody else would tell
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        return None
    return time.monotonic()


async def serve(nats_url: str, redis_url: str) -> None:
    """Watch until standard input ends."""
    client = await nats.connect(nats_url, name="bench-watcher", allow_reconnect=False)
    async with Redis.from_url(redis_url) as redis:
        watcher = Watcher(client, redis)
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            await watcher.watch()
    await client.close()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2]))
