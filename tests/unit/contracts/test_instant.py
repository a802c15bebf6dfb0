from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from petrosa_contracts.instant import UtcDatetime, as_utc

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=offsets)  # noqa: DTZ001 hypothesis adds the zone
field = TypeAdapter(UtcDatetime)


@given(moments)
def test_the_instant_stays_and_the_zone_becomes_utc(moment: datetime) -> None:
    assert as_utc(moment) == moment
    assert as_utc(moment).tzinfo is UTC


@given(st.datetimes())
def test_a_time_without_zone_is_read_as_utc(moment: datetime) -> None:
    assert as_utc(moment) == moment.replace(tzinfo=UTC)


@given(moments)
def test_a_field_is_utc_and_is_read_back_as_the_same_instant(moment: datetime) -> None:
    read = field.validate_json(f'"{moment.isoformat()}"')
    assert read == moment
    assert read.tzinfo is UTC
    assert field.validate_json(field.dump_json(read)) == read


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"])
def test_an_instant_without_utc_form_is_a_value_error_and_so_a_refusal(text: str) -> None:
    with pytest.raises(ValueError, match="no UTC form"):
        as_utc(datetime.fromisoformat(text))
    with pytest.raises(ValidationError):
        field.validate_python(text)
