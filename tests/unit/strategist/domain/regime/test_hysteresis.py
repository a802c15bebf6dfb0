import pytest

from cio_strategist.domain.regime.hysteresis import Heading, Ladder, Level, next_heading, next_level
from petrosa_contracts import Trend

LADDER = Ladder((0.3, 0.8, 0.95), (0.2, 0.7, 0.85), dwell=3)


def levels(*measures: float) -> list[int]:
    level: Level | None = None
    found: list[int] = []
    for measure in measures:
        level = next_level(level, measure, LADDER)
        found.append(level.level)
    return found


def headings(*asked: Trend) -> list[Trend]:
    heading: Heading | None = None
    found: list[Trend] = []
    for trend in asked:
        heading = next_heading(heading, trend, 3)
        found.append(heading.trend)
    return found


def test_a_level_is_entered_at_its_threshold_and_at_once() -> None:
    assert levels(0.5, 0.7999, 0.8) == [1, 1, 2]


def test_danger_may_skip_a_level() -> None:
    assert levels(0.1, 0.99) == [0, 3]


def test_between_the_thresholds_a_level_is_kept() -> None:
    assert levels(0.8, 0.75, 0.7, 0.7, 0.7, 0.7) == [2] * 6


def test_a_level_is_left_one_at_a_time_and_each_after_the_dwell() -> None:
    assert levels(0.99, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1) == [3, 3, 3, 2, 2, 2, 1, 1, 1, 0]


def test_one_measure_above_starts_the_dwell_anew() -> None:
    assert levels(0.8, 0.6, 0.6, 0.7, 0.6, 0.6, 0.6) == [2, 2, 2, 2, 2, 2, 1]


def test_the_first_level_is_taken_as_if_coming_from_above() -> None:
    assert (levels(0.75), levels(0.69)) == ([2], [1])


@pytest.mark.parametrize(
    ("enter", "leave", "dwell"),
    [
        ((0.3, 0.8), (0.2,), 1),
        ((0.3, 0.8), (0.3, 0.7), 1),
        ((0.8, 0.3), (0.7, 0.2), 1),
        ((0.3, 0.3), (0.1, 0.2), 1),
        ((0.3, 0.8), (0.2, 0.7), 0),
        ((0.3, float("nan")), (0.2, 0.7), 1),
    ],
)
def test_thresholds_that_cannot_work_are_refused(
    enter: tuple[float, ...], leave: tuple[float, ...], dwell: int
) -> None:
    with pytest.raises(ValueError, match="thresholds must grow"):
        Ladder(enter, leave, dwell)


def test_another_trend_is_taken_after_the_dwell() -> None:
    up, down, flat = Trend.UP, Trend.DOWN, Trend.SIDEWAYS
    assert headings(flat, up, up, up) == [flat, flat, flat, up]
    assert headings(up, down, down, down, up) == [up, up, up, down, down]


def test_wavering_between_two_others_changes_nothing() -> None:
    up, down, flat = Trend.UP, Trend.DOWN, Trend.SIDEWAYS
    assert headings(up, down, flat, down, flat, down, flat) == [up] * 7
