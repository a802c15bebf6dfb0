import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import TraceContext
from petrosa_contracts.tracing import (
    LEGACY_PAYLOAD_FIELD,
    PAYLOAD_FIELD,
    TRACEPARENT_PATTERN,
    from_headers,
    from_payload,
    of_decision,
    of_message,
)
from tests.policies import JSON_VALUES

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def _hex(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=length, max_size=length)


traceparents = st.builds(
    "-".join,
    st.tuples(
        _hex(2).filter(lambda text: text != "ff"),
        _hex(32).filter(lambda text: int(text, 16)),
        _hex(16).filter(lambda text: int(text, 16)),
        _hex(2),
    ),
)
tracestates = st.none() | st.from_regex(r"[a-z]{1,8}=[!-+\--<>-~]{1,20}", fullmatch=True)
contexts = st.builds(TraceContext, traceparents, tracestates)


def _is_valid(text: object) -> bool:
    """The rules of W3C for `traceparent`, said without the library's expression."""
    if not isinstance(text, str) or text.count("-") != 3:
        return False
    version, trace_id, span_id, flags = text.split("-")
    lengths_match = (len(version), len(trace_id), len(span_id), len(flags)) == (2, 32, 16, 2)
    only_hex = set(version + trace_id + span_id + flags) <= set("0123456789abcdef")
    return lengths_match and only_hex and version != "ff" and bool(int(trace_id, 16)) and bool(int(span_id, 16))


@given(contexts)
def test_a_context_is_read_back_from_what_carries_it(context: TraceContext) -> None:
    assert TraceContext.parse(context.carrier()) == context
    assert from_payload({PAYLOAD_FIELD: context.carrier()}) == context
    assert from_headers({name.title(): value for name, value in context.carrier().items()}) == context


@given(
    traceparents
    | st.text("0123456789abcdef-", max_size=60)
    | st.from_regex("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
    | JSON_VALUES,
    JSON_VALUES,
)
def test_only_valid_traceparents_are_accepted(traceparent: Any, tracestate: Any) -> None:
    context = TraceContext.parse({"traceparent": traceparent, "tracestate": tracestate})
    assert (context is not None) == _is_valid(traceparent)
    if context is not None:
        assert context.traceparent == traceparent
        assert context.trace_id == traceparent.split("-")[1]


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        TRACEPARENT.upper(),
        TRACEPARENT + "\n",
        TRACEPARENT + "-00",
        TRACEPARENT.replace("00-4b", "ff-4b"),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
    ],
)
def test_almost_valid_traceparents_are_not_accepted(traceparent: str) -> None:
    assert TraceContext.parse({"traceparent": traceparent}) is None


@pytest.mark.parametrize("tracestate", ["", 7, None, "a=b\r\nNats-Msg-Id: x", "a=é", " a=b", "a=" + "b" * 511])
def test_a_tracestate_that_is_no_header_value_is_left_behind(tracestate: Any) -> None:
    assert TraceContext.parse({"traceparent": TRACEPARENT, "tracestate": tracestate}) == TraceContext(TRACEPARENT)


def test_a_tracestate_of_512_characters_is_kept() -> None:
    tracestate = "a=" + "b" * 510
    assert TraceContext.parse({"traceparent": TRACEPARENT, "tracestate": tracestate}) == TraceContext(
        TRACEPARENT, tracestate
    )


@pytest.mark.parametrize("carrier", [None, {}, {"tracestate": "a=b"}])
def test_no_carrier_and_an_empty_one_hold_no_context(carrier: dict[str, str] | None) -> None:
    assert TraceContext.parse(carrier) is None


def test_both_payload_fields_are_read_and_the_newer_speaks_first() -> None:
    newer, older = {"traceparent": TRACEPARENT}, {"traceparent": OTHER}
    assert from_payload({PAYLOAD_FIELD: newer, LEGACY_PAYLOAD_FIELD: older}) == TraceContext(TRACEPARENT)
    assert from_payload({LEGACY_PAYLOAD_FIELD: older}) == TraceContext(OTHER)


@pytest.mark.parametrize("holder", [{}, None, "text", {"traceparent": "broken"}, [TRACEPARENT]])
def test_a_field_without_context_gives_way_to_the_older_one(holder: Any) -> None:
    payload = {PAYLOAD_FIELD: holder, LEGACY_PAYLOAD_FIELD: {"traceparent": OTHER}}
    assert from_payload(payload) == TraceContext(OTHER)


def test_headers_speak_before_the_payload() -> None:
    payload = {PAYLOAD_FIELD: {"traceparent": OTHER}}
    assert of_message({"traceparent": TRACEPARENT}, payload) == TraceContext(TRACEPARENT)
    assert of_message({"traceparent": "broken"}, payload) == TraceContext(OTHER)
    assert of_message(None, payload) == TraceContext(OTHER)
    assert of_message(None, {}) is None


@given(_hex(32).filter(lambda text: int(text[:16], 16)))
def test_a_decision_without_trace_gets_a_valid_one_that_carries_its_id(decision_id: str) -> None:
    context = of_decision(decision_id)
    assert TraceContext.parse(context.carrier()) == context
    assert context.trace_id == decision_id
    assert context.traceparent.endswith("-00")


def test_the_published_pattern_says_what_is_accepted() -> None:
    assert re.fullmatch(TRACEPARENT_PATTERN, TRACEPARENT)
    assert not re.fullmatch(TRACEPARENT_PATTERN, TRACEPARENT + "0")


def test_the_payload_fields_are_those_that_the_fleet_reads() -> None:
    assert (PAYLOAD_FIELD, LEGACY_PAYLOAD_FIELD) == ("_otel_trace_context", "_otel_trace_headers")
