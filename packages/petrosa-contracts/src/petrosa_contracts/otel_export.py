"""Sending spans by the standard variables of OpenTelemetry. Needs the extra `otel-export`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

EXPORTERS = ("otlp", "console", "none")
"""What `OTEL_TRACES_EXPORTER` may name here."""


def exporters_asked(value: str) -> str:
    """Return a value of `OTEL_TRACES_EXPORTER` as it is. Raises `ValueError` for a name that is none of `EXPORTERS`."""
    if unknown := {part.strip() for part in value.split(",")} - set(EXPORTERS):
        raise ValueError(f"{', '.join(sorted(unknown))}: choose of {', '.join(EXPORTERS)}")
    return value


def exporters(*, asked: str | None, endpoints: Sequence[str | None], disabled: bool) -> tuple[str, ...]:
    """Return the exporters of traces to use; none where traces are off.

    `asked` is `OTEL_TRACES_EXPORTER`, `endpoints` are those of OTLP, of which one that is set turns traces on where
    nothing is asked, and `disabled` is `OTEL_SDK_DISABLED`.
    """
    if disabled:
        return ()
    if asked is None:
        return ("otlp",) if any(endpoints) else ()
    return tuple(name for part in asked.split(",") if (name := part.strip()) and name != "none")


def tracer_provider(names: Sequence[str], *, service: str, version: str, instance: str) -> "TracerProvider":
    """Return a provider that sends to these exporters.

    Endpoint, headers, sampler and delays come from the variables `OTEL_*`, which also win over the names given here.
    Its `shutdown` sends what waits, and blocks for it.
    """
    # A third of a second of imports, for processes that trace.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

    ours = {"service.name": service, "service.version": version, "service.instance.id": instance}
    provider = TracerProvider(resource=Resource(ours).merge(OTELResourceDetector().detect()))
    for name in names:
        if name == "console":
            provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
        else:
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
