"""Traces: a record that is in the chain closes the trace of its intent."""

import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from opentelemetry.trace import SpanKind

from petrosa_contracts import tracing
from petrosa_contracts.otel import to_otel
from petrosa_contracts.runtime.otel_export import shut_down, tracer_provider


class OtelTracing:
    """Adds a span to the trace of each record that was written."""

    def __init__(self, exporters: Sequence[str], *, instance: str) -> None:
        self._provider = tracer_provider(
            exporters, service="cio-strategist", version=version("cio-strategist"), instance=instance
        )
        self._tracer = self._provider.get_tracer("cio_strategist")

    def now(self) -> int:
        """Return the present in nanoseconds since 1970."""
        return time.time_ns()

    def recorded(self, messages: Iterable[Mapping[str, str]], began: int) -> None:
        """Add a span that began then and ends now to the traces that the headers of written messages name."""
        for headers in messages:
            if (parent := tracing.from_headers(headers)) is not None:
                span = self._tracer.start_span(
                    "record decision", context=to_otel(parent), kind=SpanKind.CONSUMER, start_time=began
                )
                span.end()

    def close(self) -> None:
        """Send what waits. Blocks for a few seconds at most."""
        shut_down(self._provider)
