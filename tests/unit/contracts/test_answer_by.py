from datetime import UTC, datetime

import pytest

from petrosa_contracts.answer_by import ANSWER_BY, read_answer_by

MOMENT = datetime(2026, 2, 25, 12, 0, 0, 200_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["2026-02-25T12:00:00.2+00:00", "2026-02-25T14:00:00.2+02:00", "2026-02-25T12:00:00.2"]
)
def test_an_instant_is_read_as_utc(written: str) -> None:
    read = read_answer_by({ANSWER_BY: written, "traceparent": "00"})
    assert read == MOMENT
    assert read is not None
    assert read.tzinfo is UTC


@pytest.mark.parametrize("headers", [None, {}, {"other": MOMENT.isoformat()}])
def test_without_the_header_nothing_is_known(headers: dict[str, str] | None) -> None:
    assert read_answer_by(headers) is None


@pytest.mark.parametrize("written", ["", "soon", "200", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_instant_is_not_there(written: str) -> None:
    assert read_answer_by({ANSWER_BY: written}) is None
