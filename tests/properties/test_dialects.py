"""What leaves is what came, field for field and number for number, but for what the dialect lists."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from cio_decision.decoding import PayloadLimits, decode
from cio_decision.intent import Intent
from cio_nurse.domain.dialects import DIALECTS
from petrosa_contracts import tracing
from tests.builders import DECISION, NOW, raw
from tests.intents import ENTRIES, EXITS, JSON, fields

LISTED = {
    "classic": {"decision_id", "_otel_trace_context", "timestamp"},
    "governed": {"decision_id", "_otel_trace_context", "timestamp", "source", "metadata"},
}
DIGITS = st.text("0123456789", min_size=1, max_size=40)
WHOLE = DIGITS.map(lambda digits: digits.lstrip("0") or "0")
NUMBER_TEXTS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    WHOLE,
    st.just("") | DIGITS.map(lambda digits: f".{digits}"),
    st.just("")
    | st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 250)),
)


def sent(data: bytes, dialect: str) -> dict[str, Any]:
    read = decode(data, PayloadLimits())
    assert isinstance(read, Intent)
    outgoing = DIALECTS[dialect](read, "signals.trading", DECISION, tracing.of_decision(DECISION), NOW)
    return json.loads(to_json(outgoing.payload), parse_constant=lambda constant: 1 / 0)


def typed(value: Any) -> Any:
    """Return a value in which 1, 1.0 and true differ, as do 0.0 and -0.0."""
    if isinstance(value, dict):
        return {key: typed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [typed(child) for child in value]
    return (type(value).__name__, repr(value))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(
    drawn=fields(ENTRIES + EXITS),
    metadata=st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    nested=JSON,
    trace=JSON,
)
def test_only_the_listed_fields_differ(
    dialect: str, drawn: dict[str, Any], metadata: Any, nested: Any, trace: Any
) -> None:
    data = raw(**drawn, metadata=metadata, _otel_trace_context=trace, nested=nested, decision_id="brought")
    came, left = json.loads(data), sent(data, dialect)
    listed = LISTED[dialect]
    assert typed({name: value for name, value in left.items() if name not in listed}) == typed(
        {name: value for name, value in came.items() if name not in listed}
    )
    assert left.keys() == came.keys() | listed
    assert left["decision_id"] == DECISION
    if dialect == "governed":
        assert left["source"] == "petrosa-cio"
        assert typed({**left["metadata"], "original_source": None}) == typed({**metadata, "original_source": None})
        assert left["metadata"]["original_source"] == came["source"]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(number=NUMBER_TEXTS)
def test_every_spelling_of_a_number_means_the_same_afterwards(dialect: str, number: str) -> None:
    data = raw()[:-1] + f', "number": {number}, "nested": [{{"number": {number}}}]}}'.encode()
    came = json.loads(data)["number"]
    left = sent(data, dialect)
    assert (left["number"], left["nested"][0]["number"]) == (came, came)
    assert type(left["number"]) is type(came)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=st.text(max_size=20), name=st.text(min_size=1, max_size=10).map(lambda name: f"x{name}"))
def test_every_text_and_name_is_kept(dialect: str, text: str, name: str) -> None:
    left = sent(raw(**{name: text, "rationale": text}), dialect)
    assert (left[name], left["rationale"]) == (text, text)
