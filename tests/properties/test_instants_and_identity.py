"""Reading instants and telling requests apart, for anything a sender may write."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cio_decision.identity import identity_of
from cio_decision.instants import read_instant
from tests.builders import payload, raw
from tests.intents import JSON

MOMENTS = st.datetimes(datetime(1902, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001 - naive ones are what is drawn
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
IDS = st.text(min_size=1, max_size=5).filter(str.strip)
WORDS = st.text("ab\x00:", min_size=1, max_size=4)
REQUESTS = st.tuples(WORDS, st.sampled_from(["buy", "close"]), WORDS)
"""Strategy, action and id, made of few letters and of what might be a separator."""


@given(JSON | st.text("0123456789-:TWZ+. ", max_size=30))
def test_anything_is_read_as_an_instant_in_utc_or_not_at_all(value: Any) -> None:
    found = read_instant(value)
    assert found is None or found.utcoffset() == timedelta(0)


@given(MOMENTS)
def test_naive_text_is_utc(moment: datetime) -> None:
    assert read_instant(moment.isoformat()) == moment.replace(tzinfo=UTC)
    assert read_instant(moment.isoformat(sep=" ")) == moment.replace(tzinfo=UTC)


@given(MOMENTS, OFFSETS)
def test_text_with_an_offset_is_the_same_instant_in_utc(moment: datetime, offset: timezone) -> None:
    written = moment.replace(tzinfo=UTC).astimezone(offset)
    assert read_instant(written.isoformat()) == moment.replace(tzinfo=UTC)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_epoch_seconds_are_the_same_instant(moment: datetime) -> None:
    found = read_instant(moment.timestamp())
    assert found is not None
    assert abs(found - moment) <= timedelta(microseconds=1)


def identity(strategy_id: str, action: str, intent_id: str) -> str:
    fields = {"strategy_id": strategy_id, "action": action, "intent_id": intent_id}
    return identity_of(payload(**fields), raw(**fields))


@given(REQUESTS, REQUESTS)
def test_two_requests_are_one_just_when_strategy_action_and_id_agree(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (identity(*one) == identity(*other)) is (one == other)


@given(IDS, st.dictionaries(st.sampled_from(["confidence", "symbol", "price", "note"]), JSON))
def test_nothing_else_makes_a_request_another_one(intent_id: str, changed: dict[str, Any]) -> None:
    fields = {**payload(intent_id=intent_id), **changed}
    assert identity_of(fields, b"other bytes") == identity_of(payload(intent_id=intent_id), raw())
