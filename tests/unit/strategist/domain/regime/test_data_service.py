from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from cio_strategist.domain.regime.data_service import CLOCK_TOLERANCE, REGIMES, read_service_regime
from petrosa_contracts import DrawdownPhase, RegimeStatus, Trend, VolatilityPhase
from tests.policies import JSON_VALUES

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
REGIME_WORDS = [
    "turbulent_illiquidity",
    "stable_accumulation",
    "breakout_phase",
    "consolidation",
    "bullish_acceleration",
    "bearish_acceleration",
    "balanced_market",
    "transitional",
    "unknown",
]


def answer(*, pair: Any = "BTCUSDT", timestamp: Any = "2026-02-25T11:00:00+00:00", **measured: Any) -> dict[str, Any]:
    calm = {
        "regime": "balanced_market",
        "volatility_level": "medium",
        "volume_level": "medium",
        "trend_direction": "neutral",
        "confidence": "0.8",
    }
    metadata = {"timestamp": timestamp, "collection": "analytics"}
    return {"pair": pair, "metric": "regime", "data": calm | measured, "metadata": metadata}


def read(answer: Any) -> RegimeStatus:
    return read_service_regime(answer, symbol="BTCUSDT", received_at=NOW)


def test_a_calm_answer_is_read_and_its_missing_drawdown_is_unknown() -> None:
    told = read(answer())
    assert told == RegimeStatus.of_phases(
        symbol="BTCUSDT",
        volatility=VolatilityPhase.NORMAL,
        trend=Trend.SIDEWAYS,
        drawdown=DrawdownPhase.UNKNOWN,
        confidence=0.8,
        as_of=datetime(2026, 2, 25, 11, tzinfo=UTC),
    )


@pytest.mark.parametrize("word", REGIME_WORDS)
def test_every_regime_of_the_service_has_a_reading(word: str) -> None:
    assert (word in REGIMES) == (word != "unknown")


@pytest.mark.parametrize(
    ("regime", "level", "phase"),
    [
        ("balanced_market", "low", VolatilityPhase.LOW),
        ("balanced_market", "high", VolatilityPhase.HIGH),
        ("bearish_acceleration", "low", VolatilityPhase.NORMAL),
        ("breakout_phase", "low", VolatilityPhase.HIGH),
        ("turbulent_illiquidity", "low", VolatilityPhase.EXTREME),
        ("turbulent_illiquidity", "unknown", VolatilityPhase.UNKNOWN),
        ("unknown", "low", VolatilityPhase.UNKNOWN),
        ("a_new_word", "low", VolatilityPhase.UNKNOWN),
        (None, "low", VolatilityPhase.UNKNOWN),
        ("balanced_market", None, VolatilityPhase.UNKNOWN),
        ("Balanced_Market ", "LOW", VolatilityPhase.LOW),
    ],
)
def test_the_stricter_of_regime_and_level_counts(regime: Any, level: Any, phase: VolatilityPhase) -> None:
    assert read(answer(regime=regime, volatility_level=level)).volatility is phase


@pytest.mark.parametrize(
    ("word", "trend"),
    [
        ("bullish", Trend.UP),
        ("bearish", Trend.DOWN),
        ("neutral", Trend.SIDEWAYS),
        ("unknown", Trend.UNKNOWN),
        (3, Trend.UNKNOWN),
    ],
)
def test_a_direction_becomes_a_trend(word: Any, trend: Trend) -> None:
    assert read(answer(trend_direction=word)).trend is trend


@pytest.mark.parametrize(
    ("told", "confidence"),
    [
        (0.7, 0.7),
        ("0.7", 0.7),
        (1, 1.0),
        (True, 0.0),
        ("certain", 0.0),
        ("nan", 0.0),
        (1.5, 0.0),
        (-1, 0.0),
        (None, 0.0),
        (10**400, 0.0),
    ],
)
def test_confidence_comes_as_number_or_text_and_anything_else_is_none(told: Any, confidence: float) -> None:
    assert read(answer(confidence=told)).confidence == confidence


@pytest.mark.parametrize(
    "unusable",
    [
        answer() | {"data": None},
        answer() | {"data": {}},
        answer() | {"metadata": None},
        answer(pair="ETHUSDT"),
        answer(pair=None),
        answer(timestamp=None),
        answer(timestamp="yesterday"),
        answer(timestamp=(NOW + CLOCK_TOLERANCE + timedelta(seconds=1)).isoformat()),
        None,
        [],
        "regime",
    ],
)
def test_an_answer_that_tells_nothing_is_unknown(unusable: Any) -> None:
    assert read(unusable) == RegimeStatus.unknown(symbol="BTCUSDT", as_of=NOW)


def test_a_time_without_offset_is_utc() -> None:
    assert read(answer(timestamp="2026-02-25T11:30:00")).as_of == datetime(2026, 2, 25, 11, 30, tzinfo=UTC)


def test_a_clock_slightly_ahead_does_not_make_a_status_younger_than_its_receipt() -> None:
    assert read(answer(timestamp=(NOW + CLOCK_TOLERANCE).isoformat())).as_of == NOW


@given(JSON_VALUES, JSON_VALUES, JSON_VALUES)
def test_nothing_that_json_can_hold_raises_or_is_laxer_than_unknown(one: Any, two: Any, three: Any) -> None:
    unknown = RegimeStatus.unknown(symbol="BTCUSDT", as_of=NOW)
    for told in (
        read(one),
        read(answer(timestamp=two, regime=three)),
        read(answer(confidence=one, trend_direction=two)),
    ):
        assert told.size_multiplier <= 0.25
        assert told.increase_allowed == unknown.increase_allowed
