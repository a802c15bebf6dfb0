"""The gate survives any bytes: every payload becomes an intent or a refusal that can be answered."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import evaluate
from cio_decision.intent import Intent
from cio_nurse.domain.dialects import DIALECTS
from petrosa_contracts import Code, tracing
from tests.builders import DECISION, NOW, context, raw
from tests.intents import ENTRIES, EXITS, EXTREME_PRICES, JSON, JUNK, contexts, fields, spoiled

LIMITS = PayloadLimits()
REFUSALS = {Code.PAYLOAD_INVALID, Code.STOP_INVALID, Code.POSITION_SIZE_MAX}


def read_or_refused(data: bytes) -> Intent | Unreadable:
    read = decode(data, LIMITS)
    if isinstance(read, Unreadable):
        assert {breach.code for breach in read.breaches} <= REFUSALS
        assert 1 <= len(read.breaches) <= 10
        for breach in read.breaches:
            assert strict_json(breach.model_dump_json().encode())
    else:
        assert isinstance(read, Intent)
        assert len(read.identity) == 32
    return read


def strict_json(data: bytes) -> Any:
    return json.loads(data, parse_constant=lambda constant: 1 / 0)


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":"\\ud800"}')
@example(b"[" * 100_000)
@example(b'{"a":' * 1000)
@example(b'{"a":1,"a":1}')
@example(b"1" * 70_000)
@example(b"-")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refused(data)


@given(st.text('{}[]":,0123456789.eE+-truefalsn \\u', max_size=60))
def test_anything_that_resembles_json_is_read_or_refused(text: str) -> None:
    read_or_refused(text.encode())


@given(JUNK | JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    read_or_refused(json.dumps(value).encode())


@given(spoiled())
def test_a_realistic_payload_with_anything_wrong_is_read_or_refused(data: bytes) -> None:
    read_or_refused(data)


@given(st.integers(1, 300), st.sampled_from(["[", '{"a":']), st.integers(2, 128))
def test_any_depth_is_read_up_to_the_limit_and_refused_beyond(depth: int, opening: str, limit: int) -> None:
    closing = "]" if opening == "[" else "}"
    data = raw()[:-1] + f', "deep": {opening * depth}1{closing * depth}}}'.encode()
    assert isinstance(decode(data, PayloadLimits(max_depth=limit)), Intent) is (depth + 1 <= limit)


@given(st.integers(0, 400))
def test_any_size_is_read_up_to_the_limit_and_refused_beyond(limit: int) -> None:
    assert isinstance(decode(raw(), PayloadLimits(max_bytes=limit)), Intent) is (len(raw()) <= limit)


@given(fields(), st.data())
def test_a_repeated_key_is_refused_wherever_it_is(drawn: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(drawn)))
    twice = raw(**drawn)[:-1] + f", {json.dumps(name)}: {json.dumps(drawn[name])}}}".encode()
    assert isinstance(decode(twice, LIMITS), Unreadable)


@given(fields(ENTRIES + EXITS, EXTREME_PRICES), contexts())
def test_whatever_is_read_gets_a_verdict_that_strict_json_can_carry(drawn: dict[str, Any], circumstances: Any) -> None:
    read = decode(raw(**drawn), LIMITS)
    assert isinstance(read, Intent)
    verdict = evaluate(read, circumstances)
    assert strict_json(verdict.model_dump_json().encode())
    assert all(len(breach.message) < 1000 for breach in verdict.breaches)


@given(spoiled())
def test_whatever_is_read_can_be_decided_and_sent_on(data: bytes) -> None:
    read = decode(data, LIMITS)
    if isinstance(read, Intent):
        evaluate(read, context())
        for dialect in DIALECTS.values():
            dialect(read, "signals.trading", DECISION, tracing.of_decision(DECISION), NOW)


@given(spoiled())
def test_the_same_bytes_are_always_read_alike(data: bytes) -> None:
    first, second = decode(data, LIMITS), decode(data, LIMITS)
    if isinstance(first, Intent) and isinstance(second, Intent):
        assert (first.identity, first.instant, first.payload) == (second.identity, second.instant, second.payload)
    else:
        assert first == second
