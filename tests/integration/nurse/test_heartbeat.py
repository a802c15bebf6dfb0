"""The pulse: asked for, and published by itself."""

import asyncio
import itertools
import json
import time
from collections import Counter

import nats.errors
import pytest

from petrosa_contracts import GovernanceHeartbeat, HeartbeatMessage
from tests.integration.nurse.fleet import Bus, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers

INTERVAL = 0.1
ANSWER_SECONDS = 0.2
"""What bots wait for an answer."""

LONGEST_ANSWER = 2.0
"""Beyond that, an answer counts as none, even on a machine that has other things to do."""

KEYS = {"service", "status", "mode", "timestamp", "version", "instance", "epoch", "policy_age_seconds", "reasons"}


async def test_a_ping_is_answered_with_the_pulse_whatever_it_says(new_gate, bus: Bus) -> None:
    gate = new_gate(NURSE_INSTANCE="gate-1").start_ready()
    epoch = gate.readiness()[1]["epoch"]
    for subject, body in itertools.product(("cio.heartbeat", "cio.ping"), (b"", b'{"service": "a_bot"}', b"\xff")):
        reply = await bus.client.request(subject, body, timeout=LONGEST_ANSWER)
        pulse = json.loads(reply.data)
        assert set(pulse) == KEYS
        assert pulse["service"] == "petrosa-cio"
        assert (pulse["status"], pulse["mode"]) == ("GOVERNANCE_ACTIVE", "ACTIVE")
        assert (pulse["instance"], pulse["epoch"]) == ("gate-1", epoch)
        assert abs(pulse["timestamp"] - time.time()) < 5
        assert 0 <= pulse["policy_age_seconds"] < 5
        assert GovernanceHeartbeat.model_validate_json(reply.data).reasons == ()
        assert HeartbeatMessage.model_validate_json(reply.data).service == "petrosa-cio"


async def test_the_pulse_is_published_at_its_interval_in_the_form_that_engines_read(new_gate, bus: Bus) -> None:
    pulses = await bus.listen("cio.heartbeat")
    new_gate(NURSE_HEARTBEAT_SECONDS=str(INTERVAL)).start_ready()
    await eventually(lambda: len(pulses.messages) >= 10)
    read = [HeartbeatMessage.model_validate_json(message.data) for message in pulses.messages]
    assert {pulse.service for pulse in read} == {"petrosa-cio"}
    assert all(message.reply == "" for message in pulses.messages)
    gaps = [later.timestamp - earlier.timestamp for earlier, later in itertools.pairwise(read)]
    assert min(gaps) > INTERVAL / 2
    assert sorted(gaps)[len(gaps) // 2] < INTERVAL * 2


async def test_messages_without_a_reply_subject_are_never_answered(new_gate, bus: Bus) -> None:
    pulses = await bus.listen("cio.heartbeat")
    new_gate(NURSE_HEARTBEAT_SECONDS="60").start_ready()
    await eventually(lambda: pulses.messages)
    for _ in range(100):
        await bus.client.publish("cio.heartbeat", b'{"service": "a_bot"}')
        await bus.client.publish("cio.ping", b"{}")
    # Each subject is worked off in order, so the answers to these come after anything that came before.
    await bus.ping("cio.heartbeat")
    await bus.ping("cio.ping")
    await bus.settle()
    senders = Counter(json.loads(message.data)["service"] for message in pulses.messages if message.data)
    assert senders == {"petrosa-cio": 1, "a_bot": 100}


async def test_two_gates_do_not_answer_each_others_pulses(new_gate, bus: Bus) -> None:
    pulses = await bus.listen("cio.heartbeat")
    for instance in ("gate-1", "gate-2"):
        new_gate(NURSE_HEARTBEAT_SECONDS=str(INTERVAL), NURSE_INSTANCE=instance).start_ready()
    await eventually(lambda: Counter(p["instance"] for p in pulses.payloads)["gate-2"] >= 10)
    for instance in ("gate-1", "gate-2"):
        stamps = [payload["timestamp"] for payload in pulses.payloads if payload["instance"] == instance]
        assert min(later - earlier for earlier, later in itertools.pairwise(stamps)) > INTERVAL / 2


async def test_pings_are_answered_while_intents_pour_in(new_gate, stack, silent_engine, bus: Bus, store: Store) -> None:
    store.set_policy("strategy:pouring", {"max_daily_trades": 10_000})
    gate: Gate = new_gate().start_ready()
    quiet = await Bus.connect(stack.nats.url)
    count = 4000
    waited: list[float] = []
    async with asyncio.TaskGroup() as tasks:
        pouring = tasks.create_task(pour(bus, count))
        while not pouring.done() or gate.verdicts() < count:
            asked = time.monotonic()
            await quiet.ping(seconds=LONGEST_ANSWER)
            waited.append(time.monotonic() - asked)
    await quiet.close()
    in_time = [seconds for seconds in waited if seconds < ANSWER_SECONDS]
    assert len(waited) >= 5
    assert len(in_time) >= 0.8 * len(waited), waited


async def pour(bus: Bus, count: int) -> None:
    """Publish intents on a few symbols as fast as the server takes them."""
    for number in range(count):
        await bus.send(intent("pouring", symbol=f"S{number % 8}USDT"))
        if number % 50 == 0:
            await bus.client.flush()
    await bus.sent()


async def test_pings_go_unanswered_once_the_gate_has_gone(new_gate, bus: Bus) -> None:
    gate = new_gate().start_ready()
    await bus.ping()
    assert gate.terminate() == 0
    with pytest.raises(nats.errors.NoRespondersError):
        await bus.ping()


async def test_a_signal_without_a_consumer_degrades_the_pulse(new_gate, bus: Bus) -> None:
    new_gate().start_ready()
    assert (await bus.ask(intent())).approved

    async def degraded() -> bool:
        pulse = await bus.ping()
        return pulse.status == "DEGRADED" and pulse.reasons == ("approved signals reach no consumer",)

    await eventually_answered(degraded, what="the pulse is DEGRADED")
