from datetime import UTC, datetime
from typing import Any

import pytest

from cio_nurse.domain.dialects import DIALECTS, Outgoing, classic, governed
from petrosa_contracts import TraceContext
from tests.builders import ABSENT, DECISION, NOW, intent, payload

TRACE = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1")
RECEIVED = datetime(2026, 2, 25, 12, 0, 6, tzinfo=UTC)
UNKNOWN: dict[str, Any] = {
    "note": "kept",
    "nested": {"list": [1, 2.5, None, {"deep": [True, "ü"]}], "empty": {}},
    "large": 2**70,
    "tiny": 1e-300,
}


def speak(dialect: str, **overrides: Any) -> Outgoing:
    return DIALECTS[dialect](intent(**overrides), "signals.trading", DECISION, TRACE, RECEIVED)


def test_both_dialects_have_a_name() -> None:
    assert {"classic": classic, "governed": governed} == DIALECTS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_else_than_the_listed_fields_differs(dialect: str) -> None:
    sent = payload(**UNKNOWN)
    outgoing = speak(dialect, **UNKNOWN).payload
    listed = {"decision_id", "_otel_trace_context", "timestamp"}
    listed |= {"source", "metadata"} if dialect == "governed" else set()
    assert {name: value for name, value in outgoing.items() if name not in listed} == {
        name: value for name, value in sent.items() if name not in listed
    }
    assert outgoing.keys() == sent.keys() | listed


@pytest.mark.parametrize("dialect", DIALECTS)
def test_decision_trace_and_timestamp_are_stamped(dialect: str) -> None:
    outgoing = speak(dialect, decision_id="brought along", _otel_trace_context={}).payload
    assert outgoing["decision_id"] == DECISION
    assert outgoing["_otel_trace_context"] == {"traceparent": TRACE.traceparent, "tracestate": "vendor=1"}
    assert outgoing["timestamp"] == "2026-02-25T12:00:05.500000"


@pytest.mark.parametrize(
    ("written", "stamped"),
    [
        ("2026-02-25T12:00:00Z", "2026-02-25T12:00:00"),
        ("2026-02-25T14:00:00+02:00", "2026-02-25T12:00:00"),
        ("2026-02-25T12:00:00", "2026-02-25T12:00:00"),
        (1_772_020_800, "2026-02-25T12:00:00"),
        (1_772_020_800.25, "2026-02-25T12:00:00.250000"),
    ],
)
def test_every_written_instant_leaves_as_naive_utc_text(written: object, stamped: str) -> None:
    assert speak("classic", timestamp=written).payload["timestamp"] == stamped


@pytest.mark.parametrize("timestamp", [ABSENT, None, "yesterday"])
def test_an_exit_without_an_instant_gets_the_time_of_receipt(timestamp: object) -> None:
    assert speak("classic", action="close", timestamp=timestamp).payload["timestamp"] == "2026-02-25T12:00:06"


def test_classic_speaks_on_the_bare_subject_and_leaves_the_source() -> None:
    outgoing = speak("classic")
    assert outgoing.subject == "signals.trading"
    assert outgoing.payload["source"] == "test_bot"
    assert "metadata" not in outgoing.payload


@pytest.mark.parametrize(
    ("strategy_id", "token"),
    [("momentum_v1", "momentum_v1"), ("Iceberg Order Detector", "Iceberg_Order_Detector"), ("a.b>*", "a_b__")],
)
def test_governed_speaks_on_a_subject_per_strategy(strategy_id: str, token: str) -> None:
    assert speak("governed", strategy_id=strategy_id).subject == f"signals.trading.{token}"


@pytest.mark.parametrize("metadata", [ABSENT, {}, {"kept": {"a": 1}}, {"original_source": "older"}])
def test_governed_takes_over_the_source_and_keeps_the_original(metadata: Any) -> None:
    outgoing = speak("governed", metadata=metadata).payload
    before = {} if metadata is ABSENT else metadata
    assert outgoing["source"] == "petrosa-cio"
    assert outgoing["metadata"] == {**before, "original_source": "test_bot"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_intent_itself_is_left_as_it_was(dialect: str) -> None:
    read = intent(metadata={"kept": 1}, **UNKNOWN)
    DIALECTS[dialect](read, "signals.trading", DECISION, TRACE, RECEIVED)
    assert read.payload == payload(metadata={"kept": 1}, **UNKNOWN)


def test_the_fields_keep_their_order() -> None:
    outgoing = speak("classic").payload
    assert list(outgoing)[: len(payload())] == list(payload())


def test_a_trace_without_state_carries_none() -> None:
    bare = TraceContext(TRACE.traceparent)
    outgoing = classic(intent(), "signals.trading", DECISION, bare, NOW).payload
    assert outgoing["_otel_trace_context"] == {"traceparent": TRACE.traceparent}
