"""Silent halts of a gate: alert, heartbeat and log, once when one begins and once when it ends."""

import json
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

from cio_nurse.ports import Inbound
from cio_nurse.service.silence import DEAF_ORDERS, DEAF_SECONDS, SETTLED_SECONDS
from petrosa_contracts import AlertSeverity, GovernanceStatus, Verdict
from tests.wiring import HALT_ENTRIES, HALT_SECONDS, WiredGate


def told(gate: WiredGate) -> list[tuple[str, AlertSeverity]]:
    return [(alert.action, alert.severity) for alert in gate.alerts]


async def decide(gate: WiredGate, **overrides: Any) -> Verdict:
    """Have an intent with an id of its own decided under a policy that was confirmed just now."""
    await gate.mirror.refresh()
    return await gate.decide_one(intent_id=uuid4().hex, **overrides)


async def starve(gate: WiredGate) -> None:
    """Have entries vetoed for as long as it takes."""
    for _ in range(HALT_ENTRIES):
        assert not (await decide(gate, confidence=0.1)).approved
        gate.clock.jump(HALT_SECONDS / (HALT_ENTRIES - 1))
        gate.halts.note()


async def test_that_nothing_is_approved_is_told_once_and_its_end_once(
    log_events: list[MutableMapping[str, Any]],
) -> None:
    gate = await WiredGate.started()
    await starve(gate)
    await starve(gate)
    assert told(gate) == [("nothing_approved", AlertSeverity.CRITICAL)]
    await gate.mirror.refresh()
    pulse = gate.heartbeat.pulse()
    assert pulse.status is GovernanceStatus.DEGRADED
    (reason,) = pulse.reasons
    assert reason.startswith("no entry was approved for")
    assert reason.endswith("most of them vetoed CONFIDENCE_LOW")
    assert gate.halts.lasts("nothing_approved")

    await decide(gate)
    gate.halts.note()
    assert told(gate)[1:] == [("nothing_approved", AlertSeverity.INFO)]
    assert gate.alerts[1].message == "nurse-1: it is over, an entry was approved"
    assert gate.heartbeat.pulse().status is GovernanceStatus.GOVERNANCE_ACTIVE
    halts = [(event["event"], event["log_level"]) for event in log_events if "silent_halt" in event["event"]]
    assert halts == [("silent_halt_began", "error"), ("silent_halt_ended", "info")]


async def test_alerts_name_the_gate_and_no_two_share_a_key() -> None:
    gate = await WiredGate.started()
    for _ in range(2):
        await starve(gate)
        await decide(gate)
        gate.halts.note()
    assert len(gate.alerts) == len({alert.dedupe_key for alert in gate.alerts}) == 4
    assert {alert.subject for alert in gate.alerts} == {"alerts.cio.nothing_approved.nurse"}
    assert {alert.category for alert in gate.alerts} == {"silent_halt"}
    assert all(alert.message.startswith("nurse-1: ") for alert in gate.alerts)


async def test_signals_that_meet_nobody_are_told_at_once_and_once() -> None:
    gate = await WiredGate.started()
    gate.transport.engine = None
    for _ in range(20):
        await decide(gate)
        await gate.transport.flush()
        gate.clock.jump(SETTLED_SECONDS / 2)
        gate.halts.note()
    assert told(gate) == [("no_consumer", AlertSeverity.CRITICAL)]
    assert "approved signals reach no consumer" in gate.heartbeat.pulse().reasons

    gate.transport.engine = lambda _signal: None
    await decide(gate)
    await gate.transport.flush()
    gate.clock.jump(SETTLED_SECONDS + 0.1)
    gate.halts.note()
    await gate.mirror.refresh()
    assert told(gate)[1:] == [("no_consumer", AlertSeverity.INFO)]
    assert gate.heartbeat.pulse().reasons == ()


async def event_about(gate: WiredGate, decision_id: str) -> None:
    event = {"decision_id": decision_id, "event_type": "placed", "strategy_id": "momentum_v1"}
    await gate.halts.hear(Inbound(json.dumps(event).encode(), "execution.events.momentum_v1", "", None))


async def test_an_engine_that_goes_deaf_is_told_and_that_it_hears_again() -> None:
    gate = await WiredGate.started()
    await event_about(gate, (await decide(gate)).decision_id)
    for _ in range(DEAF_ORDERS):
        gate.clock.jump(2.0)
        await decide(gate)
    gate.clock.jump(DEAF_SECONDS)
    gate.halts.note()
    gate.halts.note()
    assert told(gate) == [("engine_silent", AlertSeverity.CRITICAL)]
    assert gate.heartbeat.pulse().status is GovernanceStatus.DEGRADED
    await event_about(gate, (await decide(gate)).decision_id)
    gate.halts.note()
    assert told(gate)[1:] == [("engine_silent", AlertSeverity.INFO)]


async def test_exits_and_holds_do_not_make_an_engine_deaf() -> None:
    gate = await WiredGate.started()
    await event_about(gate, (await decide(gate)).decision_id)
    for action in ("close", "hold"):
        for _ in range(2 * DEAF_ORDERS):
            assert (await decide(gate, action=action)).approved
            gate.clock.jump(1.0)
    gate.clock.jump(DEAF_SECONDS)
    gate.halts.note()
    assert gate.alerts == []


async def test_an_event_that_cannot_be_read_changes_nothing() -> None:
    gate = await WiredGate.started()
    for data in (b"", b"\xff", b"[]", b"{}", b'{"event_type": null}'):
        await gate.halts.hear(Inbound(data, "execution.events.x", "", None))
    gate.halts.note()
    assert gate.alerts == []
