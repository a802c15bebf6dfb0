from dataclasses import replace
from datetime import timedelta

import pytest

from bench.regime.seeded import CALM_CRASH_CALM, CRASH_AT, HOUR, START, Stretch, candles_of
from cio_strategist.domain.regime.candle import Candle, Refusal
from cio_strategist.domain.regime.classifier import classify, status_of
from cio_strategist.domain.regime.hysteresis import Ladder
from cio_strategist.domain.regime.settings import RegimeSettings
from cio_strategist.domain.regime.state import RegimeState
from petrosa_contracts import DrawdownPhase, RegimeStatus, Trend, VolatilityPhase

SETTINGS = RegimeSettings()
SMALL = RegimeSettings(window=6, memory=80, memory_needed=30, peak_window=40, longest_gap=3)
QUIET = candles_of((Stretch(200, 0.004),), seed=1)


def fed(candles: list[Candle], settings: RegimeSettings = SMALL, state: RegimeState | None = None) -> RegimeState:
    state = RegimeState() if state is None else state
    for candle in candles:
        state = classify(state, candle, settings).state
    return state


def told(state: RegimeState, settings: RegimeSettings = SMALL) -> RegimeStatus:
    status = status_of("BTCUSDT", state, settings)
    assert status is not None
    return status


def told_each(candles: list[Candle], settings: RegimeSettings) -> list[RegimeStatus]:
    state, statuses = RegimeState(), []
    for candle in candles:
        state = classify(state, candle, settings).state
        statuses.append(told(state, settings))
    return statuses


def at(hour: int, price: float = 20_000.0) -> Candle:
    return Candle(START + hour * HOUR, price, price * 1.001, price * 0.999, price)


def test_nothing_is_said_before_the_first_candle() -> None:
    assert status_of("BTCUSDT", RegimeState(), SMALL) is None


def test_everything_is_unknown_while_it_warms_up() -> None:
    status = told(fed(QUIET[:6]))
    assert (status.volatility, status.trend, status.drawdown) == (
        VolatilityPhase.UNKNOWN,
        Trend.UNKNOWN,
        DrawdownPhase.UNKNOWN,
    )
    assert status.confidence == 0
    assert not status.increase_allowed


def test_after_the_warm_up_everything_is_known_and_not_a_candle_before() -> None:
    before, after = told(fed(QUIET[: SMALL.warm_up - 1])), told(fed(QUIET[: SMALL.warm_up]))
    assert before.is_unknown
    assert not after.is_unknown
    assert after.trend is not Trend.UNKNOWN
    features = after.features.model_dump()
    assert all(value is not None for value in features.values())


def test_a_status_is_as_of_the_end_of_its_candle() -> None:
    assert told(fed(QUIET)).as_of == QUIET[-1].opened_at + HOUR


def test_confidence_is_how_much_of_the_memory_is_filled() -> None:
    assert told(fed(QUIET[: 1 + 6 + 30])).confidence == pytest.approx(30 / 80)
    assert told(fed(QUIET)).confidence == 1


def test_memory_is_bounded() -> None:
    state = fed(QUIET)
    assert (len(state.variances), len(state.closes), len(state.past), len(state.highs)) == (6, 6, 80, 40)


@pytest.mark.parametrize("seed", range(3))
def test_a_crash_is_called_extreme_within_hours_and_is_over_within_two_weeks(seed: int) -> None:
    statuses = told_each(candles_of(CALM_CRASH_CALM, seed=seed), SETTINGS)
    crash = statuses[CRASH_AT : CRASH_AT + 48]
    first = next(place for place, status in enumerate(crash) if status.volatility is VolatilityPhase.EXTREME)
    assert first <= 3
    assert all(status.volatility is VolatilityPhase.EXTREME for status in crash[first:])
    assert not any(status.increase_allowed for status in crash[first:])
    assert max(status.drawdown.severity for status in crash) >= DrawdownPhase.CORRECTION.severity
    week_later = statuses[CRASH_AT + 48 + 14 * 24 :]
    assert any(status.volatility.severity <= VolatilityPhase.NORMAL.severity for status in week_later)


