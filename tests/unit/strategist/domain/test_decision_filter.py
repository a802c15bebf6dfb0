from datetime import UTC, datetime, timedelta

import pytest

from cio_strategist.domain.decision_filter import DecisionFilter, parse_moment
from cio_strategist.errors import UsageError
from tests.builders import NOW
from tests.records import STRATEGY, SYMBOL, recorded

VERDICT = recorded().verdict


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (DecisionFilter(), True),
        (DecisionFilter(since=NOW), True),
        (DecisionFilter(since=NOW + timedelta(milliseconds=1)), False),
        (DecisionFilter(until=NOW), False),
        (DecisionFilter(until=NOW + timedelta(milliseconds=1)), True),
        (DecisionFilter(strategy=STRATEGY, symbol=SYMBOL), True),
        (DecisionFilter(strategy="another"), False),
        (DecisionFilter(symbol="ETHUSDT"), False),
    ],
)
def test_a_decision_fits_by_time_strategy_and_symbol(wanted: DecisionFilter, *, fits: bool) -> None:
    assert VERDICT.received_at == NOW
    assert wanted.fits(VERDICT) is fits
    assert wanted.wants_all is (wanted == DecisionFilter())


def test_moments_are_instants_or_durations_before_now() -> None:
    assert parse_moment("2026-02-25T12:00:00Z", NOW) == datetime(2026, 2, 25, 12, tzinfo=UTC)
    assert parse_moment("2026-02-25T12:00:00", NOW) == datetime(2026, 2, 25, 12, tzinfo=UTC)
    assert parse_moment("2026-02-25T12:00:00+02:00", NOW) == datetime(2026, 2, 25, 10, tzinfo=UTC)
    assert parse_moment("1h30m", NOW) == NOW - timedelta(minutes=90)


@pytest.mark.parametrize("text", ["", "yesterday", "24", "0h", "0001-01-01T00:00:00+14:00"])
def test_what_is_neither_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        parse_moment(text, NOW)
