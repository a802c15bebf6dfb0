import base64
import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from cio_strategist.domain.record.entry import Kind
from cio_strategist.domain.record.recording import StreamedMessage, decision_draft, failsafe_draft, refused_draft
from tests.chains import NOON

VERDICT = {
    "decision_id": "0f" * 16,
    "verdict": "vetoed",
    "code": "HALT_ACTIVE",
    "strategy_id": "momentum v1",
    "symbol": "BTCUSDT",
    "action": "buy",
    "signal_id": "order-1",
    "received_at": "2026-02-25T12:00:00.123456Z",
    "of a later form": True,
}
RAW = b'{"symbol": "BTCUSDT"}'


def message(content: object) -> StreamedMessage:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return StreamedMessage("CIO_DECISIONS", 7, "cio.record.decision.x", {"Nats-Msg-Id": "1"}, data, NOON)


def record(**fields: object) -> dict[str, object]:
    return {"verdict": VERDICT, "raw": base64.b64encode(RAW).decode(), "subject": "cio.intent.x", **fields}


def test_a_record_is_found_by_what_it_says_and_kept_as_it_came() -> None:
    sent = message(record(form=99))
    draft = decision_draft(sent)
    assert (draft.kind, draft.id, draft.body) == (Kind.DECISION, "0f" * 16, sent.data.decode())
    assert draft.at == datetime(2026, 2, 25, 12, 0, 0, 123456, tzinfo=UTC)
    assert draft.facts == {
        "verdict": "vetoed",
        "code": "HALT_ACTIVE",
        "strategy": "momentum v1",
        "symbol": "BTCUSDT",
        "action": "buy",
        "signal": "order-1",
        "subject": "cio.intent.x",
        "payload": sha256(RAW).hexdigest(),
        "stream": "CIO_DECISIONS",
        "stream_sequence": 7,
    }


def test_a_payload_that_is_not_there_as_a_whole_is_known_by_the_digest_of_all_of_it() -> None:
    assert decision_draft(message(record(raw_digest="0a" * 32))).facts["payload"] == "0a" * 32


def test_what_is_not_known_of_an_intent_is_left_out() -> None:
    draft = decision_draft(message(record(verdict={**VERDICT, "strategy_id": None, "code": None})))
    assert "strategy" not in draft.facts
    assert "code" not in draft.facts


def test_a_record_that_withdraws_an_approval_stands_beside_the_record_of_it() -> None:
    approval = decision_draft(message(record(verdict={**VERDICT, "verdict": "approved", "code": None})))
    withdrawal = decision_draft(message(record(verdict={**VERDICT, "code": "AUDIT_UNAVAILABLE"}, withdraws=True)))
    assert (approval.kind, approval.id) == (Kind.DECISION, "0f" * 16)
    assert (withdrawal.kind, withdrawal.id) == (Kind.DECISION, f"{'0f' * 16}:withdrawn")


def test_a_report_of_a_bot_is_a_record_of_its_own_kind() -> None:
    draft = failsafe_draft(message({"verdict": VERDICT, "intent": None}))
    assert (draft.kind, draft.id, draft.facts["symbol"]) == (Kind.FAILSAFE, "0f" * 16, "BTCUSDT")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"verdict": {}}',
        json.dumps(record(raw="a")).encode(),
        json.dumps(record(verdict={**VERDICT, "decision_id": ""})).encode(),
        json.dumps(record(verdict={**VERDICT, "received_at": "yesterday"})).encode(),
        json.dumps(record(verdict={**VERDICT, "symbol": "\ud800"})).encode(),
    ],
)
def test_what_is_no_record_is_kept_whole_as_refused(data: bytes) -> None:
    draft = decision_draft(message(data))
    assert draft.kind is Kind.REFUSED
    kept = json.loads(draft.body)
    assert base64.b64decode(kept["data"]) == data
    assert kept["why"]
    assert draft.at == NOON


def test_refused_messages_at_the_same_place_of_two_streams_of_one_name_are_told_apart() -> None:
    assert refused_draft(message(b"one"), "").id != refused_draft(message(b"two"), "").id
    assert refused_draft(message(b"one"), "").id == refused_draft(message(b"one"), "").id
