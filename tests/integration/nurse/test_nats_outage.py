"""NATS restarted, killed, hung, and absent at the start."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from petrosa_contracts import Code, subjects
from tests.integration.nurse.fleet import ANSWER_SECONDS, Bus, Engine, intent
from tests.integration.nurse.gate import PROMPT, Gate
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.nurse.store import Store
from tests.integration.nurse.traffic import Traffic

pytestmark = pytest.mark.servers

NEVER_LATE = 1.0
"""Seconds between an intent's timestamp and its signal beyond which the signal was kept and sent later."""


HANG_SECONDS = 0.5
"""How long the server hangs: longer than a bot waits, shorter than either side takes to give the connection up."""


class PunctualEngine(Engine):
    """An engine that notes how old each signal is when it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.ages: list[float] = []

    async def keep(self, message) -> None:
        await super().keep(message)
        sent = datetime.fromisoformat(self.payloads[-1]["timestamp"]).replace(tzinfo=UTC)
        self.ages.append((datetime.now(UTC) - sent).total_seconds())


def order() -> dict:
    return intent("rejoining")


async def is_settled(bus: Bus, payload: dict) -> bool:
    """Whether an intent that is sent once more is approved, or was before."""
    return (await bus.ask(payload)).code in {None, Code.INTENT_DUPLICATE}


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_after_a_restart_of_nats_the_gate_is_back_and_nothing_came_late_or_twice(
    new_gate, nats_server, bus: Bus, store: Store, end: str
) -> None:
    store.set_policy("strategy:rejoining", {"max_daily_trades": 10_000})
    gate: Gate = new_gate(**PROMPT, NURSE_HEARTBEAT_SECONDS="0.2").start_ready()
    engine = PunctualEngine()
    await bus.client.subscribe("signals.trading", cb=engine.keep)
    pulses = await bus.listen("cio.heartbeat")

    async with Traffic(bus, order, answer_seconds=0.3) as traffic:
        await eventually(lambda: len(traffic.approved) >= 50)
        await asyncio.to_thread(getattr(nats_server, end))
        await gate.logged("nats_lost")
        assert gate.readiness()[0] == 503
        assert gate.get("/healthz")[0] == 200
        await asyncio.to_thread(nats_server.start)
        back = time.monotonic()
        await eventually(lambda: gate.readiness()[0] == 200)
        heard = len(pulses.messages)
        await eventually(lambda: any(e.verdict and e.verdict.approved for e in traffic.since(back)))
        await eventually(lambda: len(pulses.messages) >= heard + 2)

    lost = [exchange.payload for exchange in traffic.unanswered]
    for payload in lost:
        await eventually_answered(lambda payload=payload: is_settled(bus, payload), what="an approval, or a repetition")
    await bus.settle()
    ids = [payload["intent_id"] for payload in engine.payloads]
    assert len(ids) == len(set(ids))
    assert {exchange.payload["intent_id"] for exchange in traffic.approved} <= set(ids)
    resent = {payload["intent_id"] for payload in lost}
    ages = [age for age, id_ in zip(engine.ages, ids, strict=True) if id_ not in resent]
    assert max(ages) < NEVER_LATE
    assert gate.metric("cio_nurse_nats_connected") == 1


async def test_an_approval_that_cannot_leave_is_neither_announced_nor_sent_later(
    new_gate, nats_server, redis_server, bus: Bus, engine: Engine, store: Store
) -> None:
    store.set_policy("strategy:rejoining", {"max_daily_trades": 10_000})
    gate: Gate = new_gate(NURSE_DECISION_DEADLINE_MS="10000", NURSE_AUDIT="off").start_ready()
    announced = await bus.listen(subjects.verdict("rejoining"))
    # More than are decided at once: some wait for the ledger, the others for these.
    payloads = [intent("rejoining") for _ in range(50)]
    redis_server.pause()
    for payload in payloads:
        await bus.send(payload)
    # Answered as it is read, so that all before it have been taken.
    assert (await bus.ask(b"no json")).code is Code.PAYLOAD_INVALID
    await asyncio.to_thread(nats_server.kill)
    await gate.logged("nats_lost")
    redis_server.resume()
    await gate.logged("signal_not_published", after=len(payloads) - 1)
    await asyncio.to_thread(nats_server.start)
    await eventually(lambda: gate.readiness()[0] == 200)
    await eventually(lambda: bus.client.is_connected)
    again = [await bus.ask(payload) for payload in payloads]
    assert [verdict.message for verdict in again if not verdict.approved] == []
    await bus.settle()
    assert engine.decisions == [verdict.decision_id for verdict in again]
    assert [payload["decision_id"] for payload in announced.payloads] == engine.decisions


async def test_a_nats_that_hangs_for_a_moment_costs_time_and_nothing_else(
    new_gate, nats_server, bus: Bus, engine: Engine, store: Store
) -> None:
    store.set_policy("strategy:rejoining", {"max_daily_trades": 10_000})
    gate: Gate = new_gate().start_ready()
    async with Traffic(bus, order, answer_seconds=ANSWER_SECONDS) as traffic:
        await eventually(lambda: len(traffic.approved) >= 20)
        nats_server.pause()
        held = len(traffic.exchanges)
        await asyncio.sleep(HANG_SECONDS)
        assert gate.get("/healthz")[0] == 200
        assert len(traffic.exchanges) <= held + 1
        nats_server.resume()
        await eventually(lambda: len(traffic.exchanges) >= held + 20)
    assert [exchange.verdict for exchange in traffic.exchanges if exchange not in traffic.approved] == []
    await bus.settle()
    ids = [payload["intent_id"] for payload in engine.payloads]
    assert len(ids) == len(set(ids))
    assert gate.events("nats_lost") == []


async def test_a_gate_that_starts_before_nats_is_ready_when_it_comes(
    new_gate, nats_server, stack, store: Store
) -> None:
    await asyncio.to_thread(nats_server.kill)
    gate: Gate = new_gate().start()
    await gate.logged("nats_unreachable")
    assert gate.get("/healthz")[0] == 200
    status, facts = gate.readiness()
    assert (status, facts["ready"], facts["subscribed"]) == (503, False, False)
    await asyncio.to_thread(nats_server.start)
    await eventually(lambda: gate.readiness()[0] == 200)
    bus = await Bus.connect(stack.nats.url)
    await bus.engine()
    assert (await bus.ask(intent())).approved
    assert (await bus.ping()).status == "GOVERNANCE_ACTIVE"
    await bus.close()


@pytest.mark.slow
async def test_a_nats_that_hangs_for_long_is_left_and_found_again(
    new_gate, nats_server, bus: Bus, engine: Engine, store: Store
) -> None:
    gate: Gate = new_gate().start_ready()
    assert (await bus.ask(intent())).approved
    nats_server.pause()
    await gate.logged("nats_lost")
    assert gate.readiness()[0] == 503
    nats_server.resume()
    await eventually(lambda: gate.readiness()[0] == 200)
    await eventually(lambda: bus.client.is_connected)
    assert (await bus.ask(intent())).approved
    assert (await bus.ping()).status == "GOVERNANCE_ACTIVE"
    assert len(engine.decisions) == 2
