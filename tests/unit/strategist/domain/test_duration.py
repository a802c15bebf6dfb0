"""Durations as operators type them."""

from datetime import timedelta

import pytest

from cio_strategist.domain.duration import LONGEST, parse_duration
from cio_strategist.errors import UsageError


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        ("366d", LONGEST),
    ],
)
def test_a_duration_is_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0m",
        "30",
        "m",
        "-5m",
        "1.5h",
        "2 h",
        "1h1h",
        "1w",
        "30M",
        "367d",
        "366d1s",
        "999999999d",
        "1h-",
        "٣m",
        "1h\n",
    ],
)
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse_duration(text)
