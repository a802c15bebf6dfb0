"""W3C trace context as the fleet carries it: in NATS headers and in two payload fields.

Pure functions over mappings; `petrosa_contracts.otel` (extra `otel`) turns the result into OpenTelemetry contexts.
See https://www.w3.org/TR/trace-context/ for the form of `traceparent` and `tracestate`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

PAYLOAD_FIELD = "_otel_trace_context"
"""Payload field that engines read first."""

LEGACY_PAYLOAD_FIELD = "_otel_trace_headers"
"""Payload field that some bots write instead."""

TRACEPARENT_PATTERN = "(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
"""Regular expression that a whole `traceparent` matches."""

_TRACEPARENT = re.compile(TRACEPARENT_PATTERN)
_TRACESTATE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,511}")
"""What may go back out as a header. A line break from a payload would forge further headers; 512 is W3C's length."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A valid `traceparent` and, if there is one that can be carried as a header, its `tracestate`."""

    traceparent: str
    tracestate: str | None = None

    @property
    def trace_id(self) -> str:
        """The 32 hexadecimal digits that all spans of the trace share."""
        return self.traceparent[3:35]

    @classmethod
    def parse(cls, carrier: Mapping[str, Any] | None) -> Self | None:
        """Read a context from a mapping with `traceparent` (any case); None if it is absent or not valid.

        A `tracestate` that is no text of 1 to 512 printable ASCII characters, or begins with a blank, is left behind.
        """
        if not carrier:
            return None
        fields = {key.lower(): value for key, value in carrier.items()}
        traceparent = fields.get("traceparent")
        if not isinstance(traceparent, str) or not _TRACEPARENT.fullmatch(traceparent):
            return None
        tracestate = fields.get("tracestate")
        usable = isinstance(tracestate, str) and _TRACESTATE.fullmatch(tracestate) is not None
        return cls(traceparent, tracestate if usable else None)

    def carrier(self) -> dict[str, str]:
        """Return the context as headers, or as the object that goes into the payload field."""
        if self.tracestate is None:
            return {"traceparent": self.traceparent}
        return {"traceparent": self.traceparent, "tracestate": self.tracestate}


def from_headers(headers: Mapping[str, str] | None) -> TraceContext | None:
    """Return the context in NATS headers, or None."""
    return TraceContext.parse(headers)


def from_payload(payload: Mapping[str, Any]) -> TraceContext | None:
    """Return the context in a payload: `_otel_trace_context`, or `_otel_trace_headers` where that holds none."""
    for name in (PAYLOAD_FIELD, LEGACY_PAYLOAD_FIELD):
        carrier = payload.get(name)
        if isinstance(carrier, dict) and (context := TraceContext.parse(cast("dict[str, Any]", carrier))):
            return context
    return None


def of_message(headers: Mapping[str, str] | None, payload: Mapping[str, Any]) -> TraceContext | None:
    """Return the context of a message: its headers speak first, then its payload."""
    return from_headers(headers) or from_payload(payload)


def of_decision(decision_id: str) -> TraceContext:
    """Return an unsampled context for a decision that came without one; its trace id is the decision id.

    `decision_id` is 32 lower-case hexadecimal digits, neither half of them all zero.
    """
    return TraceContext(f"00-{decision_id}-{decision_id[:16]}-00")
