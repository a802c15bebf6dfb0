"""A recorded decision can be made again: the record, written and read back, gives the same verdict to the byte."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from cio_decision.context import Context
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import conclude, examine, refuse
from cio_decision.record_writing import Origin, record_json
from cio_decision.replay import decide_again
from petrosa_contracts import Mode
from petrosa_contracts.primal import BUILT_IN
from petrosa_contracts.record import DecisionRecord
from tests.builders import DECISION, NOW, layer, raw
from tests.builders import context as plain_context
from tests.intents import ENTRIES, EXITS, JUNK, contexts, fields, spoiled

LIMITS = PayloadLimits()


def origin(data: bytes) -> Origin:
    return Origin(
        raw=data,
        subject="cio.intent.trading.momentum_v1",
        headers={"traceparent": "x"},
        limits=LIMITS,
        instance="nurse-1",
        version="0.1.0",
        primal_digest=BUILT_IN.digest(),
        trace_id=DECISION,
    )


def read_back(written: bytes) -> DecisionRecord:
    return DecisionRecord.model_validate_json(written)


def sorted_json(text: bytes) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


@given(data=st.data(), latency_ms=st.floats(0, 1e6))
@settings(max_examples=300)
def test_a_decision_made_again_from_its_record_is_the_same_to_the_byte(data: st.DataObject, latency_ms: float) -> None:
    sent = data.draw(fields(ENTRIES + EXITS).map(lambda drawn: raw(**drawn)) | spoiled())
    intent = decode(sent, LIMITS)
    if isinstance(intent, Unreadable):
        verdict = refuse(intent, decision_id=DECISION, mode=Mode.SAFE, epoch=3, received_at=NOW, latency_ms=latency_ms)
        written = record_json(origin(sent), verdict)
    else:
        context = data.draw(contexts(side=intent.side))
        findings = examine(intent, context)
        verdict = conclude(intent, context, findings, latency_ms=latency_ms)
        written = record_json(origin(sent), verdict, context, findings)
    again = decide_again(read_back(written))
    assert again is not None
    assert to_json(again) == to_json(verdict)


@given(contexts())
def test_what_is_read_back_is_what_was_written(context: Context) -> None:
    sent = raw()
    intent = decode(sent, LIMITS)
    assert not isinstance(intent, Unreadable)
    findings = examine(intent, context)
    written = record_json(origin(sent), conclude(intent, context, findings, latency_ms=1.0), context, findings)
    assert sorted_json(to_json(read_back(written))) == sorted_json(written)
    assert read_back(written).raw == sent


@given(st.binary(max_size=200) | JUNK.map(to_json))
def test_what_could_not_be_read_is_refused_again(sent: bytes) -> None:
    unreadable = decode(sent, LIMITS)
    if not isinstance(unreadable, Unreadable):
        return
    verdict = refuse(unreadable, decision_id=DECISION, mode=Mode.ACTIVE, epoch=None, received_at=NOW, latency_ms=0.1)
    again = decide_again(read_back(record_json(origin(sent), verdict)))
    assert again == verdict


def test_another_policy_gives_the_verdict_that_it_would_have_given() -> None:
    sent = raw()
    intent = decode(sent, LIMITS)
    assert not isinstance(intent, Unreadable)
    context = plain_context()
    findings = examine(intent, context)
    record = read_back(
        record_json(origin(sent), conclude(intent, context, findings, latency_ms=1.0), context, findings)
    )
    assert record.verdict.approved
    stricter = decide_again(record, {"global": layer("global", version=9, max_position_size_usd=100.0)})
    assert stricter is not None
    assert [(breach.code, breach.scope, breach.version) for breach in stricter.breaches] == [
        ("ORDER_NOTIONAL_MAX", "global", 9)
    ]
