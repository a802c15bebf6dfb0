"""The end of a gate that was asked to stop, and a log that nobody reads."""

import signal
import time

import pytest

from tests.integration.nurse.fleet import Bus, Engine, intent
from tests.integration.nurse.flood import Flood
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_everything_accepted_is_answered_before_the_end(
    new_gate, bus: Bus, engine: Engine, store: Store, number: signal.Signals
) -> None:
    store.set_policy("strategy:leaving", {"max_daily_trades": 10_000})
    gate: Gate = new_gate().start_ready()
    flood = Flood(bus, [intent("leaving", symbol=f"L{number % 3}USDT") for number in range(1500)])
    await flood.send()
    gate.send_signal(number)
    verdicts = await flood.answered()
    assert gate.exit_code() == 0
    approved = [verdict["decision_id"] for verdict in verdicts if verdict["verdict"] == "approved"]
    await bus.settle()
    assert sorted(engine.decisions) == sorted(approved)
    assert [event["event"] for event in gate.events()][-2:] == ["draining", "stopped"]
    assert gate.complaints == []

    gate.start_ready()
    assert (await bus.ask(intent("leaving"))).approved


async def test_a_gate_that_is_not_ready_yet_stops_at_once(new_gate, store: Store) -> None:
    store.forget()
    gate: Gate = new_gate().start()
    began = time.monotonic()
    assert gate.terminate() == 0
    assert time.monotonic() - began < 3


async def test_a_gate_whose_nats_hangs_stops_all_the_same(new_gate, nats_server, bus: Bus, engine: Engine) -> None:
    gate: Gate = new_gate(NURSE_DRAIN_SECONDS="1").start_ready()
    nats_server.pause()
    began = time.monotonic()
    assert gate.terminate() == 0
    assert time.monotonic() - began < 6
    assert gate.complaints == []


async def test_a_gate_without_nats_and_redis_stops_all_the_same(
    new_gate, nats_server, redis_server, store: Store
) -> None:
    gate: Gate = new_gate().start_ready()
    nats_server.kill()
    redis_server.kill()
    await gate.logged("nats_lost")
    assert gate.terminate() == 0
    assert gate.complaints == []


async def test_a_log_that_nobody_reads_stops_nothing(new_gate, bus: Bus, engine: Engine) -> None:
    gate: Gate = new_gate(reads_log=False).start_ready()
    refused = intent("unread", confidence=0.1, symbol="X" * 60)
    # Each veto logs some 400 bytes, and a pipe holds 64 KiB.
    for _ in range(500):
        await bus.ask(refused)
    assert (await bus.ask(intent("unread"))).approved
    assert gate.get("/healthz")[0] == 200
    began = time.monotonic()
    assert gate.terminate() == 0
    assert time.monotonic() - began < 5


@pytest.mark.slow
async def test_a_log_that_nobody_reads_is_counted_in_the_end(new_gate, bus: Bus, engine: Engine) -> None:
    gate: Gate = new_gate(reads_log=False).start_ready()
    for _ in range(12):
        await bus.ask_all([intent("unread", confidence=0.1) for _ in range(1000)], seconds=20)
    await eventually(lambda: gate.metric("cio_nurse_log_lines_dropped") > 0)
    assert (await bus.ask(intent("unread"))).approved
    assert gate.terminate() == 0
