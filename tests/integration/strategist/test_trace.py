"""One trace shows the whole way of an intent: bot, gate, engine, and its record in the audit chain."""

from collections.abc import Iterator

import pytest

from devstack import DevStack
from petrosa_contracts import tracing
from petrosa_contracts.otel import current_trace_context, to_otel
from tests.integration.nurse.fleet import Bus, intent
from tests.integration.nurse.gate import Gate, ServiceProcess
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store
from tests.otlp import OtlpReceiver, provider_of

pytestmark = pytest.mark.servers

STEPS = {"decode", "resolve", "gates", "ledger", "record", "publish"}


class RecorderProcess(ServiceProcess):
    """One `cio-strategist --roles recorder`."""

    program = "cio-strategist"
    arguments = ("--roles", "recorder")
    port_variable = "STRATEGIST_HTTP_PORT"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
def stack(receiver: OtlpReceiver) -> Iterator[DevStack]:
    with DevStack() as stack:
        store = Store(stack.redis.url)
        store.reset()
        store.close()
        settings = {
            **stack.environment(),
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        gate, recorder = Gate(settings), RecorderProcess(settings)
        try:
            gate.start_ready()
            recorder.start_ready()
            yield stack
        finally:
            gate.close()
            recorder.close()


async def test_one_trace_goes_from_the_bot_through_the_gate_to_the_engine_and_to_the_record(
    stack: DevStack, receiver: OtlpReceiver
) -> None:
    bus = await Bus.connect(stack.nats.url)
    engine = await bus.engine()
    bot, trader = provider_of("bot", receiver), provider_of("tradeengine", receiver)
    with bot.get_tracer("bot").start_as_current_span("signal"):
        sent = current_trace_context()
        assert sent is not None
        verdict = await bus.ask(intent(_otel_trace_context=sent.carrier()))
    assert verdict.approved
    came = tracing.from_payload(await engine.received(verdict.decision_id))
    with trader.get_tracer("tradeengine").start_as_current_span("execute", context=to_otel(came)):
        pass
    await eventually(
        lambda: (
            STEPS | {"signal", "decide intent", "execute", "record decision"}
            <= {span.name for span in receiver.trace(sent.trace_id)}
        ),
        seconds=30,
        what="all spans have come",
    )
    spans = {span.name: span for span in receiver.trace(sent.trace_id)}
    decide = spans["decide intent"]
    assert {name: span.service for name, span in spans.items() if name not in STEPS} == {
        "signal": "bot",
        "decide intent": "cio-nurse",
        "execute": "tradeengine",
        "record decision": "cio-strategist",
    }
    assert decide.parent_id == spans["signal"].span_id
    below = {name for name, span in spans.items() if span.parent_id == decide.span_id}
    assert below == STEPS | {"execute", "record decision"}
    assert decide.attributes["cio.decision_id"] == verdict.decision_id
    assert decide.attributes["cio.verdict"] == "approved"
    await bus.close()
