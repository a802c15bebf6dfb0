import json
import math
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import instant
from petrosa_contracts._timestamps import read_signal_timestamp
from petrosa_contracts.signal import Signal
from tests.samples import smallest_signal

SMALLEST = smallest_signal()

ABSENT = object()
RECEIPT = object()
"""Stands for the moment of receipt, which lies 2.25 s after the moment that the rows send."""

SENT = datetime(2026, 2, 25, 12, 0, 3, 250_000, tzinfo=UTC)
SENT_EPOCH = 1_772_020_803.25


class Row(NamedTuple):
    label: str
    raw: Any
    becomes: Any


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


ROWS = [
    Row("absent", ABSENT, RECEIPT),
    Row("null", None, RECEIPT),
    Row("empty string", "", RECEIPT),
    Row("now, +00:00", "2026-02-25T12:00:03.250000+00:00", SENT),
    Row("now, Z", "2026-02-25T12:00:03.250000Z", SENT),
    Row("now, lower-case z", "2026-02-25T12:00:03.250000z", RECEIPT),
    Row("now, naive (UTC wall clock)", "2026-02-25T12:00:03.250000", SENT),
    Row("now, +05:30", "2026-02-25T17:30:03.250000+05:30", SENT),
    Row("now, space separator", "2026-02-25 12:00:03.250000+00:00", SENT),
    Row("now, naive local at UTC+5 (wrong wall clock)", "2026-02-25T17:00:03.250000", SENT + timedelta(hours=5)),
    Row("now, naive local at UTC-5", "2026-02-25T07:00:03.250000", SENT - timedelta(hours=5)),
    Row("now, compact basic format", "20260225T120003.250000+00:00", SENT),
    Row("now, 9 fractional digits", "2026-02-25T12:00:03.250000999+00:00", SENT),
    Row("now, comma fraction", "2026-02-25T12:00:03,250000+00:00", SENT),
    Row("now, +0000 without colon", "2026-02-25T12:00:03.250000+0000", SENT),
    Row("now, Z after +00:00", "2026-02-25T12:00:03.250000+00:00Z", RECEIPT),
    Row("date only 2026-02-25", "2026-02-25", utc(2026, 2, 25)),
    Row("ISO week date", "2026-W09-3", utc(2026, 2, 25)),
    Row("RFC 2822", "Wed, 25 Feb 2026 12:00:03 +0000", RECEIPT),
    Row("epoch int seconds (number)", 1_772_020_803, SENT.replace(microsecond=0)),
    Row("epoch float seconds (number)", SENT_EPOCH, SENT),
    Row("epoch ms (number)", 1_772_020_803_250, RECEIPT),
    Row("epoch seconds (string)", "1772020803", SENT.replace(microsecond=0)),
    Row("epoch float seconds (string)", "1772020803.25", SENT),
    Row("epoch ms (string)", "1772020803250", RECEIPT),
    Row("epoch 946684799 (number)", 946_684_799, RECEIPT),
    Row("epoch 946684800 (number)", 946_684_800, utc(2000, 1, 1)),
    Row("epoch 4102444800 (number)", 4_102_444_800, utc(2100, 1, 1)),
    Row("epoch 4102444801 (number)", 4_102_444_801, RECEIPT),
    Row("true", True, RECEIPT),
    Row("object", {"seconds": 1_772_020_803}, RECEIPT),
    Row("array", [2026, 2, 25], RECEIPT),
    Row("0", 0, RECEIPT),
    Row("-1", -1, RECEIPT),
    Row("301 s old", "2026-02-25T11:55:04.500000+00:00", utc(2026, 2, 25, 11, 55, 4, 500_000)),
    Row("290 s old", "2026-02-25T11:55:15.500000+00:00", utc(2026, 2, 25, 11, 55, 15, 500_000)),
    Row("1 h old", "2026-02-25T11:00:05.500000+00:00", utc(2026, 2, 25, 11, 0, 5, 500_000)),
    Row("1 day ahead", "2026-02-26T12:00:05.500000+00:00", utc(2026, 2, 26, 12, 0, 5, 500_000)),
    Row("year 9999", "9999-12-31T23:59:59+00:00", utc(9999, 12, 31, 23, 59, 59)),
    Row("year 0001", "0001-01-01T00:00:00+00:00", utc(1, 1, 1)),
    Row("text", "just now", RECEIPT),
    Row("trailing newline", "2026-02-25T12:00:03.250000+00:00\n", RECEIPT),
    Row("leading space", " 2026-02-25T12:00:03.250000+00:00", RECEIPT),
]

