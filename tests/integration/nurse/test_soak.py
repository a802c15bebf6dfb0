"""The same, for longer: servers come and go while several gates and bots work."""

import asyncio
from pathlib import Path

import pytest

from petrosa_contracts import Code
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import PROMPT, Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store
from tests.integration.nurse.traffic import Traffic

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROUNDS = 6


async def test_whatever_comes_and_goes_no_identity_passes_twice_and_exits_always_pass(
    *, new_gate, redis_server, nats_server, bus: Bus, engine: Engine, store: Store
) -> None:
    store.set_policy("strategy:soaking", {"max_daily_trades": 10_000})
    gates: list[Gate] = [new_gate(**PROMPT).start_ready() for _ in range(2)]
    troubles = [
        (redis_server.kill, redis_server.start),
        (redis_server.pause, redis_server.resume),
        (nats_server.kill, nats_server.start),
        (gates[0].kill, gates[0].start_ready),
        (gates[1].terminate, gates[1].start_ready),
    ]
    async with Traffic(bus, lambda: intent("soaking")) as entries, Traffic(bus, lambda: exit_of("soaking")) as exits:
        for begin, end in troubles * ROUNDS:
            seen = len(entries.exchanges)
            await asyncio.to_thread(begin)
            await eventually(lambda seen=seen: len(entries.exchanges) > seen + 1)
            await asyncio.to_thread(end)
            await eventually(lambda: all(gate.readiness()[0] == 200 for gate in gates))
            await eventually(lambda: all(gate.mode == "ACTIVE" for gate in gates))
            seen = len(entries.approved)
            await eventually(lambda seen=seen: len(entries.approved) >= seen + 50)

    assert {e.verdict.code for e in exits.exchanges if e.verdict} == {None}
    # Where the record of an entry is not kept in time, as when NATS is killed just then, there is no trade.
    vetoes = {Code.DEADLINE_EXCEEDED, Code.AUDIT_UNAVAILABLE}
    assert {e.verdict.code for e in entries.exchanges if e.verdict} <= {None, *vetoes}
    for gate in gates:
        assert gate.terminate() == 0
    new_gate().start_ready()
    for exchange in [*entries.unanswered, *exits.unanswered]:
        assert (await bus.ask(exchange.payload)).code in {None, Code.INTENT_DUPLICATE}
    for exchange in [*entries.approved, *exits.approved]:
        assert (await bus.ask(exchange.payload)).code is Code.INTENT_DUPLICATE
    await bus.settle()
    ids = [payload["intent_id"] for payload in engine.payloads]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["redis", "nats"])
async def test_a_server_that_comes_and_goes_all_the_time_ends_no_gate_and_holds_up_no_end(
    new_gate, redis_server, nats_server, store: Store, name: str
) -> None:
    server = {"redis": redis_server, "nats": nats_server}[name]
    gate: Gate = new_gate().start_ready()
    for round_ in range(12):
        for _ in range(8):
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        assert gate.running, gate.complaints
        if round_ % 2:
            ending = asyncio.create_task(asyncio.to_thread(gate.terminate))
            await asyncio.to_thread(server.kill)
            assert await ending == 0
            assert gate.complaints == []
            await asyncio.to_thread(server.start)
            gate.start_ready()
    await eventually(lambda: gate.readiness()[0] == 200 and gate.mode == "ACTIVE")


async def test_a_long_flood_leaves_no_memory_behind(new_gate, bus: Bus, engine: Engine, store: Store) -> None:
    store.set_policy("strategy:soaking", {"min_confidence_threshold": 0.99})
    gate: Gate = new_gate(NURSE_LOG_LEVEL="INFO").start_ready()

    async def burst() -> int:
        await bus.ask_all([intent("soaking") for _ in range(2000)], seconds=30)
        return memory_of(gate.pid)

    for _ in range(5):
        settled = await burst()
    for _ in range(20):
        grown = await burst()
    assert grown < settled * 1.2


def memory_of(pid: int) -> int:
    """Return the resident memory of a process, kB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
