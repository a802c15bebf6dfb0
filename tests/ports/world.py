"""What the worlds of the strategist's stores have in common."""

import asyncio
from contextlib import AsyncExitStack
from typing import Protocol

from devstack import Server


class _Fake(Protocol):
    up: bool


class FakeWorld:
    """A world around a fake, which can be away."""

    def __init__(self, fake: _Fake) -> None:
        self._fake = fake

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def stop(self) -> None:
        self._fake.up = False

    async def start(self) -> None:
        self._fake.up = True


class ServerWorld:
    """A world on a real server; what it opens on its stack is closed while the server runs."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stack = AsyncExitStack()

    async def close(self) -> None:
        await self.start()
        await self._stack.aclose()

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        if not self._server.running:
            await asyncio.to_thread(self._server.start)
