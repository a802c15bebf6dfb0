import math
import random
from dataclasses import replace
from itertools import pairwise
from statistics import linear_regression

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.regime.seeded import HOUR, START, Stretch, candles_of
from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.classifier import classify, status_of
from cio_strategist.domain.regime.hysteresis import Heading, Ladder, Level, next_heading, next_level
from cio_strategist.domain.regime.settings import RegimeSettings
from cio_strategist.domain.regime.state import RegimeState
from petrosa_contracts import RegimeStatus, Trend, VolatilityPhase

DWELL = 3
SETTINGS = RegimeSettings(
    window=6,
    memory=50,
    memory_needed=20,
    peak_window=30,
    longest_gap=2,
    volatility=Ladder((0.30, 0.80, 0.95), (0.20, 0.70, 0.85), DWELL),
    drawdown=Ladder((0.02, 0.04, 0.06), (0.01, 0.03, 0.05), DWELL),
    trend_dwell=DWELL,
)
STRETCHES = st.lists(
    st.builds(
        Stretch,
        candles=st.integers(1, 60),
        volatility=st.sampled_from([0.0, 0.001, 0.004, 0.02]),
        drift=st.sampled_from([0.0, 0.003, -0.003, -0.02]),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
HISTORIES = st.builds(candles_of, STRETCHES, seed=st.integers(0, 10**6))
MEASURES = st.lists(st.floats(0, 1) | st.sampled_from([0.2, 0.3, 0.7, 0.8, 0.85, 0.95]), max_size=60)


def steps(candles: list[Candle], state: RegimeState | None = None) -> list[RegimeState]:
    state = RegimeState() if state is None else state
    states: list[RegimeState] = []
    for candle in candles:
        classified = classify(state, candle, SETTINGS)
        state = classified.state
        states.append(state)
    return states


def told(states: list[RegimeState]) -> list[RegimeStatus | None]:
    return [status_of("BTCUSDT", state, SETTINGS) for state in states]


def scaled(candle: Candle, factor: float) -> Candle:
    return Candle(
        candle.opened_at, candle.open * factor, candle.high * factor, candle.low * factor, candle.close * factor
    )


def with_returns_doubled(candles: list[Candle], since: int) -> list[Candle]:
    """Double every log return from the candle `since` on."""
    base = candles[since - 1].close if since else candles[0].open

    def doubled(price: float) -> float:
        return base * (price / base) ** 2

    return candles[:since] + [
        Candle(candle.opened_at, *map(doubled, (candle.open, candle.high, candle.low, candle.close)))
        for candle in candles[since:]
    ]


def recomputed_volatilities(candles: list[Candle]) -> list[float | None]:
    """Annualised volatility after each candle, each from the whole history before it."""

    def variance(place: int) -> float:
        candle, before = candles[place], candles[place - 1].close
        jump, body = math.log(candle.open / before), math.log(candle.close / candle.open)
        ranged = 0.5 * math.log(candle.high / candle.low) ** 2 - (2 * math.log(2) - 1) * body**2
        return (jump**2 + max(ranged, -(jump**2)) + math.log(candle.close / before) ** 2) / 2

    found: list[float | None] = []
    for end in range(len(candles)):
        window = range(end - SETTINGS.window + 1, end + 1)
        known = window[0] >= 1
        mean = math.fsum(map(variance, window)) / len(window) if known else 0.0
        found.append(math.sqrt(mean * 24 * 365) if known else None)
    return found


@given(HISTORIES)
def test_candle_by_candle_is_the_same_as_from_the_whole_history(candles: list[Candle]) -> None:
    volatilities = recomputed_volatilities(candles)
    states = steps(candles)
    level: Level | None = None
    for end, state in enumerate(states):
        expected = volatilities[end]
        assert (state.current is None) == (expected is None)
        if expected is None or state.current is None:
            continue
        assert state.current == pytest.approx(expected, rel=1e-9, abs=1e-12)
        past = [value for value in volatilities[:end] if value is not None][-SETTINGS.memory :]
        if len(past) < SETTINGS.memory_needed:
            assert state.rank is None
            continue
        near = 1e-9
        below = sum(value < expected * (1 - near) for value in past)
        equal = sum(expected * (1 - near) <= value <= expected * (1 + near) for value in past)
        ranked = (below + equal / 2) / len(past)
        assert state.rank == pytest.approx(ranked, abs=1e-12)
        level = next_level(level, ranked, SETTINGS.volatility)
        assert state.volatility == level


@given(HISTORIES)
def test_drawdown_and_slope_are_those_of_the_window(candles: list[Candle]) -> None:
    for end, status in enumerate(told(steps(candles))):
        assert status is not None
        if end + 1 >= SETTINGS.peak_window:
            peak = max(candle.high for candle in candles[end + 1 - SETTINGS.peak_window : end + 1])
            assert status.features.drawdown == pytest.approx(1 - candles[end].close / peak, abs=1e-12)
        if end + 1 >= SETTINGS.window:
            logs = [math.log(candle.close) for candle in candles[end + 1 - SETTINGS.window : end + 1]]
            slope = linear_regression(range(SETTINGS.window), logs).slope
            assert status.features.slope == pytest.approx(24 * slope, abs=1e-9)


@given(HISTORIES, st.integers(0, 240))
def test_going_on_from_a_state_is_going_on(candles: list[Candle], cut: int) -> None:
    without = steps(candles)
    first = steps(candles[:cut])
    reached = first[-1] if first else RegimeState()
    assert first + steps(candles[cut:], reached) == without


@given(HISTORIES, st.integers(0, 240), st.integers(0, 10**6))
def test_what_comes_later_does_not_change_what_was_said(candles: list[Candle], cut: int, seed: int) -> None:
    altered = candles[:cut] + [scaled(candle, random.Random(seed).uniform(0.1, 10)) for candle in candles[cut:]]
    assert told(steps(altered))[:cut] == told(steps(candles))[:cut]


@given(HISTORIES, st.sampled_from([1e-6, 0.5, 3.7, 1000.0]))
def test_the_unit_of_the_price_does_not_matter(candles: list[Candle], factor: float) -> None:
    there = told(steps([scaled(candle, factor) for candle in candles]))
    for one, other in zip(told(steps(candles)), there, strict=True):
        assert one is not None
        assert other is not None
        assert (one.volatility, one.drawdown, one.size_multiplier) == (
            other.volatility,
            other.drawdown,
            other.size_multiplier,
        )


@given(HISTORIES, st.integers(0, 240))
def test_doubling_returns_from_some_candle_on_never_lowers_the_volatility_phase(
    candles: list[Candle], since: int
) -> None:
    since = min(since, len(candles) - 1)
    wilder = with_returns_doubled(candles, since)
    for calm, wild in zip(told(steps(candles)), told(steps(wilder)), strict=True):
        assert calm is not None
        assert wild is not None
        if calm.volatility is VolatilityPhase.UNKNOWN:
            assert wild.volatility is VolatilityPhase.UNKNOWN
        else:
            assert wild.volatility.severity >= calm.volatility.severity


@given(MEASURES)
def test_at_most_one_level_is_lost_within_a_dwell_and_none_soon_after_a_rise(measures: list[float]) -> None:
    level: Level | None = None
    levels: list[int] = []
    for measure in measures:
        level = next_level(level, measure, SETTINGS.volatility)
        levels.append(level.level)
    changed = [
        (place, later - earlier) for place, (earlier, later) in enumerate(pairwise(levels), start=1) if later != earlier
    ]
    for (at, _), (then, change) in pairwise(changed):
        assert change > 0 or (change == -1 and then - at >= DWELL)


@given(MEASURES, st.data())
def test_a_larger_measure_never_gives_a_smaller_level_now_or_later(measures: list[float], data: st.DataObject) -> None:
    one: Level | None = None
    other: Level | None = None
    for measure in measures:
        one = next_level(one, measure, SETTINGS.volatility)
        other = next_level(other, data.draw(st.floats(measure, 1)), SETTINGS.volatility)
        assert other.level >= one.level


@given(st.lists(st.tuples(st.sampled_from(Trend), st.integers(1, DWELL + 1)), min_size=4, max_size=40))
def test_two_changes_of_trend_are_a_dwell_apart(asked: list[tuple[Trend, int]]) -> None:
    heading: Heading | None = None
    trends: list[Trend] = []
    for trend, candles in asked:
        for _ in range(candles):
            heading = next_heading(heading, trend, DWELL)
            trends.append(heading.trend)
    changes = [place for place, (earlier, later) in enumerate(pairwise(trends), start=1) if later is not earlier]
    assert all(later - earlier >= DWELL for earlier, later in pairwise(changes))


@given(HISTORIES, st.integers(0, 240), st.sampled_from(["repeat", "old", "broken", "between"]))
def test_bad_candles_in_between_change_nothing(candles: list[Candle], place: int, kind: str) -> None:
    place = min(place, len(candles) - 1)
    good = candles[place]
    bad = {
        "repeat": good,
        "old": replace(good, opened_at=START - HOUR),
        "broken": replace(good, opened_at=good.opened_at + HOUR, low=math.nan),
        "between": replace(good, opened_at=good.opened_at + HOUR / 2),
    }[kind]
    disturbed = [*candles[: place + 1], bad, *candles[place + 1 :]]
    assert steps(disturbed)[-1] == steps(candles)[-1]


@given(HISTORIES, st.integers(1, 239), st.integers(1, 80))
def test_whatever_the_gap_a_status_is_told_and_is_known_again_after_the_warm_up(
    candles: list[Candle], cut: int, gap: int
) -> None:
    later = [replace(candle, opened_at=candle.opened_at + gap * HOUR) for candle in candles[cut:]]
    states = steps(candles[:cut] + later)
    assert all(status is not None for status in told(states))
    if len(later) >= SETTINGS.warm_up:
        assert states[-1].volatility is not None
        assert states[-1].drawdown is not None
