"""What the gate tells of an intent in its trace; the whole way is in `tests/integration/strategist/test_trace.py`."""

from collections.abc import Callable, Iterator

import pytest

from petrosa_contracts import tracing
from tests.integration.nurse.fleet import Bus, Engine, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.otlp import OtlpReceiver

pytestmark = pytest.mark.servers


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
def traced_gate(new_gate: Callable[..., Gate], receiver: OtlpReceiver) -> Gate:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    return new_gate(**settings).start_ready()


async def test_a_veto_has_its_reason_in_the_trace(traced_gate: Gate, bus: Bus, receiver: OtlpReceiver) -> None:
    parent = tracing.TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    await bus.ask(intent(confidence=0.1, _otel_trace_context=parent.carrier()))
    await eventually(
        lambda: "decide intent" in {span.name for span in receiver.trace(parent.trace_id)}, what="the span has come"
    )
    (decide,) = [span for span in receiver.trace(parent.trace_id) if span.name == "decide intent"]
    assert decide.attributes["cio.code"] == "CONFIDENCE_LOW"


async def test_what_its_sender_does_not_sample_is_passed_on_and_not_sent(
    traced_gate: Gate, bus: Bus, engine: Engine, receiver: OtlpReceiver
) -> None:
    parent = tracing.TraceContext("00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
    verdict = await bus.ask(intent(_otel_trace_context=parent.carrier()))
    signal = await engine.received(verdict.decision_id)
    assert tracing.from_payload(signal) == parent
    sampled = await bus.ask(intent())
    assert sampled.approved
    await eventually(lambda: bool(receiver.spans), what="spans of the other trace have come")
    assert receiver.trace(parent.trace_id) == []


async def test_a_receiver_that_is_away_costs_nobody_anything(new_gate: Callable[..., Gate], bus: Bus) -> None:
    gate = new_gate(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9").start_ready()
    assert (await bus.ask(intent())).code is None
    assert gate.terminate() == 0
