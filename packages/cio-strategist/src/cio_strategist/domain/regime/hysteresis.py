"""Phases that do not flap: a level is entered at one threshold and left at another, and not at once."""

from dataclasses import dataclass

from petrosa_contracts import Trend


@dataclass(frozen=True, slots=True)
class Ladder:
    """Thresholds of levels 0 to n. Raises `ValueError` if they do not grow, or leaving is not below entering."""

    enter: tuple[float, ...]
    """Level i + 1 is entered at this measure or above."""
    leave: tuple[float, ...]
    """Level i + 1 is left below this measure."""
    dwell: int
    """For how many candles in a row the measure must stay below before the level is left; 1 or more."""

    def __post_init__(self) -> None:
        grows = all(list(levels) == sorted(set(levels)) for levels in (self.enter, self.leave))
        below = len(self.enter) == len(self.leave) and all(
            leave < enter for leave, enter in zip(self.leave, self.enter, strict=True)
        )
        if not (grows and below and self.dwell >= 1):
            raise ValueError("thresholds must grow, each be left below where it is entered, and dwell be 1 or more")


@dataclass(frozen=True, slots=True)
class Level:
    """A level, and for how many candles in a row the measure has asked to leave it."""

    level: int
    below: int = 0


def next_level(before: Level | None, measure: float, ladder: Ladder) -> Level:
    """Return the level after one more measure.

    Up at once and as far as the measure says: danger is not kept waiting. Down one level at a time, each after `dwell`
    measures in a row below the level's own leaving threshold, so at most one level is lost in `dwell` candles, and none
    within `dwell` candles of a rise. The first level of all is taken as if coming from above. A larger measure never
    gives a smaller level, now or later.
    """
    if before is None:
        return Level(_reached(measure, ladder.leave))
    entered = _reached(measure, ladder.enter)
    if entered > before.level:
        return Level(entered)
    if before.level == 0 or measure >= ladder.leave[before.level - 1]:
        return Level(before.level)
    below = before.below + 1
    return Level(before.level - 1) if below >= ladder.dwell else Level(before.level, below)


@dataclass(frozen=True, slots=True)
class Heading:
    """A trend, what the measures have been asking for instead, and for how many candles in a row."""

    trend: Trend
    asked: Trend
    candles: int = 0


def next_heading(before: Heading | None, asked: Trend, dwell: int) -> Heading:
    """Return the heading after one more candle: another trend is taken after `dwell` candles in a row that ask for it.

    So two changes are at least `dwell` candles apart. The first trend of all is taken at once.
    """
    if before is None:
        return Heading(asked, asked)
    if asked is before.trend:
        return Heading(asked, asked)
    candles = before.candles + 1 if asked is before.asked else 1
    return Heading(asked, asked) if candles >= dwell else Heading(before.trend, asked, candles)


def _reached(measure: float, thresholds: tuple[float, ...]) -> int:
    return sum(measure >= threshold for threshold in thresholds)
