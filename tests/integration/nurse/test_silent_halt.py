"""Silent halts of a gate on real servers: what bots, operators and metrics get to see, and how often."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from petrosa_contracts import subjects
from tests.integration.nurse.fleet import Bus, Recorder, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually, eventually_answered

pytestmark = pytest.mark.servers

QUICK = {"NURSE_SILENT_HALT_SECONDS": "2", "NURSE_SILENT_HALT_ENTRIES": "5", "NURSE_INSTANCE": "gate-1"}


@pytest.fixture
async def alerts(bus: Bus) -> Recorder:
    return await bus.listen("alerts.cio.>")


@pytest.fixture
async def tradeengine(stack) -> AsyncIterator[Client]:
    """The engine's own connection."""
    client = await nats.connect(stack.nats.url)
    yield client
    await client.close()


async def take_and_tell(tradeengine: Client) -> Any:
    """Take signals and tell of each order, as the newer engine does; return the subscription."""

    async def process(message: Msg) -> None:
        signal = json.loads(message.data)
        event = {
            "decision_id": signal["decision_id"],
            "strategy_id": signal["strategy_id"],
            "order_id": "1",
            "event_type": "placed",
            "timestamp": signal["timestamp"],
            "reason": "simulated_placed",
        }
        await tradeengine.publish(subjects.execution_event(signal["strategy_id"]), json.dumps(event).encode())

    subscription = await tradeengine.subscribe(subjects.SIGNALS, cb=process)
    await tradeengine.flush()
    return subscription


async def status(bus: Bus) -> str:
    return (await bus.ping()).status


async def is_degraded(bus: Bus) -> bool:
    return await status(bus) == "DEGRADED"


async def is_active(bus: Bus) -> bool:
    return await status(bus) == "GOVERNANCE_ACTIVE"


def told(alerts: Recorder) -> list[tuple[str, str]]:
    return [(alert["action"], alert["severity"]) for alert in alerts.payloads]


async def test_entries_that_all_fail_are_told_once_and_the_first_approval_ends_it(
    new_gate: Callable[..., Gate], bus: Bus, engine, alerts: Recorder
) -> None:
    gate: Gate = new_gate(**QUICK).start_ready()
    assert (await bus.ask(intent())).approved

    async def fails() -> bool:
        assert (await bus.ask(intent(confidence=0.1))).code == "CONFIDENCE_LOW"
        assert (await bus.ask(exit_of())).approved
        return bool(alerts.messages)

    await eventually_answered(fails, what="the halt is told")
    # As long again: it is not told a second time.
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < 2:
        await fails()
    assert told(alerts) == [("nothing_approved", "critical")]
    assert "most of them vetoed CONFIDENCE_LOW" in alerts.payloads[0]["message"]
    assert alerts.messages[0].subject == "alerts.cio.nothing_approved.nurse"
    assert gate.metric("cio_nurse_silent_halt", kind="nothing_approved") == 1
    assert any(reason.startswith("no entry was approved for") for reason in (await bus.ping()).reasons)
    assert gate.readiness()[0] == 200

    assert (await bus.ask(intent())).approved
    await eventually(lambda: told(alerts)[1:] == [("nothing_approved", "info")])
    await eventually_answered(lambda: is_active(bus))
    assert gate.metric("cio_nurse_silent_halt", kind="nothing_approved") == 0
    assert [event["kind"] for event in gate.events("silent_halt_began")] == ["nothing_approved"]
    assert [event["kind"] for event in gate.events("silent_halt_ended")] == ["nothing_approved"]


async def test_signals_without_a_consumer_are_one_alert_and_the_next_that_is_taken_ends_it(
    new_gate: Callable[..., Gate], bus: Bus, alerts: Recorder
) -> None:
    gate: Gate = new_gate(**{**QUICK, "NURSE_SILENT_HALT_SECONDS": "60"}).start_ready()
    for _ in range(20):
        assert (await bus.ask(intent())).approved
    await eventually_answered(lambda: is_degraded(bus))
    await eventually(lambda: gate.metric("cio_nurse_signals_total", outcome="undelivered") == 20)
    assert gate.metric("cio_nurse_silent_halt", kind="no_consumer") == 1
    await eventually(lambda: told(alerts) == [("no_consumer", "critical")])

    await bus.engine()
    assert (await bus.ask(intent())).approved
    await eventually_answered(lambda: is_active(bus))
    await eventually(lambda: told(alerts)[1:] == [("no_consumer", "info")])
    assert "a signal was taken" in alerts.payloads[1]["message"]
    assert gate.metric("cio_nurse_silent_halt", kind="no_consumer") == 0


async def test_a_halt_without_signals_is_forgotten_after_its_time(
    new_gate: Callable[..., Gate], bus: Bus, alerts: Recorder
) -> None:
    new_gate(**QUICK).start_ready()
    assert (await bus.ask(exit_of())).approved
    await eventually_answered(lambda: is_degraded(bus))
    await eventually_answered(lambda: is_active(bus))
    await eventually(lambda: told(alerts) == [("no_consumer", "critical"), ("no_consumer", "info")])
    assert "not known" in alerts.payloads[1]["message"]


@pytest.mark.slow
async def test_an_engine_that_is_deaf_but_stays_subscribed_is_noticed_from_outside(
    new_gate: Callable[..., Gate], bus: Bus, tradeengine: Client, alerts: Recorder
) -> None:
    gate: Gate = new_gate(**{**QUICK, "NURSE_SILENT_HALT_SECONDS": "120"}).start_ready()
    hearing = await take_and_tell(tradeengine)
    for _ in range(3):
        assert (await bus.ask(intent())).approved
    # Deaf: something is still subscribed, and does nothing with what it gets.
    await bus.engine()
    await hearing.unsubscribe()
    await tradeengine.flush()
    for _ in range(3):
        assert (await bus.ask(intent())).approved
    await eventually(lambda: told(alerts) == [("engine_silent", "critical")], seconds=75)
    assert gate.metric("cio_nurse_silent_halt", kind="engine_silent") == 1
    assert await is_degraded(bus)
    assert gate.metric("cio_nurse_signals_total", outcome="undelivered") == 0

    await take_and_tell(tradeengine)
    assert (await bus.ask(intent())).approved
    await eventually(lambda: told(alerts)[1:] == [("engine_silent", "info")])
    await eventually_answered(lambda: is_active(bus))


async def test_an_alert_that_meets_an_outage_arrives_when_nats_is_back(
    new_gate: Callable[..., Gate], bus: Bus, engine, alerts: Recorder, nats_server
) -> None:
    gate: Gate = new_gate(**QUICK).start_ready()
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < 1.5:
        await bus.ask(intent(confidence=0.1))
        await asyncio.sleep(0.1)
    await asyncio.to_thread(nats_server.stop)
    await gate.logged("silent_halt_began")
    await asyncio.to_thread(nats_server.start)
    await eventually(lambda: ("nothing_approved", "critical") in told(alerts))
