"""Traces: OpenTelemetry spans of what the gate does, sent by the standard exporters."""

import time
from collections.abc import Sequence

import structlog
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from cio_nurse import __version__
from petrosa_contracts import TraceContext, Verdict
from petrosa_contracts.otel import current_trace_context, to_otel
from petrosa_contracts.runtime.otel_export import shut_down, tracer_provider

_log = structlog.stdlib.get_logger()


class OtelTracing:
    """Begins a span for each intent. Endpoint, headers, sampler and resource come from the variables `OTEL_*`."""

    def __init__(self, exporters: Sequence[str], *, instance: str) -> None:
        self._provider = tracer_provider(exporters, service="cio-nurse", version=__version__, instance=instance)
        self._tracer = self._provider.get_tracer("cio_nurse", __version__)
        _log.info("traces_on", exporters=list(exporters))

    def now(self) -> int:
        """Return an instant, in the form that `begin` takes: nanoseconds since 1970, which exporters want."""
        return time.time_ns()

    def begin(self, parent: TraceContext | None, began: int) -> "IntentSpan | None":
        """Begin the span of an intent below that of its sender; None where this trace is not sampled."""
        span = self._tracer.start_span(
            "decide intent", context=to_otel(parent), kind=SpanKind.CONSUMER, start_time=began
        )
        return IntentSpan(span, self._tracer) if span.is_recording() else None

    def close(self) -> None:
        """Send what waits. Blocks for a few seconds at most."""
        shut_down(self._provider)


class IntentSpan:
    """The span of one intent, and those of its steps below it."""

    def __init__(self, span: Span, tracer: Tracer) -> None:
        self._span = span
        self._tracer = tracer
        self._below = set_span_in_context(span)

    @property
    def context(self) -> TraceContext:
        """What is passed on, so that whatever follows hangs below this span."""
        context = current_trace_context(self._below)
        if context is None:
            raise AssertionError("a span that records has a valid context")
        return context

    def now(self) -> int:
        """Return the instant at which a step begins, in the form that `step` takes."""
        return time.time_ns()

    def step(self, name: str, began: int) -> None:
        """Add a step that ends now."""
        self._tracer.start_span(name, context=self._below, start_time=began).end()

    def end(self, verdict: Verdict) -> None:
        """End the span with what was decided."""
        told = {
            "cio.decision_id": verdict.decision_id,
            "cio.verdict": verdict.verdict.value,
            "cio.code": verdict.code,
            "cio.mode": verdict.mode.value,
            "cio.strategy_id": verdict.strategy_id,
            "cio.symbol": verdict.symbol,
            "cio.action": verdict.action,
        }
        self._span.set_attributes({name: value for name, value in told.items() if value is not None})
        self._span.set_status(Status(StatusCode.OK))
        self._span.end()
