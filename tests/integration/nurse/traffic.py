"""Steady traffic through an outage: what was sent, what was answered, and how long that took."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self

import nats.errors

from petrosa_contracts import Verdict
from tests.integration.nurse.fleet import Bus


class Exchange(NamedTuple):
    """One intent that was sent: when (monotonic seconds), how long the answer took, and the verdict if one came."""

    payload: dict[str, Any]
    at: float
    seconds: float
    verdict: Verdict | None


class Traffic:
    """A bot that asks about one intent after the other for as long as the block lasts."""

    def __init__(self, bus: Bus, make: Callable[[], dict[str, Any]], *, answer_seconds: float = 1.0) -> None:
        self._bus = bus
        self._make = make
        self._answer_seconds = answer_seconds
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        self.exchanges: list[Exchange] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        # Not cancelled: a request whose answer comes at that very moment would swallow it.
        self._ended = True
        await self._task

    @property
    def approved(self) -> list[Exchange]:
        """What was approved so far."""
        return [exchange for exchange in self.exchanges if exchange.verdict and exchange.verdict.approved]

    @property
    def unanswered(self) -> list[Exchange]:
        """What got no answer in time."""
        return [exchange for exchange in self.exchanges if exchange.verdict is None]

    def since(self, moment: float) -> list[Exchange]:
        """Return what was sent after a moment (monotonic seconds)."""
        return [exchange for exchange in self.exchanges if exchange.at >= moment]

    async def _run(self) -> None:
        while not self._ended:
            payload, at = self._make(), time.monotonic()
            try:
                verdict = await self._bus.ask(payload, seconds=self._answer_seconds)
            except (nats.errors.Error, TimeoutError):
                verdict = None
            self.exchanges.append(Exchange(payload, at, time.monotonic() - at, verdict))
            await asyncio.sleep(0.002)
