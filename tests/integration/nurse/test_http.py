"""The HTTP side and the log."""

import json
import re
from typing import Any

import pytest

from petrosa_contracts import Mode
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually

pytestmark = pytest.mark.servers

GATE_SETTINGS = {"NURSE_INSTANCE": "gate-7", "NURSE_LOG_LEVEL": "DEBUG"}


async def test_liveness_and_readiness_are_json(gate: Gate) -> None:
    assert gate.get("/healthz") == (200, '{"status": "alive"}')
    status, facts = gate.readiness()
    assert status == 200
    assert set(facts) >= {"ready", "subscribed", "policy_loaded", "mode", "epoch", "policy_age_seconds", "reasons"}
    assert facts["inputs"] == {"policy": "needed", "market": "off", "regime": "off", "portfolio": "off"}
    assert gate.get("/nothing")[0] == 404


async def test_metrics_count_verdicts_by_code_and_their_latency(gate: Gate, bus: Bus, engine: Engine) -> None:
    before = gate.metrics()

    def grown(name: str, **labels: str) -> float:
        return gate.metric(name, **labels) - before.get((name, frozenset(labels.items())), 0.0)

    for payload in (intent(), exit_of(), intent(confidence=0.1), intent(quantity=1.0)):
        await bus.ask(payload)
    await bus.ask(b"{}", subject="cio.intent.trading.x")
    assert grown("cio_nurse_verdicts_total", verdict="approved", code="APPROVED") == 2
    for code in ("CONFIDENCE_LOW", "ORDER_NOTIONAL_MAX", "PAYLOAD_INVALID"):
        assert grown("cio_nurse_verdicts_total", verdict="vetoed", code=code) == 1
    assert grown("cio_nurse_decision_seconds_count") == 5
    assert 0 < grown("cio_nurse_decision_seconds_sum") < 5
    assert grown("cio_nurse_decision_seconds_bucket", le="+Inf") == 5
    assert grown("cio_nurse_signals_total", outcome="published") == 2


async def test_metrics_show_the_state_of_the_gate(gate: Gate) -> None:
    assert gate.metric("cio_nurse_lane_depth") == 0
    assert gate.metric("cio_nurse_queue_depth") == 0
    assert 0 <= gate.metric("cio_nurse_snapshot_age_seconds") < 5
    assert gate.metric("cio_nurse_policy_epoch") == gate.readiness()[1]["epoch"]
    assert gate.metric("cio_nurse_store_up") == 1
    assert gate.metric("cio_nurse_nats_connected") == 1
    assert gate.metric("cio_nurse_ledger_unsettled") == 0
    assert gate.metric("cio_nurse_log_lines_dropped") == 0
    for mode in Mode:
        assert gate.metric("cio_nurse_mode", mode=mode) == (1 if mode is Mode.ACTIVE else 0)
    samples = gate.metrics()
    ((_, build),) = [key for key in samples if key[0] == "cio_nurse_build"]
    assert dict(build)["instance"] == "gate-7"


async def test_every_log_line_is_one_json_object_with_its_event(gate: Gate, bus: Bus, engine: Engine) -> None:
    approved = await bus.ask(intent("logged\nname"), subject="cio.intent.trading.x")
    vetoed = await bus.ask(intent("logged\nname", confidence=0.1), subject="cio.intent.trading.x")
    line = await eventually(lambda: logged_about(gate, vetoed.decision_id))
    assert (line["event"], line["code"], line["strategy_id"]) == ("intent_vetoed", "CONFIDENCE_LOW", "logged\nname")
    line = await eventually(lambda: logged_about(gate, approved.decision_id))
    assert (line["event"], line["level"]) == ("intent_approved", "debug")
    for text in gate.lines:
        event = json.loads(text)
        assert {"event", "level", "timestamp", "instance"} <= set(event)
        assert re.fullmatch(r"[a-z_]+", event["event"])
        assert event["instance"] == "gate-7"
    assert gate.complaints == []


async def test_the_start_is_told_in_the_log(gate: Gate) -> None:
    names = [event["event"] for event in gate.events()]
    assert names.index("http_listening") < names.index("ready")
    assert gate.events("inputs_not_configured")[0]["off"] == ["market", "regime", "portfolio"]


def logged_about(gate: Gate, decision_id: str) -> dict[str, Any] | None:
    return next((event for event in gate.events() if event.get("decision_id") == decision_id), None)
