from datetime import timedelta

import pytest

from cio_strategist.adapters.mongo.own_documents import (
    answer_document,
    control_document,
    proposal_document,
    read_answer,
    read_controls,
    read_pending,
    read_proposal,
    read_token,
    read_versions,
    token_document,
)
from cio_strategist.domain.policy.edit import Restore
from cio_strategist.domain.policy.stored import to_json
from cio_strategist.errors import StoreUnreadableError
from petrosa_contracts import ControlState
from tests.strategist_fakes import NOON
from tests.strategist_records import BTC, answer, entry, proposal, token


def test_a_proposal_survives_being_a_document() -> None:
    written = proposal(edit=Restore(parameters=None, target="version 0"), decided_at=NOON + timedelta(hours=1))
    assert read_proposal(proposal_document(written)) == written


def test_a_damaged_proposal_is_named_and_does_not_stop_the_others() -> None:
    damaged = {**proposal_document(proposal("broken")), "base_version": "one"}
    with pytest.raises(StoreUnreadableError, match=r"Proposal 'broken' is damaged \(base_version\)"):
        read_proposal(damaged)
    assert set(read_pending([damaged, proposal_document(proposal("whole"))])) == {"whole"}


def test_a_token_survives_being_a_document_without_its_secret() -> None:
    written = token(expires_at=NOON + timedelta(days=1), revoked_at=NOON)
    document = token_document(written)
    assert read_token(document) == written
    assert "secret" not in repr(document)


def test_a_damaged_token_is_named() -> None:
    with pytest.raises(StoreUnreadableError, match="StoredToken"):
        read_token({"_id": "0" * 16})


def test_an_answer_survives_being_a_document() -> None:
    assert read_answer(answer_document(answer())) == answer()


def test_control_is_read_back_byte_for_byte() -> None:
    text = to_json(entry(at=NOON.replace(microsecond=1)))
    assert read_controls([control_document(BTC, text)]) == {BTC: text}


def test_control_edited_by_hand_still_restricts() -> None:
    texts = read_controls([{"_id": BTC, "mode": "SAFE", "expires_at": NOON}, {"_id": "global", "mode": "STOP"}])
    state = ControlState.read(texts)
    assert [each.mode for each in state.entries[BTC]] == ["SAFE"]
    assert [each.expires_at for each in state.entries[BTC]] == [NOON]
    assert state.unreadable == ("global",)


def test_versions_are_read_as_text_whatever_their_type() -> None:
    documents = [{"_id": "a", "version": 3}, {"_id": "b", "version": 3.0}, {"_id": "c", "version": "x"}, {"_id": "d"}]
    assert read_versions(documents) == {"a": "3", "b": "3", "c": "x", "d": "None"}