def test_a_long_rise_is_an_uptrend_and_a_long_fall_a_downtrend() -> None:
    rise = candles_of((Stretch(100, 0.004), Stretch(60, 0.002, drift=0.004)), seed=2)
    fall = candles_of((Stretch(100, 0.004), Stretch(60, 0.002, drift=-0.004)), seed=2)
    assert told(fed(rise, SETTINGS), SETTINGS).trend is Trend.UP
    assert told(fed(fall, SETTINGS), SETTINGS).trend is Trend.DOWN


def test_a_fall_from_the_peak_goes_through_the_drawdown_phases() -> None:
    state = fed([at(hour) for hour in range(60)])
    phases: list[DrawdownPhase] = []
    for hour, share in enumerate((0.95, 0.89, 0.79, 0.69), start=60):
        state = fed([at(hour, 20_000 * share)], state=state)
        phases.append(told(state).drawdown)
    assert phases == [DrawdownPhase.SHALLOW, DrawdownPhase.CORRECTION, DrawdownPhase.DEEP, DrawdownPhase.SEVERE]


@pytest.mark.parametrize("price", [float("nan"), float("inf"), 0.0, -1.0, 1e-13, 1e13])
@pytest.mark.parametrize("field", ["open", "high", "low", "close"])
def test_a_candle_with_an_impossible_price_is_refused(field: str, price: float) -> None:
    state = fed(QUIET)
    classified = classify(state, replace(at(len(QUIET)), **{field: price}), SMALL)
    assert classified.refusal is Refusal.PRICE
    assert classified.state is state


@pytest.mark.parametrize(
    ("candle", "refusal"),
    [
        (replace(at(200), high=19_000.0), Refusal.SHAPE),
        (replace(at(200), low=21_000.0), Refusal.SHAPE),
        (QUIET[-1], Refusal.DUPLICATE),
        (at(199, 5.0), Refusal.DUPLICATE),
        (QUIET[-2], Refusal.OUT_OF_ORDER),
        (replace(at(200), opened_at=START + 200 * HOUR + timedelta(minutes=1)), Refusal.OFF_GRID),
    ],
)
def test_a_candle_that_does_not_fit_is_refused_and_changes_nothing(candle: Candle, refusal: Refusal) -> None:
    state = fed(QUIET)
    classified = classify(state, candle, SMALL)
    assert classified.refusal is refusal
    assert classified.state is state


def test_the_very_first_candle_is_checked_too() -> None:
    assert classify(RegimeState(), replace(at(0), close=-1.0), SMALL).refusal is Refusal.PRICE


def test_a_short_gap_is_bridged_and_the_jump_across_it_counts() -> None:
    state = fed(QUIET)
    close = QUIET[-1].close
    calm, jumped = fed([at(203, close)], state=state), fed([at(203, close * 0.9)], state=state)
    assert calm.volatility is not None
    assert jumped.current is not None
    assert calm.current is not None
    assert jumped.current > 5 * calm.current
    assert told(jumped).volatility is VolatilityPhase.EXTREME


def test_after_a_long_gap_volatility_is_unknown_until_its_window_is_full_again() -> None:
    state = fed(QUIET)
    before = told(state)
    state = fed([at(204)], state=state)
    assert told(state).volatility is VolatilityPhase.UNKNOWN
    assert told(state).trend is Trend.UNKNOWN
    assert told(state).confidence == 0
    assert told(state).drawdown is before.drawdown
    state = fed([at(hour) for hour in range(205, 211)], state=state)
    assert told(state).volatility is not VolatilityPhase.UNKNOWN


def test_a_gap_as_long_as_the_memory_starts_everything_anew() -> None:
    late = at(200 + SMALL.memory)
    assert fed([late], state=fed(QUIET)) == fed([late])


def test_a_gap_one_shorter_than_the_memory_keeps_the_past() -> None:
    assert fed([at(199 + SMALL.memory)], state=fed(QUIET)).past == fed(QUIET).past


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": timedelta(0)},
        {"window": 1},
        {"memory": 10, "memory_needed": 11},
        {"memory_needed": 0},
        {"peak_window": 0},
        {"longest_gap": -1},
        {"trend_leave": 25.0},
        {"trend_enter": 101.0},
        {"trend_dwell": 0},
        {"volatility": Ladder((0.5,), (0.4,), 1)},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"cannot work|four phases"):
        replace(SETTINGS, **wrong)
