"""Many intents at once."""

import itertools
import json
import signal
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.integration.nurse.fleet import Bus, Recorder
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually

_floods = itertools.count()


class Flood:
    """Intents published at once, each with a reply subject of its own."""

    def __init__(self, bus: Bus, payloads: Sequence[dict[str, Any]]) -> None:
        self._bus = bus
        self._inbox = f"answers.{next(_floods)}"
        self.payloads = payloads
        self.answers = Recorder()

    async def send(self) -> None:
        """Publish all of it; the server has it when this returns."""
        self.answers = await self._bus.listen(f"{self._inbox}.*")
        for position, payload in enumerate(self.payloads):
            await self._bus.send(payload, reply=f"{self._inbox}.{position}")
        await self._bus.sent()

    async def send_at_once(self, gate: Gate) -> None:
        """Hold the gate still meanwhile, so that it finds all of it waiting."""
        gate.send_signal(signal.SIGSTOP)
        await self.send()
        gate.send_signal(signal.SIGCONT)

    async def answered(self, *, seconds: float = 30.0) -> list[dict[str, Any]]:
        """Wait for an answer to each, check that none got two, and return the verdicts in the intents' order."""
        await eventually(
            lambda: len(self.answers.messages) >= len(self.payloads), seconds=seconds, what="every intent is answered"
        )
        await self._bus.settle()
        positions = Counter(int(message.subject.rpartition(".")[2]) for message in self.answers.messages)
        assert positions == dict.fromkeys(range(len(self.payloads)), 1)
        by_position = {
            int(message.subject.rpartition(".")[2]): json.loads(message.data) for message in self.answers.messages
        }
        return [by_position[position] for position in range(len(self.payloads))]
