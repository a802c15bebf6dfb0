from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cio_strategist.domain.record.accounting import Account, Seen, account
from tests.chains import NOON

SINCE, UNTIL = NOON, NOON + timedelta(minutes=10)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def intent(second: float, payload: str = "p", *, subject: str = "cio.intent.x", message_id: str | None = None) -> Seen:
    return Seen(subject, payload, at(second), f"intent at {second}", message_id)


def record(second: float, payload: str = "p", *, subject: str = "cio.intent.x", message_id: str | None = None) -> Seen:
    return Seen(subject, payload, at(second), f"record at {second}", message_id)


def accounted(intents: list[Seen], records: list[Seen]) -> Account:
    return account(intents, records, since=SINCE, until=UNTIL)


def test_every_intent_with_its_record_is_in_balance() -> None:
    found = accounted([intent(1), intent(2, "q")], [record(1.01), record(2.01, "q")])
    assert found.balanced
    assert (found.matched, found.unanswered) == (2, ())


def test_an_intent_without_a_record_between_others_is_missing() -> None:
    found = accounted([intent(1), intent(2, "q"), intent(3)], [record(1), record(3)])
    assert [seen.name for seen in found.missing] == ["intent at 2"]
    assert not found.balanced


def test_a_record_of_the_same_millisecond_counts_as_one_that_came_after() -> None:
    found = accounted([intent(1), intent(2.0009, "q"), intent(2.0009)], [record(1), record(2)])
    assert [seen.name for seen in found.missing] == ["intent at 2.0009"]


def test_intents_that_came_while_no_gate_was_there_are_unanswered_not_missing() -> None:
    intents = [intent(0), *(intent(second, str(second)) for second in range(100, 200, 10)), intent(300)]
    found = accounted(intents, [record(0), record(300)])
    assert found.balanced
    assert len(found.unanswered) == 10


def test_a_record_without_an_intent_is_surplus() -> None:
    found = accounted([intent(1)], [record(1), record(2, "q")])
    assert [seen.name for seen in found.surplus] == ["record at 2"]


def test_the_same_payload_needs_a_record_each_time() -> None:
    found = accounted([intent(1), intent(2), intent(3)], [record(1), record(3)])
    assert (found.matched, len(found.missing), found.surplus) == (2, 1, ())
    found = accounted([intent(1)], [record(1), record(1.5)])
    assert (found.matched, len(found.surplus)) == (1, 1)


def test_an_approval_and_its_withdrawal_are_one_decision_about_one_intent() -> None:
    approval = record(1)
    withdrawal = replace(approval, name=f"{approval.name}:withdrawn")
    for records in ([approval, withdrawal], [withdrawal, approval], [withdrawal]):
        found = accounted([intent(1)], records)
        assert (found.matched, found.balanced) == (1, True)
    assert len(accounted([intent(1), intent(1.5)], [approval, withdrawal]).unanswered) == 1


def test_the_same_payload_on_another_subject_is_another_intent() -> None:
    found = accounted([intent(1)], [record(1, subject="intent.trading.x")])
    assert (len(found.unanswered) + len(found.missing), len(found.surplus)) == (1, 1)


@pytest.mark.parametrize(("apart", "matched"), [(29.9, 1), (-29.9, 1), (31, 0), (-31, 0)])
def test_clocks_may_differ_within_the_tolerance(apart: float, matched: int) -> None:
    assert accounted([intent(100)], [record(100 + apart)]).matched == matched


def test_what_lies_outside_of_the_time_is_used_and_not_told() -> None:
    found = accounted([intent(-1), intent(599)], [record(0.5), record(601)])
    assert found == Account(SINCE, UNTIL, matched=1)


def test_what_the_stream_left_out_for_its_message_id_is_no_surplus() -> None:
    twice = [record(1, message_id="a"), record(1.05, message_id="a")]
    assert accounted([intent(1, message_id="a")], twice).balanced
    assert not accounted([intent(1, message_id="b")], twice).balanced


def test_what_the_stream_left_out_need_not_be_the_same_payload() -> None:
    other = record(1.05, "q", message_id="a")
    assert accounted([intent(1, message_id="a")], [record(1, message_id="a"), other]).balanced
    much_later = replace(other, at=at(100))
    assert not accounted([intent(1, message_id="a")], [record(1, message_id="a"), much_later]).balanced


def test_accounts_of_one_time_after_another_add_up() -> None:
    first = account([intent(1)], [record(1)], since=SINCE, until=at(5))
    later = account([intent(7)], [], since=at(5), until=UNTIL)
    both = first.and_then(later)
    assert (both.since, both.until, both.matched, len(both.unanswered)) == (SINCE, UNTIL, 1, 1)
