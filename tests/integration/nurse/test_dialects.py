"""Engines of the other generation, which want one subject per strategy and this service as source."""

from datetime import datetime

import nats.errors
import pytest

from tests.integration.nurse.fleet import Bus, intent, refreshed
from tests.integration.nurse.gate import Gate
from tests.samples import load_samples

pytestmark = pytest.mark.servers

GATE_SETTINGS = {"NURSE_ENGINE_DIALECT": "governed", "NATS_TOPIC_SIGNALS": "signals.trading.>"}


async def test_a_governed_signal_names_this_service_and_keeps_the_original_source(gate: Gate, bus: Bus) -> None:
    engine = await bus.engine("signals.trading.*")
    payload = intent("Iceberg Order. Detector*", metadata={"note": "kept"}, source="realtime_strategies")
    verdict = await bus.ask(payload, subject="cio.intent.trading.x")
    assert verdict.approved, verdict.message
    signal = await engine.received(verdict.decision_id)
    assert engine.messages[-1].subject == "signals.trading.Iceberg_Order__Detector_"
    assert signal["source"] == "petrosa-cio"
    assert signal["metadata"] == {"note": "kept", "original_source": "realtime_strategies"}
    assert signal["strategy_id"] == payload["strategy_id"]
    assert datetime.fromisoformat(signal["timestamp"]).tzinfo is None


@pytest.mark.parametrize("sample", [pytest.param(s, id=s.name) for s in load_samples() if s.accepted])
async def test_nothing_else_of_a_producers_payload_changes(gate: Gate, bus: Bus, sample) -> None:
    engine = await bus.engine("signals.trading.>")
    payload = refreshed(sample.payload)
    verdict = await bus.ask(payload, subject="cio.intent.trading.x")
    assert verdict.approved, verdict.message
    signal = await engine.received(verdict.decision_id)
    changed = {"decision_id", "_otel_trace_context", "timestamp", "source", "metadata"}
    assert {k: v for k, v in signal.items() if k not in changed} == {
        k: v for k, v in payload.items() if k not in changed
    }
    assert signal["metadata"] == {**(payload.get("metadata") or {}), "original_source": payload["source"]}


async def test_older_topics_are_not_heard_unless_they_are_named(gate: Gate, bus: Bus) -> None:
    with pytest.raises(nats.errors.NoRespondersError):
        await bus.ask(intent(), subject="intent.trading.momentum_v1")
