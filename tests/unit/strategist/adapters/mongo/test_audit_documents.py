"""Audit documents, also as older engines wrote them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.adapters.mongo.audit_documents import audit_document, read_audit, read_loosened
from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.audit import Subject
from cio_strategist.domain.policy.loosening import Loosened
from petrosa_contracts import TradingConfigAudit
from petrosa_contracts.primal.bounds import excesses
from tests.primal import SIGNED
from tests.strategist_fakes import NOON
from tests.strategist_records import BTC, BTC_LONG, STRATEGY, entry, record

OLD_ID = ObjectId("65db3c000000000000000001")
OLD_ID_MADE = datetime(2024, 2, 25, 13, 9, 20, tzinfo=UTC)


def old(**fields: Any) -> dict[str, Any]:
    """A document as the config client writes it, except for `fields`."""
    return {
        "_id": OLD_ID,
        "id": None,
        "config_type": "symbol",
        "symbol": "BTCUSDT",
        "side": None,
        "action": "update",
        "parameters_before": {"leverage": 3},
        "parameters_after": {"leverage": 5},
        "version_before": 1,
        "version_after": 2,
        "changed_by": "desk",
        "reason": "trend",
        "timestamp": NOON.replace(tzinfo=None),
        "metadata": {},
        **fields,
    }


def test_a_record_is_written_in_the_fleets_shape() -> None:
    written = record(scope=BTC_LONG, thought_trace="because", loosening={"leverage": 0.5}, request_id="r", version=4)
    document = audit_document(written, revision=9)
    fleet = TradingConfigAudit.model_validate(document)
    assert (fleet.config_type, fleet.symbol, fleet.side, fleet.version_after) == ("symbol_side", "BTCUSDT", "LONG", 4)
    assert (document["_id"], document["id"]) == (written.id, None)
    assert (document["revision"], document["scope"], document["version"]) == (9, BTC_LONG, 4)
    assert document["metadata"] == {
        "edit": "patch",
        "caller": "anna",
        "caller_class": "operator",
        "thought_trace": "because",
        "loosening": {"leverage": 0.5},
        "restored": None,
        "proposal_id": None,
        "request_id": "r",
    }


def test_after_a_delete_the_fleet_sees_no_version_and_the_number_is_kept() -> None:
    document = audit_document(record(action="delete", before={}, after=None, version=7), revision=1)
    assert TradingConfigAudit.model_validate(document).version_after is None
    assert read_audit(document).version == 7


@pytest.mark.parametrize("scope", ["global", BTC, BTC_LONG, STRATEGY])
@pytest.mark.parametrize("subject", Subject)
def test_a_record_survives_being_a_document(scope: str, subject: Subject) -> None:
    after = entry().model_dump(mode="json") if subject is Subject.CONTROL else {"leverage": 5}
    written = record(scope=scope, subject=subject, after=after, revision=3)
    assert read_audit(audit_document(written, revision=3)) == written


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        ({}, BTC),
        ({"config_type": "global", "symbol": None}, "global"),
        ({"config_type": "symbol_side", "side": "LONG"}, BTC_LONG),
        ({"config_type": "strategy", "symbol": None, "strategy_id": "momentum v1:ä"}, STRATEGY),
    ],
)
def test_an_older_engines_record_is_read(fields: dict[str, Any], scope: str) -> None:
    read = read_audit(old(**fields))
    assert (read.id, read.scope, read.edit, read.at, read.revision) == (str(OLD_ID), scope, "set", NOON, None)
    assert (read.before, read.after, read.version_before, read.version) == ({"leverage": 3}, {"leverage": 5}, 1, 2)
    assert (read.changed_by, read.caller, read.caller_class) == ("desk", "desk", "unknown")


def test_an_older_delete_has_no_version() -> None:
    read = read_audit(old(action="delete", parameters_after=None, version_after=None))
    assert (read.edit, read.after, read.version) == ("delete", None, None)


def test_a_record_without_a_time_has_that_of_its_id() -> None:
    assert read_audit(old(timestamp=None)).at == OLD_ID_MADE
    assert read_audit(old(timestamp="2026-02-25T12:00:00")).at == NOON


def test_a_refusal_keeps_what_was_beyond_and_charges_no_budget() -> None:
    refused = excesses({"leverage": 21}, SIGNED.limits)
    written = record(subject=Subject.REFUSAL, scope="primal", refused=refused, loosening={"leverage": 1.0}, revision=3)
    document = audit_document(written, revision=3)
    assert document["config_type"] == "refusal"
    assert read_audit(document) == written
    assert read_loosened([document]) == ()


@pytest.mark.parametrize("refused", [5, "text", [5], [{"name": "leverage"}], None])
def test_a_damaged_refusal_is_read_without_what_is_damaged(refused: object) -> None:
    document = audit_document(record(subject=Subject.REFUSAL), revision=1)
    document["metadata"]["refused"] = refused
    assert read_audit(document).refused == ()


def test_loosening_counts_by_class_oldest_first_and_only_of_parameters() -> None:
    later = record("later", at=NOON, loosening={"leverage": 0.5}, caller_class="agent")
    sooner = record("sooner", at=NOON.replace(hour=11), loosening={"leverage": 0.25})
    halt = record("halt", subject=Subject.CONTROL, loosening={"leverage": 9.0})
    documents = [audit_document(each, revision=1) for each in (later, halt, sooner)]
    assert read_loosened([*documents, old()]) == (
        Loosened(NOON.replace(hour=11), CallerClass.OPERATOR, "leverage", 0.25),
        Loosened(NOON, CallerClass.AGENT, "leverage", 0.5),
    )


_anything = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text() | st.datetimes()
_anything |= st.lists(_anything, max_size=2) | st.dictionaries(st.text(max_size=4), _anything, max_size=2)


@given(st.dictionaries(st.sampled_from(list(old())), _anything))
def test_no_document_makes_reading_fail(fields: dict[str, Any]) -> None:
    document = old(**fields)
    read_audit(document)
    read_loosened([document])