# Beyond the measured table: the digits-only rule, its neighbours, and values only Python callers can pass.
MORE_ROWS = [
    Row("digits that are a compact date", "20260225", utc(2026, 2, 25)),
    Row("digits that are a compact date and time", "1772020800123", utc(1772, 2, 8, 1, 23)),
    Row("digits that are no date", "1772020800", utc(2026, 2, 25, 12)),
    Row("number text with blanks", " 1772020800 ", utc(2026, 2, 25, 12)),
    Row("number text with exponent", "1.7720208e9", utc(2026, 2, 25, 12)),
    Row("number text out of range", "946684799.9", RECEIPT),
    Row("nan as text", "nan", RECEIPT),
    Row("nan", math.nan, RECEIPT),
    Row("infinity", math.inf, RECEIPT),
    Row("integer beyond any float", 10**400, RECEIPT),
    Row("lone surrogate", "\ud800", RECEIPT),
    Row("impossible day", "2026-02-30T12:00:00+00:00", RECEIPT),
    Row("decimal", Decimal(1_772_020_803), RECEIPT),
    Row("aware datetime", SENT, SENT),
    Row("naive datetime", SENT.replace(tzinfo=None), SENT),
]


def read(raw: Any) -> datetime:
    sent = {} if raw is ABSENT else {"timestamp": raw}
    return Signal.model_validate(SMALLEST | sent).timestamp


@pytest.mark.parametrize("row", ROWS + MORE_ROWS, ids=lambda row: row.label)
def test_timestamp_becomes_what_the_engine_makes_of_it(row: Row, frozen_now: datetime):
    timestamp = read(row.raw)

    assert timestamp == (frozen_now if row.becomes is RECEIPT else row.becomes)
    assert timestamp.utcoffset() is not None


@pytest.mark.parametrize("row", [row for row in ROWS if row.raw is not ABSENT], ids=lambda row: row.label)
def test_timestamp_in_json_text_is_read_like_the_decoded_one(row: Row, frozen_now: datetime):
    assert Signal.model_validate_json(json.dumps({**SMALLEST, "timestamp": row.raw})).timestamp == read(row.raw)


def test_timestamp_has_the_measured_outcome(shared_timestamp_row: dict[str, Any], frozen_now: datetime):
    rows = {row.label: row for row in ROWS}
    row, outcome = rows[shared_timestamp_row["input"]], shared_timestamp_row["head"]["model"]

    timestamp = read(row.raw)
    if outcome == "NOW(aware)":
        # The measurement does not tell a sender's "now" from the time of receipt; the rows above do.
        assert abs(timestamp - frozen_now) < timedelta(seconds=3)
    elif outcome == "kept as given (aware)":
        assert timestamp == row.becomes != frozen_now
    else:
        assert timestamp.isoformat() == outcome


def test_accepted_numbers_have_the_measured_range(shared_facts: dict[str, Any], frozen_now: datetime):
    low, high = shared_facts["timestamp_rules"]["model_range_epoch_seconds"]

    assert [read(low).timestamp(), read(high).timestamp()] == [low, high]
    assert [read(low - 1), read(high + 1)] == [frozen_now, frozen_now]


def test_digits_only_text_has_the_measured_outcome(shared_facts: dict[str, Any], frozen_now: datetime):
    examples = shared_facts["timestamp_rules"]["digits_only_text"]["example"]

    assert {"1772020800123", "20260225", "1772020800"} == examples.keys()
    assert read("1772020800").timestamp() == 1_772_020_800
    for text in ("1772020800123", "20260225"):
        assert read(text) == datetime.fromisoformat(examples[text]).replace(tzinfo=UTC)


def test_receipt_is_timed_by_the_system_clock():
    assert instant._wall_clock is time.time


def test_offset_of_the_sender_is_kept():
    assert read("2026-02-25T17:30:03+05:30").tzinfo == timezone(timedelta(hours=5, minutes=30))


def test_timestamp_is_written_with_a_numeric_offset():
    signal = Signal.model_validate({**SMALLEST, "timestamp": "2026-02-25T12:00:03Z"})

    assert signal.model_dump(mode="json")["timestamp"] == "2026-02-25T12:00:03+00:00"
    assert signal.model_dump()["timestamp"] == utc(2026, 2, 25, 12, 0, 3)


def test_schema_calls_the_timestamp_a_date_time_in_both_directions():
    for mode in ("validation", "serialization"):
        timestamp = Signal.model_json_schema(mode=mode)["properties"]["timestamp"]
        assert (timestamp["type"], timestamp["format"]) == ("string", "date-time")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(datetime.isoformat),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@given(JSON_VALUES)
def test_every_json_value_gives_an_aware_time(value: Any):
    assert read_signal_timestamp(value).utcoffset() is not None


OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))


@given(st.datetimes(timezones=OFFSETS))
def test_written_time_is_read_again_as_the_same_instant(moment: datetime):
    assert read_signal_timestamp(moment.isoformat()).isoformat() == moment.isoformat()
