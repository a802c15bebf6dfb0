from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider

from petrosa_contracts import TraceContext
from petrosa_contracts.otel import current_trace_context, to_otel

CONTEXT = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=value")


def test_a_context_survives_the_way_through_opentelemetry() -> None:
    assert current_trace_context(to_otel(CONTEXT)) == CONTEXT


def test_a_span_started_in_the_context_is_a_child_of_its_sender() -> None:
    span = TracerProvider().get_tracer("test").start_span("decide", context=to_otel(CONTEXT))
    assert f"{span.get_span_context().trace_id:032x}" == CONTEXT.trace_id
    carried = current_trace_context(trace.set_span_in_context(span, Context()))
    span.end()
    assert carried is not None
    assert carried.trace_id == CONTEXT.trace_id
    assert carried.traceparent != CONTEXT.traceparent
    assert carried.tracestate == CONTEXT.tracestate


def test_the_active_span_is_taken_where_no_context_is_given() -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("decide", context=to_otel(CONTEXT)):
        carried = current_trace_context()
    assert carried is not None
    assert carried.trace_id == CONTEXT.trace_id


def test_without_a_trace_a_span_starts_a_new_one() -> None:
    assert to_otel(None) == Context()
    assert current_trace_context(Context()) is None


def test_an_active_span_of_ours_does_not_leak_into_a_message_without_trace() -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("something else"):
        assert current_trace_context(to_otel(None)) is None
