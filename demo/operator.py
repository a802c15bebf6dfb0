"""The operator: a person at the real `cio-policy`, and the moment at which what they typed was written."""  # noqa: A005

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from demo.gate import find_script
from demo.ledger import Ledger
from petrosa_contracts import rediskeys

PATIENCE_SECONDS = 20.0
"""How long a command may take, start of its interpreter included."""

_POLL_SECONDS = 0.2


class OperatorError(Exception):
    """The command could not be run, failed, or changed nothing."""


@dataclass(frozen=True, slots=True)
class Written:
    """A change as it was announced: when, on the ledger's clock, and the epoch since then."""

    at: float
    epoch: int


class Operator:
    """Types commands against the Redis at `redis_url`."""

    def __init__(self, redis_url: str, ledger: Ledger) -> None:
        self._environment = {**os.environ, "REDIS_URL": redis_url, "USER": "operator"}
        self._redis = Redis.from_url(redis_url)
        self._ledger = ledger

    @asynccontextmanager
    async def typing(self, *words: str) -> AsyncGenerator[Written]:
        """Run `cio-policy` with these words: entered when the change is written, left when the command has ended.

        Raises `OperatorError` with the command's own sentence if it does not end well.
        """
        program = find_script("cio-policy")
        if program is None:
            raise OperatorError("cio-policy is not installed beside this interpreter")
        async with self._redis.pubsub() as channel:
            await channel.subscribe(rediskeys.POLICY_CHANGED)
            await channel.get_message(timeout=PATIENCE_SECONDS)
            process = await asyncio.create_subprocess_exec(
                program, *words, env=self._environment, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
            )
            try:
                await self._announcement(channel, process)
                yield Written(self._ledger.now(), int(await self._redis.get(rediskeys.POLICY_EPOCH) or 0))
                await _raise_unless_well(process)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def leave(self) -> None:
        """Close the connection."""
        await self._redis.aclose()

    async def _announcement(self, channel: PubSub, process: Process) -> None:
        deadline = self._ledger.now() + PATIENCE_SECONDS
        while not await channel.get_message(timeout=_POLL_SECONDS):
            if process.returncode:
                await _raise_unless_well(process)
            if self._ledger.now() > deadline:
                raise OperatorError(f"cio-policy changed nothing within {PATIENCE_SECONDS:g} seconds")


async def _raise_unless_well(process: Process) -> None:
    _, complaint = await process.communicate()
    if process.returncode:
        raise OperatorError(f"cio-policy ended with exit code {process.returncode}: {complaint.decode().strip()}")
