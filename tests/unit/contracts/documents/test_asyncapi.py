import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from petrosa_contracts import Code, Decision, Mode, Verdict, subjects
from petrosa_contracts.documents.asyncapi import asyncapi_document
from petrosa_contracts.documents.channels import CHANNELS
from petrosa_contracts.tracing import of_decision
from tests.samples import load_samples

DECISION_ID = "0f" * 16


@pytest.fixture
def document() -> dict[str, Any]:
    return asyncapi_document()


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _walk(child)


def _resolve(document: dict[str, Any], reference: str) -> Any:
    start, *path = reference.split("/")
    assert start == "#"
    found: Any = document
    for part in path:
        found = found[part]
    return found


def _validate(document: dict[str, Any], message: str, payload: Any) -> None:
    """Check a payload as a reader of the document would; references are looked up in the whole of it."""
    schema = document["components"]["messages"][message]["payload"]
    Draft7Validator({**document, **schema}, format_checker=Draft7Validator.FORMAT_CHECKER).validate(payload)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = [part["$ref"] for part in _walk(document) if "$ref" in part]
    assert references
    for reference in references:
        assert _resolve(document, reference)


def test_every_message_and_every_schema_is_referred_to(document: dict[str, Any]) -> None:
    references = {part["$ref"] for part in _walk(document) if "$ref" in part}
    for kind, components in document["components"].items():
        assert {f"#/components/{kind}/{name}" for name in components} <= references


def test_every_subject_of_the_library_appears(document: dict[str, Any]) -> None:
    constants = {name: value for name, value in vars(subjects).items() if name.isupper() and isinstance(value, str)}
    channels = document["channels"].values()
    described = {channel["address"] for channel in channels} | {
        channel.get("x-nats-subscription") for channel in channels
    }
    described |= {
        operation["bindings"]["nats"]["queue"]
        for operation in document["operations"].values()
        if "bindings" in operation
    }
    assert constants.keys() >= {"INTENTS", "LEGACY_INTENTS", "SIGNALS", "HEARTBEAT", "PING", "VERDICTS"}
    assert set(constants.values()) <= described
    for built in (
        subjects.intent("STRATEGY"),
        subjects.legacy_intent("STRATEGY"),
        subjects.verdict("STRATEGY"),
        subjects.decision_record("STRATEGY"),
        subjects.failsafe_report("STRATEGY"),
        subjects.signal_of_strategy(subjects.SIGNALS, "STRATEGY"),
    ):
        assert built.replace("STRATEGY", "{strategy}") in described


def test_a_subject_is_described_once(document: dict[str, Any]) -> None:
    addresses = [channel["address"] for channel in document["channels"].values()]
    assert len(set(addresses)) == len(addresses)


def test_the_parts_that_the_specification_asks_for_are_there(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert document["info"].keys() >= {"title", "version"}
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert operation["messages"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
    for channel in document["channels"].values():
        in_address = set(re.findall(r"\{(\w+)\}", channel["address"] or ""))
        assert set(channel.get("parameters", {})) == in_address


def test_there_is_one_operation_for_each_channel_seen_from_the_gate(document: dict[str, Any]) -> None:
    expected = {f"{channel.direction}_{channel.name}": channel for channel in CHANNELS}
    assert document["operations"].keys() == expected.keys()
    for name, channel in expected.items():
        operation = document["operations"][name]
        assert ("reply" in operation) == (channel.reply is not None)
        assert set(operation["x-senders"]) | set(operation["x-receivers"]) == set(channel.directions)


def test_only_the_reply_subject_is_unknown_beforehand(document: dict[str, Any]) -> None:
    assert [name for name, channel in document["channels"].items() if channel["address"] is None] == ["replies"]


def test_schemas_keep_to_the_words_of_draft_7_that_the_specification_builds_on(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
    words = {word for part in _walk(document["components"]["schemas"]) for word in part}
    assert not words & {"prefixItems", "$defs", "dependentRequired", "unevaluatedProperties"}


@pytest.mark.parametrize(
    "payload", [pytest.param(sample.payload, id=sample.name) for sample in load_samples() if sample.accepted]
)
def test_what_bots_send_today_is_described(document: dict[str, Any], payload: dict[str, Any]) -> None:
    payload.pop("timestamp", None)  # taken in more forms than the canonical one
    _validate(document, "Intent", payload)
    _validate(
        document,
        "ApprovedSignal",
        {**payload, "decision_id": DECISION_ID, "_otel_trace_context": of_decision(DECISION_ID).carrier()},
    )


@pytest.mark.parametrize("missing", ["decision_id", "_otel_trace_context"])
def test_a_signal_without_the_marks_of_a_decision_is_not_an_approved_one(
    document: dict[str, Any], missing: str
) -> None:
    sample = next(sample for sample in load_samples() if sample.accepted)
    trace = of_decision(DECISION_ID).carrier()
    payload = {**sample.payload, "decision_id": DECISION_ID, "_otel_trace_context": trace}
    _validate(document, "ApprovedSignal", payload)
    del payload[missing]
    with pytest.raises(ValidationError):
        _validate(document, "ApprovedSignal", payload)


def test_a_verdict_is_described_as_it_is_sent(document: dict[str, Any]) -> None:
    verdict = Verdict.model_validate(
        {
            "decision_id": DECISION_ID,
            "verdict": Decision.VETOED,
            "code": Code.HALT_ACTIVE,
            "message": "The fleet is halted.",
            "breaches": [
                {
                    "code": Code.HALT_ACTIVE,
                    "gate": "halt_active",
                    "measured": "buy",
                    "limit": None,
                    "unit": "action",
                    "scope": "global",
                    "version": None,
                    "message": "The fleet is halted.",
                }
            ],
            "mode": Mode.HALTED,
            "epoch": 3,
            "strategy_id": "momentum_v1",
            "symbol": "BTCUSDT",
            "action": "buy",
            "signal_id": None,
            "received_at": "2026-02-25T12:00:00Z",
            "latency_ms": 0.4,
        }
    )
    sent = json.loads(verdict.model_dump_json())
    _validate(document, "Verdict", sent)
    with pytest.raises(ValidationError):
        _validate(document, "Verdict", {**sent, "verdict": "maybe"})


def test_the_document_may_be_changed_by_who_asked_for_it(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["TraceContext"]["properties"].clear()
    assert asyncapi_document()["components"]["schemas"]["TraceContext"]["properties"]
