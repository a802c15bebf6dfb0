import pytest

from cio_decision.freshness import Ages, Freshness, Standing, standing
from tests.builders import NOW, ago

AGES = Ages(stale_seconds=5, lost_seconds=15)


def of_age(seconds: float, **more: str) -> Standing:
    return standing("the market data", ago(seconds), AGES, now=NOW, tolerance_seconds=2, **more)


@pytest.mark.parametrize(
    ("age", "freshness"),
    [
        (0, Freshness.FRESH),
        (5, Freshness.FRESH),
        (5.000001, Freshness.STALE),
        (15, Freshness.STALE),
        (15.000001, Freshness.LOST),
        (-2, Freshness.FRESH),
        (-2.000001, Freshness.LOST),
    ],
)
def test_limits_are_inclusive(age: float, freshness: Freshness) -> None:
    found = of_age(age)
    assert found.freshness is freshness
    assert (found.is_fresh, found.is_lost) == (freshness is Freshness.FRESH, freshness is Freshness.LOST)


def test_a_little_ahead_of_this_clock_counts_as_now() -> None:
    assert of_age(-1.5).age_seconds == 0


def test_what_is_fresh_needs_no_reason() -> None:
    assert of_age(5).reason == ""


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (7.25, "the market data is 7.25 seconds old"),
        (86_400, "the market data is 86400 seconds old"),
        (-30, "the market data is dated 30 seconds ahead of this clock"),
    ],
)
def test_what_is_not_fresh_says_why(age: float, reason: str) -> None:
    assert of_age(age).reason == reason


def test_what_was_never_seen_is_lost_and_has_no_age() -> None:
    found = standing("the market data", None, AGES, now=NOW, tolerance_seconds=2)
    assert found == Standing("the market data", Freshness.LOST, None, 15, "was never seen")
    assert found.reason == "the market data was never seen"


def test_what_misses_something_needed_is_lost_however_fresh() -> None:
    found = of_age(0, missing="has no known equity")
    assert (found.freshness, found.age_seconds) == (Freshness.LOST, 0)
    assert found.reason == "the market data has no known equity"
