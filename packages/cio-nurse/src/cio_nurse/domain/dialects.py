"""Dialects: what an engine generation needs beyond the intent's own payload. One pure function each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from cio_decision.intent import Intent
from petrosa_contracts import TraceContext, subjects
from petrosa_contracts.tracing import PAYLOAD_FIELD

SERVICE = "petrosa-cio"
"""What governed engines expect as `source`."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signal ready to be encoded: where to and what."""

    subject: str
    payload: Mapping[str, Any]


Dialect = Callable[[Intent, str, str, TraceContext, datetime], Outgoing]
"""(intent, signals subject, decision id, trace context, time of receipt) to outgoing signal."""


def classic(intent: Intent, base: str, decision_id: str, trace: TraceContext, received_at: datetime) -> Outgoing:
    """Return the signal for engines that listen on the bare signals subject.

    Subject: `base` as it is. Payload: the intent's own object, unknown fields included, with
    - `decision_id`: the decision's id (replaces one that the intent brought);
    - `_otel_trace_context`: the trace the decision belongs to (replaces an empty or unreadable one);
    - `timestamp`: the same instant as naive UTC ISO 8601 text, the one form that all engines read alike. Only an exit
      can be approved without a readable instant; it gets the time of receipt, because engines refuse some unreadable
      forms and an exit must not be lost to that.
    Nothing else differs.
    """
    return Outgoing(base, _stamped(intent, decision_id, trace, received_at))


def governed(intent: Intent, base: str, decision_id: str, trace: TraceContext, received_at: datetime) -> Outgoing:
    """Return the signal for engines that take one subject per strategy and trust only this service.

    Subject: `<base>.<strategy token>`. Payload: as `classic`, and
    - `source`: `petrosa-cio`, which these engines require of every buy and sell;
    - `metadata.original_source`: the intent's own `source`.
    Nothing else differs.
    """
    payload = _stamped(intent, decision_id, trace, received_at)
    metadata = cast("dict[str, Any]", payload.get("metadata") or {})
    payload["metadata"] = {**metadata, "original_source": payload["source"]}
    payload["source"] = SERVICE
    return Outgoing(subjects.signal_of_strategy(base, intent.signal.strategy_id), payload)


DIALECTS: Mapping[str, Dialect] = {"classic": classic, "governed": governed}
"""By the name that `NURSE_ENGINE_DIALECT` takes."""


def _stamped(intent: Intent, decision_id: str, trace: TraceContext, received_at: datetime) -> dict[str, Any]:
    instant = (intent.instant or received_at).astimezone(UTC).replace(tzinfo=None)
    return {
        **intent.payload,
        "timestamp": instant.isoformat(),
        "decision_id": decision_id,
        PAYLOAD_FIELD: trace.carrier(),
    }
