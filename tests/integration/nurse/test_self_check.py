"""The self-check at start: what it proves, what of it nobody sees, and what keeps a gate from being ready."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext

from petrosa_contracts.streams import DECISIONS
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers

WHOLE_WAY = ["decoded", "approved", "claimed", "recorded", "published", "released", "refused"]


def self_check(gate: Gate) -> dict[str, Any]:
    return gate.readiness()[1]["self_check"]


async def test_a_ready_gate_has_gone_the_whole_way_and_nobody_has_seen_it(
    new_gate: Callable[..., Gate], bus: Bus, store: Store, jetstream: JetStreamContext
) -> None:
    seen = await bus.listen("cio.>")
    signals, alerts = await bus.listen("signals.>"), await bus.listen("alerts.>")
    before = set(store.client.scan_iter("*"))
    gate: Gate = new_gate()
    gate.start_ready()
    facts = self_check(gate)
    assert (facts["passed"], facts["problem"], facts["proved"]) == (True, "", WHOLE_WAY)
    assert facts["passed_at"]
    (logged,) = gate.events("self_check_passed")
    assert logged["proved"] == WHOLE_WAY

    await bus.settle()
    assert signals.payloads == alerts.payloads == []
    decisions = [message for message in seen.messages if message.subject.startswith("cio.record.decision.")]
    assert decisions
    assert all(list(json.loads(message.data)) == ["self_check"] for message in decisions)
    assert {message.subject for message in seen.messages} - {message.subject for message in decisions} <= {
        "cio.heartbeat"
    }
    assert (await jetstream.stream_info(DECISIONS.name)).state.messages == 0
    assert set(store.client.scan_iter("*")) == before
    assert gate.verdicts() == 0
    assert gate.metric("cio_nurse_decision_seconds_count") == 0
    assert gate.metric("cio_nurse_signals_total", outcome="published") == 0
    assert gate.metric("cio_nurse_records_total", outcome="kept") == 0
    assert gate.metric("cio_nurse_self_check_passed") == 1


@pytest.mark.parametrize("mode", ["SAFE", "HALTED", "FROZEN"])
async def test_it_passes_in_every_mode(mode: str, new_gate: Callable[..., Gate], store: Store) -> None:
    store.set_control("global", mode)
    gate: Gate = new_gate()
    gate.start_ready()
    assert self_check(gate)["proved"] == WHOLE_WAY
    assert gate.mode == mode


async def test_it_passes_without_any_policy_and_readiness_waits_for_that_alone(
    new_gate: Callable[..., Gate], bus: Bus, store: Store, engine: Engine
) -> None:
    store.client.flushall()
    gate: Gate = new_gate()
    gate.start()
    await eventually(lambda: self_check(gate)["passed"])
    status, facts = gate.readiness()
    assert (status, facts["policy_loaded"], facts["mode"]) == (503, False, "BLIND")
    assert (await bus.ask(exit_of())).approved
    store.reset()
    await eventually(lambda: gate.readiness()[0] == 200)


async def test_without_redis_a_gate_is_not_ready_says_so_lets_exits_pass_and_passes_when_it_is_back(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, redis_server
) -> None:
    redis_server.stop()
    gate: Gate = new_gate()
    gate.start()
    await eventually(lambda: "the ledger does not answer" in self_check(gate)["problem"])
    assert gate.readiness()[0] == 503
    assert not self_check(gate)["passed"]
    assert gate.metric("cio_nurse_self_check_passed") == 0
    assert gate.events("self_check_failed")[-1]["level"] == "error"
    assert (await bus.ask(exit_of())).approved
    redis_server.start()
    await eventually(lambda: self_check(gate)["passed"])
    assert self_check(gate)["attempts"] > 1


async def test_with_a_stream_that_is_away_a_gate_is_not_ready_and_lets_exits_pass(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, jetstream: JetStreamContext
) -> None:
    # A stream of another name holds the subjects, so that the gate cannot make its own.
    await jetstream.delete_stream(DECISIONS.name)
    await jetstream.add_stream(name="IN_THE_WAY", subjects=["cio.record.>"], no_ack=True)
    try:
        gate: Gate = new_gate(NURSE_AUDIT_DEADLINE_MS="200")
        gate.start()
        await eventually(lambda: "no record would be kept" in self_check(gate)["problem"])
        assert gate.readiness()[0] == 503
        assert (await bus.ask(exit_of())).approved
    finally:
        await jetstream.delete_stream("IN_THE_WAY")
    await eventually(lambda: gate.readiness()[0] == 200)
    assert self_check(gate)["proved"] == WHOLE_WAY


async def test_where_nothing_is_recorded_it_does_not_claim_to_have_proved_that(new_gate: Callable[..., Gate]) -> None:
    gate: Gate = new_gate(NURSE_AUDIT="off")
    gate.start_ready()
    assert self_check(gate)["proved"] == [step for step in WHOLE_WAY if step != "recorded"]


async def test_before_nats_is_there_it_has_not_begun(new_gate: Callable[..., Gate], nats_server) -> None:
    nats_server.stop()
    gate: Gate = new_gate()
    gate.start()
    status, facts = gate.readiness()
    assert (status, facts["self_check"]["problem"]) == (503, "it has not begun")
    nats_server.start()
    await eventually(lambda: gate.readiness()[0] == 200)


async def test_it_passes_once_and_an_outage_after_that_does_not_take_it_back(
    new_gate: Callable[..., Gate], redis_server
) -> None:
    gate: Gate = new_gate()
    gate.start_ready()
    attempts = self_check(gate)["attempts"]
    redis_server.stop()
    await gate.in_mode("CONSERVATIVE")
    assert self_check(gate)["passed"]
    redis_server.start()
    await gate.in_mode("ACTIVE")
    assert self_check(gate)["attempts"] == attempts


async def test_gates_that_start_together_check_themselves_apart_and_orders_flow_meanwhile(
    new_gate: Callable[..., Gate], bus: Bus, store: Store, engine: Engine
) -> None:
    gates: list[Gate] = [new_gate() for _ in range(2)]
    for gate in gates:
        gate.start()
    verdicts = await asyncio.gather(*(_asked_until_answered(bus) for _ in range(20)))
    assert all(verdict.approved for verdict in verdicts)
    for gate in gates:
        await eventually(lambda gate=gate: gate.readiness()[0] == 200)
    assert {payload["strategy_id"] for payload in engine.payloads} == {"momentum_v1"}
    assert store.trades_of("strategy:cio-self-check") == 0


async def _asked_until_answered(bus: Bus):
    async with asyncio.timeout(30):
        while True:
            try:
                return await bus.ask(intent(), seconds=2)
            except (nats.errors.NoRespondersError, TimeoutError):
                await asyncio.sleep(0.05)
