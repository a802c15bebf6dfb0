"""Bridge between the fleet's trace context and OpenTelemetry. Needs the extra `otel`."""

from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from petrosa_contracts.tracing import TraceContext

_PROPAGATOR = TraceContextTextMapPropagator()


def to_otel(context: TraceContext | None) -> Context:
    """Return the OpenTelemetry context to start a child span in; an empty one where there is no trace."""
    return _PROPAGATOR.extract({} if context is None else context.carrier(), context=Context())


def current_trace_context(context: Context | None = None) -> TraceContext | None:
    """Return the active span (or that of `context`) as the fleet carries it; None without a valid span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, context=context)
    return TraceContext.parse(carrier)
