"""Sending spans by the standard variables of OpenTelemetry. Needs the extra `otel-export`."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, Field

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

EXPORTERS = ("otlp", "console", "none")
"""What `OTEL_TRACES_EXPORTER` may name here."""

SHUTDOWN_SECONDS = 3.0
"""How long a process that ends waits for spans to be sent."""


def _known(value: str) -> str:
    if unknown := {part.strip() for part in value.split(",")} - set(EXPORTERS):
        raise ValueError(f"{', '.join(sorted(unknown))}: choose of {', '.join(EXPORTERS)}")
    return value


class TraceSettings(BaseModel):
    """The standard variables that say whether traces are sent, and where; for a service's settings to inherit."""

    traces_exporter: Annotated[str, AfterValidator(_known)] | None = Field(
        default=None,
        alias="OTEL_TRACES_EXPORTER",
        description="Where traces go: otlp, console, none, or several with commas. Unset: otlp if an endpoint is set.",
    )
    otlp_endpoint: str | None = Field(
        default=None, alias="OTEL_EXPORTER_OTLP_ENDPOINT", description="OTLP receiver, over HTTP."
    )
    otlp_traces_endpoint: str | None = Field(
        default=None, alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", description="The same for traces alone."
    )
    otel_disabled: bool = Field(
        default=False, alias="OTEL_SDK_DISABLED", description="Whether traces are off whatever the others say."
    )

    @property
    def exporters(self) -> tuple[str, ...]:
        """The exporters of traces to use; none where traces are off."""
        if self.otel_disabled:
            return ()
        if self.traces_exporter is None:
            return ("otlp",) if self.otlp_endpoint or self.otlp_traces_endpoint else ()
        return tuple(name for part in self.traces_exporter.split(",") if (name := part.strip()) and name != "none")


def tracer_provider(names: Sequence[str], *, service: str, version: str, instance: str) -> "TracerProvider":
    """Return a provider that sends to these exporters.

    Endpoint, headers, sampler and delays come from the variables `OTEL_*`, which also win over the names given here.
    `shut_down` ends it.
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


def shut_down(provider: "TracerProvider") -> None:
    """Send what waits, and block for it for `SHUTDOWN_SECONDS` at most.

    Left to itself, the exporter tries for up to 20 seconds where the receiver is away or does not answer.
    """
    sending = threading.Thread(target=provider.shutdown, name="traces-shutdown", daemon=True)
    sending.start()
    sending.join(SHUTDOWN_SECONDS)
