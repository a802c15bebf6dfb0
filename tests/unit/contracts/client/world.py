"""The world of a bot's client: a clock that is moved, and the other end of its line."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import to_json

from petrosa_contracts import Decision, subjects
from petrosa_contracts.client import AuditClient
from petrosa_contracts.client.line import NoAnswerError
from tests.unit.contracts.client.answers import START, heartbeat, intent, verdict

REPORTS = "cio.audit.failsafe.momentum_v1"
ACKNOWLEDGED = b'{"stream": "AUDIT", "seq": 1}'


class World:
    """A clock that is moved, and a line whose other end answers as it is told."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.never_answers = False
        self.asked: list[tuple[str, dict[str, Any] | None, Mapping[str, str] | None]] = []
        self.answers: dict[str, bytes | None] = {subjects.PING: None, "cio.intent.trading.momentum_v1": None}
        self.on_message: Callable[[bytes], Awaitable[None]] | None = None

    def monotonic(self) -> float:
        return self.seconds

    def utc_clock(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def run(
        self,
        subject: str,
        *,
        on_message: Callable[[bytes], Awaitable[None]],
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        assert subject == subjects.HEARTBEAT
        self.on_message = on_message
        await on_connected()
        await asyncio.Event().wait()

    async def request(
        self, subject: str, body: bytes, *, seconds: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        self.asked.append((subject, json.loads(body) if body else None, headers))
        if self.never_answers:
            await asyncio.Event().wait()
        answer = self.answers.get(subject)
        if answer is None:
            raise NoAnswerError("nobody listens")
        return answer

    def gate_answers(self, decision: Decision = Decision.APPROVED) -> None:
        self.answers["cio.intent.trading.momentum_v1"] = to_json(verdict(decision))

    def gate_is_silent(self) -> None:
        self.answers["cio.intent.trading.momentum_v1"] = None

    async def beat(self, times: int = 1, **changed: Any) -> None:
        assert self.on_message is not None
        for _ in range(times):
            await self.on_message(to_json(heartbeat(timestamp=self.utc_clock().timestamp(), **changed)))

    def reports(self) -> list[dict[str, Any]]:
        return [body for subject, body, _ in self.asked if subject == REPORTS and body is not None]


async def known_symbol(world: World, client: AuditClient) -> None:
    """Bring about a bot that is in normal mode, with BTCUSDT known, whose gate then falls silent."""
    await world.beat(3)
    world.gate_answers()
    assert (await client.ask(intent())).may_trade
    world.gate_is_silent()
