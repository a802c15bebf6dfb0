import math
from dataclasses import replace

import pytest
from rich.console import Console

from bench.enforcement import FLOOR, Change, WaySeries, series_of
from bench.goals import Goal, judge
from bench.report import enforcement_table


def a_change(enforced: float | None, *, answered: float = 20.0, in_redis: float | None = 18.0) -> Change:
    return Change(answered=answered, in_redis=in_redis, enforced=enforced)


def a_round(floor: float | None, authority: float | None) -> dict[str, Change]:
    return {FLOOR: a_change(floor), "in process": a_change(authority), "gateway": a_change(authority)}


def a_series(name: str, *enforced: float | None) -> WaySeries:
    return series_of(name, [a_round(value, value) for value in enforced])


def goal(*ways: WaySeries) -> Goal:
    (found,) = [each for each in judge([], {}, None, [], list(ways)) if each.name.startswith("a change of policy")]
    return found


class TestSeries:
    def test_compares_each_change_with_the_straight_write_of_its_round(self) -> None:
        found = series_of("gateway", [a_round(2.0, 20.0), a_round(4.0, 20.0), a_round(5.0, 40.0)])
        assert (found.ratio.median, found.ratio.low, found.ratio.high) == (8.0, 5.0, 10.0)

    def test_of_the_floor_is_at_a_ratio_of_one(self) -> None:
        found = series_of(FLOOR, [a_round(2.0, 20.0), a_round(4.0, 20.0)])
        assert (found.ratio.low, found.ratio.high) == (1.0, 1.0)

    def test_counts_what_was_lost_and_leaves_it_out_of_every_number(self) -> None:
        lost = a_round(2.0, 20.0) | {"gateway": a_change(None, answered=9000.0, in_redis=None)}
        found = series_of("gateway", [a_round(2.0, 20.0), lost])
        assert (found.lost, found.enforced.count, found.ratio.high) == (1, 1, 10.0)
        assert (found.answered.largest, found.in_redis.largest) == (20.0, 18.0)

    def test_has_no_ratio_where_the_straight_write_was_lost(self) -> None:
        found = series_of("gateway", [a_round(None, 20.0)])
        assert (found.lost, found.enforced.count) == (0, 1)
        assert math.isnan(found.ratio.median)


class TestGoal:
    def test_is_about_the_slowest_change_of_any_way_of_the_authority(self) -> None:
        found = goal(a_series("in process", 20.0, 999.0), a_series("gateway", 30.0))
        assert (found.measured, found.met) == ("999.00 ms", True)
        assert goal(a_series("in process", 20.0, 1001.0), a_series("gateway", 30.0)).met is False

    def test_is_not_met_when_a_change_was_lost(self) -> None:
        assert goal(a_series("gateway", 20.0, None)).met is False

    def test_does_not_look_at_the_straight_writes(self) -> None:
        assert goal(a_series(FLOOR, 5000.0), a_series("gateway", 20.0)).met is True

    def test_says_when_nothing_was_measured(self) -> None:
        assert (goal().measured, goal().met) == ("not measured", None)


@pytest.mark.parametrize("lost", [0, 3])
def test_the_table_shows_each_way_in_a_line(lost: int) -> None:
    ways = [a_series(FLOOR, 2.0), replace(a_series("gateway", 60.0, 80.0), lost=lost)]
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(enforcement_table(ways))
    (line,) = [line for line in captured.get().splitlines() if "authority, over HTTP" in line]
    cells = [cell.strip() for cell in line.split("│")[2:-1]]
    assert cells == ["2", "20.0", "20.0", "18.0", "18.0", "60.0", "80.0", "80.0", "1.00 [1.00-1.00]", str(lost)]
