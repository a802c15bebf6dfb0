"""What looks healthy and lets nothing through, kind by kind."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_nurse.service.silence import (
    DEAF_ORDERS,
    DEAF_SECONDS,
    SETTLED_SECONDS,
    DeafEngine,
    NoConsumer,
    NothingApproved,
)
from petrosa_contracts import Code, Verdict
from tests.unit.contracts.client.answers import verdict as approved_verdict

SECONDS = 300.0
ENTRIES = 5


def verdict(code: Code | None = None, *, action: str | None = "buy") -> Verdict:
    decision = "approved" if code is None else "vetoed"
    return approved_verdict().model_copy(
        update={"decision_id": uuid4().hex, "verdict": decision, "code": code, "action": action}
    )


def starving(*, entries: int = ENTRIES, over: float = SECONDS) -> NothingApproved:
    """Return a watch that saw so many vetoes, spread over that time from 0 on."""
    watch = NothingApproved(seconds=SECONDS, entries=ENTRIES)
    for number in range(entries):
        watch.decided(verdict(Code.CONFIDENCE_LOW), over * number / max(1, entries - 1))
    return watch


def test_entries_that_are_all_vetoed_for_long_are_told_with_the_commonest_reason() -> None:
    watch = starving()
    watch.decided(verdict(Code.ORDER_NOTIONAL_MAX), SECONDS)
    assert watch.problem(SECONDS) == (
        "no entry was approved for 300 seconds though 6 arrived, most of them vetoed CONFIDENCE_LOW"
    )


@pytest.mark.parametrize(("entries", "over"), [(ENTRIES - 1, SECONDS), (ENTRIES * 10, SECONDS - 0.001)])
def test_few_entries_or_a_short_time_are_none(entries: int, over: float) -> None:
    assert starving(entries=entries, over=over).problem(over) == ""


def test_one_approval_ends_it_and_the_time_begins_anew() -> None:
    watch = starving()
    assert watch.problem(SECONDS)
    watch.decided(verdict(), SECONDS + 1)
    assert watch.problem(SECONDS + 1) == ""
    assert watch.ended == "an entry was approved"
    watch.decided(verdict(Code.CONFIDENCE_LOW), SECONDS + 2)
    assert watch.problem(SECONDS + 2) == ""


def test_it_ends_when_no_entry_arrives_any_more() -> None:
    watch = starving()
    assert watch.problem(2 * SECONDS)
    assert watch.problem(2 * SECONDS + 0.001) == ""
    assert watch.ended == "no entry arrived for 300 seconds"


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_neither_begin_nor_end_it(action: str) -> None:
    watch = starving()
    watch.decided(verdict(action=action), SECONDS)
    assert watch.problem(SECONDS)
    watch = NothingApproved(seconds=SECONDS, entries=1)
    watch.decided(verdict(Code.SYMBOL_UNKNOWN, action=action), 0)
    assert watch.problem(SECONDS) == ""


def test_what_cannot_be_read_counts_as_an_entry() -> None:
    watch = NothingApproved(seconds=SECONDS, entries=2)
    for now in (0, SECONDS):
        watch.decided(verdict(Code.PAYLOAD_INVALID, action=None), now)
    assert watch.problem(SECONDS)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, SECONDS)), max_size=60))
def test_it_never_lasts_beside_an_approval_of_the_last_minutes(steps: list[tuple[bool, float]]) -> None:
    watch, now, last_approval = NothingApproved(seconds=SECONDS, entries=1), 0.0, 0.0
    for is_approved, pause in steps:
        now += pause
        watch.decided(verdict(None if is_approved else Code.DAILY_LOSS), now)
        last_approval = now if is_approved else last_approval
        assert not watch.problem(now) or now - last_approval >= SECONDS


def test_a_signal_that_nobody_took_is_told_until_one_is_taken() -> None:
    watch = NoConsumer(quiet_seconds=SECONDS)
    watch.left("a", 0.0)
    watch.undelivered("a")
    assert watch.problem(0.1) == "approved signals reach no consumer"
    watch.left("b", 10.0)
    assert watch.problem(10.0 + SETTLED_SECONDS)
    assert watch.problem(10.001 + SETTLED_SECONDS) == ""
    assert watch.ended == "a signal was taken"


def test_signal_after_signal_that_nobody_takes_is_one_halt() -> None:
    watch = NoConsumer(quiet_seconds=SECONDS)
    for number in range(100):
        now = number * 200.0
        watch.left(str(number), now)
        assert number == 0 or watch.problem(now)
        watch.undelivered(str(number))
        assert watch.problem(now + 10)


def test_a_signal_before_the_one_that_nobody_took_is_not_taken_for_a_delivery() -> None:
    watch = NoConsumer(quiet_seconds=SECONDS)
    watch.left("a", 0.0)
    watch.left("b", 1.0)
    watch.undelivered("b")
    assert watch.problem(1.5 + SETTLED_SECONDS)


def test_after_a_long_silence_it_is_not_known_any_more() -> None:
    watch = NoConsumer(quiet_seconds=SECONDS)
    watch.left("a", 0.0)
    watch.undelivered("a")
    assert watch.problem(SECONDS)
    assert watch.problem(SECONDS + 0.001) == ""
    assert "not known" in watch.ended


def heard_once() -> DeafEngine:
    """Return a watch on an engine that has told of an order in an event."""
    watch = DeafEngine(quiet_seconds=SECONDS)
    watch.left("first", 0.0)
    watch.told("first", by_event=True)
    return watch


def unanswered(watch: DeafEngine, count: int) -> DeafEngine:
    for number in range(count):
        watch.left(f"0.0-{number}", 0.0)
    return watch


def test_an_engine_that_stops_telling_is_told_until_it_tells_again() -> None:
    watch = unanswered(heard_once(), DEAF_ORDERS)
    assert watch.problem(DEAF_SECONDS - 0.001) == ""
    assert watch.problem(DEAF_SECONDS) == "the engine has stopped telling what becomes of approved signals"
    watch.left("next", DEAF_SECONDS)
    watch.told("next", by_event=False)
    assert watch.problem(DEAF_SECONDS) == ""
    assert watch.ended == "the engine tells of orders again"


def test_few_orders_without_a_word_are_none() -> None:
    assert unanswered(heard_once(), DEAF_ORDERS - 1).problem(DEAF_SECONDS) == ""


@pytest.mark.parametrize("replies", [False, True])
def test_an_engine_that_never_sent_an_event_is_not_judged(replies: bool) -> None:
    watch = DeafEngine(quiet_seconds=SECONDS)
    watch.left("first", 0.0)
    if replies:
        watch.told("first", by_event=False)
    assert unanswered(watch, 100).problem(SECONDS) == ""


def test_events_about_other_gates_orders_say_nothing() -> None:
    watch = DeafEngine(quiet_seconds=SECONDS)
    watch.told("another gate's", by_event=True)
    assert unanswered(watch, 100).problem(SECONDS) == ""
    watch = unanswered(heard_once(), DEAF_ORDERS)
    watch.told("another gate's", by_event=True)
    assert watch.problem(DEAF_SECONDS)


def test_one_that_it_told_of_clears_those_before_it() -> None:
    watch = unanswered(heard_once(), DEAF_ORDERS)
    watch.left("heard", 1.0)
    watch.told("heard", by_event=True)
    assert watch.problem(SECONDS) == ""


def test_what_nobody_took_is_not_held_against_the_engine() -> None:
    watch = unanswered(heard_once(), DEAF_ORDERS)
    watch.undelivered("0.0-1")
    assert watch.problem(DEAF_SECONDS) == ""


def test_it_ends_too_when_no_entry_has_left_for_long() -> None:
    watch = unanswered(heard_once(), DEAF_ORDERS)
    assert watch.problem(SECONDS)
    assert watch.problem(SECONDS + 0.001) == ""
    assert "not known" in watch.ended
