"""The whole chain as processes: bots, gates, streams, recorders and their store, and an engine that only listens."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import nats.errors

from cio_strategist.adapters.signing import SigningKey
from devstack import DevStack
from petrosa_contracts import Verdict, subjects
from tests.integration.nurse.fleet import Bus, Engine, Recorder, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store
from tests.integration.recorder.recorders import DATABASE, RecorderProcess

GATES = 2
BOTS = 6
STRATEGIES = tuple(f"chaos_{number}" for number in range(BOTS))
PATIENCE = 120.0
"""How long anything may take to come back; the machine may be busy, and nothing here is about speed."""

_KINDS = {"entry": 5, "exit": 3, "weak": 2, "unreadable": 1, "again": 1}
_ANSWER_SECONDS = 2.0


class PatientGate(Gate):
    """A gate that may take its time to start, beside everything else that starts."""

    start_seconds = PATIENCE


class PatientRecorder(RecorderProcess):
    """A recorder likewise."""

    start_seconds = PATIENCE


@dataclass(frozen=True, slots=True)
class Asked:
    """One intent that a bot sent, and the answer if one came."""

    subject: str
    body: bytes
    verdict: Verdict | None


class Bots:
    """Bots that ask about one intent after the other, readable or not, for as long as the block lasts."""

    def __init__(self, bus: Bus, seed: int) -> None:
        self._bus = bus
        self._seed = seed
        self._ended = False
        self.asked: list[Asked] = []

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Have them send meanwhile."""
        self._ended = False
        async with asyncio.TaskGroup() as tasks:
            for number, strategy in enumerate(STRATEGIES):
                tasks.create_task(self._run(random.Random(f"{self._seed} {number}"), strategy))
            try:
                yield
            finally:
                # Not cancelled: a request whose answer comes at that very moment would swallow it.
                self._ended = True

    async def answered(self, count: int) -> None:
        """Wait until so many more intents have been answered."""
        before = self._answers()
        await eventually(
            lambda: self._answers() >= before + count, seconds=PATIENCE, what=f"{count} intents are answered"
        )

    def _answers(self) -> int:
        return sum(asked.verdict is not None for asked in self.asked)

    async def _run(self, dice: random.Random, strategy: str) -> None:
        subject, before = subjects.intent(strategy), b"{}"
        while not self._ended:
            before = _payload(dice, strategy, before)
            try:
                verdict = await self._bus.ask(before, subject=subject, seconds=_ANSWER_SECONDS)
            except (nats.errors.Error, TimeoutError):
                verdict = None
            self.asked.append(Asked(subject, before, verdict))
            await asyncio.sleep(0.002)


def _payload(dice: random.Random, strategy: str, before: bytes) -> bytes:
    (kind,) = dice.choices(list(_KINDS), weights=list(_KINDS.values()))
    symbol = dice.choice(["BTCUSDT", "ETHUSDT", "SOLUSDT"])
    match kind:
        case "entry":
            return json.dumps(intent(strategy, symbol=symbol)).encode()
        case "exit":
            return json.dumps(exit_of(strategy, symbol=symbol)).encode()
        case "weak":
            return json.dumps(intent(strategy, symbol=symbol, confidence=0.1)).encode()
        case "unreadable":
            return f"{{nonsense {uuid4().hex}".encode()
        case _:
            return before


class World:
    """Everything that runs, and what bots and engine saw of it."""

    def __init__(self, stack: DevStack, folder: Path, *, seed: int, audit_deadline_ms: int, recorders: int) -> None:
        self.stack = stack
        self.key_file = folder / "audit.pem"
        self.public_key_file = folder / "audit.pem.pub"
        SigningKey.make(self.key_file)
        self.public_key_file.write_text(SigningKey.read(self.key_file).public.pem())
        gate_settings = {
            **stack.environment(),
            "NURSE_AUDIT": "required",
            "NURSE_AUDIT_DEADLINE_MS": str(audit_deadline_ms),
            "NURSE_DECISION_DEADLINE_MS": "2000",
            "NURSE_JOURNAL_FOLDER": str(folder / "journal"),
            "NURSE_LOG_LEVEL": "WARNING",
        }
        self.recorder_settings = {
            **stack.environment(),
            "MONGODB_DATABASE": DATABASE,
            "STRATEGIST_AUDIT_KEY_FILE": str(self.key_file),
            "STRATEGIST_AUDIT_PUBLIC_KEYS": str(self.public_key_file),
            "STRATEGIST_CHECKPOINT_RECORDS": "200",
            "STRATEGIST_CHECKPOINT_SECONDS": "2",
        }
        self.gates = [PatientGate(gate_settings) for _ in range(GATES)]
        self.recorders = [PatientRecorder(self.recorder_settings) for _ in range(recorders)]
        self.seed = seed
        self.bus: Bus
        self.bots: Bots
        self.engine: Engine
        self.announced: Recorder

    @classmethod
    @asynccontextmanager
    async def running(
        cls, stack: DevStack, folder: Path, *, seed: int, audit_deadline_ms: int = 500, recorders: int = 2
    ) -> AsyncIterator["World"]:
        """Start everything, and end it afterwards."""
        world = cls(stack, folder, seed=seed, audit_deadline_ms=audit_deadline_ms, recorders=recorders)
        store = Store(stack.redis.url)
        store.reset()
        for strategy in STRATEGIES:
            store.set_policy(f"strategy:{strategy}", {"max_daily_trades": 10_000})
        store.close()
        listening, asking = await Bus.connect(stack.nats.url), await Bus.connect(stack.nats.url)
        try:
            world.bus, world.bots = listening, Bots(asking, seed)
            await asyncio.gather(*(asyncio.to_thread(each.start_ready) for each in (*world.recorders, *world.gates)))
            world.engine = await listening.engine()
            world.announced = await listening.listen("cio.verdict.>")
            yield world
        finally:
            for process in (*world.gates, *world.recorders):
                process.close()
                # Shown by pytest when the test failed.
                print("".join([*process.lines[-30:], *process.complaints[-30:]]))
            await listening.close()
            await asking.close()

    async def recovered(self) -> None:
        """Wait until the gates are well: connected, records kept, and nothing left in a journal."""
        for gate in self.gates:
            await eventually(lambda gate=gate: _is_well(gate), seconds=PATIENCE, what="the gate is well again")


def _is_well(gate: Gate) -> bool:
    status, facts = gate.readiness()
    records = facts["records"]
    return status == 200 and records["available"] and records["backlog"] == 0
