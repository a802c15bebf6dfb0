import asyncio
from typing import Any

import pytest

from cio_nurse.service.heartbeat import STALL_SECONDS
from petrosa_contracts import GovernanceHeartbeat, GovernanceStatus, HeartbeatMessage, Mode
from tests.builders import NOW, control_entry, stored_control
from tests.fakes import settled
from tests.wiring import WiredGate


def set_everywhere(mode: Mode, **fields: Any) -> dict[str, bytes]:
    return stored_control(**{"global": control_entry(mode, **fields)})


async def test_an_active_gate_says_so() -> None:
    gate = await WiredGate.started()
    pulse = gate.heartbeat.pulse()
    assert (pulse.status, pulse.mode, pulse.reasons) == (GovernanceStatus.GOVERNANCE_ACTIVE, "ACTIVE", ())
    assert (pulse.instance, pulse.epoch, pulse.policy_age_seconds) == ("nurse-1", 1, 0)
    assert pulse.timestamp == NOW.timestamp()


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        (Mode.SAFE, GovernanceStatus.DEGRADED),
        (Mode.HALTED, GovernanceStatus.HALTED),
        (Mode.FROZEN, GovernanceStatus.FROZEN),
    ],
)
async def test_a_mode_set_everywhere_shows_with_who_and_why(mode: Mode, status: GovernanceStatus) -> None:
    gate = await WiredGate.started(control=set_everywhere(mode, set_by="alice", reason="news"))
    pulse = gate.heartbeat.pulse()
    assert (pulse.status, pulse.mode) == (status, mode)
    assert pulse.reasons == (f"{mode} by alice: news",)


async def test_a_mode_set_for_one_symbol_does_not_show() -> None:
    gate = await WiredGate.started(control=stored_control(symbol_BTCUSDT=control_entry(Mode.FROZEN)))
    assert gate.heartbeat.pulse().status is GovernanceStatus.GOVERNANCE_ACTIVE


async def test_an_entry_that_sets_active_is_no_reason() -> None:
    gate = await WiredGate.started(control=set_everywhere(Mode.ACTIVE))
    assert gate.heartbeat.pulse().reasons == ()


async def test_a_mode_set_without_a_reason_says_so() -> None:
    gate = await WiredGate.started(control=set_everywhere(Mode.HALTED, reason=""))
    assert gate.heartbeat.pulse().reasons[0].endswith("no reason given")


async def test_a_gate_without_any_policy_is_degraded_and_blind() -> None:
    pulse = WiredGate().heartbeat.pulse()
    assert (pulse.status, pulse.mode, pulse.epoch) == (GovernanceStatus.DEGRADED, "BLIND", None)
    assert pulse.policy_age_seconds is None
    assert "never loaded" in pulse.reasons[0]


async def test_a_gate_on_the_built_in_primal_limits_is_degraded_and_says_why() -> None:
    gate = await WiredGate.started(primal_problem="limits.toml has 1 good signatures of 2 needed")
    pulse = gate.heartbeat.pulse()
    assert (pulse.status, pulse.mode) == (GovernanceStatus.DEGRADED, "ACTIVE")
    assert pulse.reasons == ("the built-in tightest primal limits hold: limits.toml has 1 good signatures of 2 needed",)


async def test_an_away_store_shows_with_the_age_of_the_policy() -> None:
    gate = await WiredGate.started()
    gate.world.stop()
    gate.clock.jump(7)
    await gate.mirror.refresh()
    pulse = gate.heartbeat.pulse()
    assert (pulse.status, pulse.mode, pulse.policy_age_seconds) == (GovernanceStatus.DEGRADED, "CONSERVATIVE", 7)
    assert pulse.reasons == ("Redis is away",)


async def test_all_reasons_show_and_the_strictest_mode_wins() -> None:
    gate = await WiredGate.started(control=set_everywhere(Mode.HALTED))
    gate.world.stop()
    await gate.mirror.refresh()
    pulse = gate.heartbeat.pulse()
    assert (pulse.status, pulse.mode, len(pulse.reasons)) == (GovernanceStatus.HALTED, "HALTED", 2)


async def test_signals_that_reach_nobody_degrade_an_active_gate() -> None:
    gate = await WiredGate.started()
    await gate.delivery.undelivered("d" * 32)
    pulse = gate.heartbeat.pulse()
    assert (pulse.status, pulse.mode) == (GovernanceStatus.DEGRADED, "ACTIVE")
    assert "no consumer" in pulse.reasons[0]


async def test_signals_that_reach_nobody_do_not_hide_a_halt() -> None:
    gate = await WiredGate.started(control=set_everywhere(Mode.HALTED))
    await gate.delivery.undelivered("d" * 32)
    assert gate.heartbeat.pulse().status is GovernanceStatus.HALTED


async def test_a_calendar_that_steps_back_does_not_stop_the_heart() -> None:
    gate = await WiredGate.started()
    gate.clock.step_back(3600)
    assert gate.heartbeat.pulse().policy_age_seconds == 0


async def test_a_ping_is_answered_in_the_form_that_engines_read() -> None:
    gate = await WiredGate.started()
    await gate.heartbeat.answer("_INBOX.1")
    (message,) = gate.transport.on("_INBOX.1")
    assert GovernanceHeartbeat.model_validate_json(message.payload) == gate.heartbeat.pulse()
    read_by_engine = HeartbeatMessage.model_validate_json(message.payload)
    assert (read_by_engine.service, read_by_engine.status) == ("petrosa-cio", "GOVERNANCE_ACTIVE")
    assert message.content["service"] == "petrosa-cio"


async def test_a_message_without_a_reply_subject_is_not_answered() -> None:
    gate = await WiredGate.started()
    await gate.heartbeat.answer("")
    assert gate.transport.published == []


async def test_without_a_connection_a_ping_goes_unanswered_and_nothing_is_raised() -> None:
    gate = await WiredGate.started()
    gate.transport.disconnect()
    await gate.heartbeat.answer("_INBOX.1")
    assert gate.transport.published == []


async def test_the_pulse_is_published_by_itself_and_goes_on_after_an_outage() -> None:
    gate = await WiredGate.started()
    gate.heartbeat._every_seconds = 0.0
    gate.transport.disconnect()
    running = asyncio.create_task(gate.heartbeat.run())
    await settled()
    gate.transport.connect()
    await settled()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(gate.transport.on("cio.heartbeat")) >= 2


async def test_a_loop_that_stands_still_shows_and_ends_by_itself() -> None:
    gate = await WiredGate.started()
    gate.stalled_seconds = STALL_SECONDS
    assert gate.heartbeat.pulse().status is GovernanceStatus.GOVERNANCE_ACTIVE
    gate.stalled_seconds = STALL_SECONDS + 1
    pulse = gate.heartbeat.pulse()
    assert pulse.status is GovernanceStatus.DEGRADED
    assert "stood still for 3 seconds" in pulse.reasons[0]
    gate.stalled_seconds = 0.0
    assert gate.heartbeat.pulse().status is GovernanceStatus.GOVERNANCE_ACTIVE
