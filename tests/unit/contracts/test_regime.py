from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from petrosa_contracts import DrawdownPhase, RegimeFeatures, RegimeStatus, Side, Trend, VolatilityPhase
from petrosa_contracts.regime import (
    DRAWDOWN_MULTIPLIERS,
    DRAWDOWN_THRESHOLDS,
    VOLATILITY_MULTIPLIERS,
    drawdown_phase,
    largest_multiplier,
    may_increase,
)

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
VOLATILITIES = st.sampled_from(VolatilityPhase)
DRAWDOWNS = st.sampled_from(DrawdownPhase)


def status(volatility: VolatilityPhase, drawdown: DrawdownPhase, **others: Any) -> RegimeStatus:
    fields: dict[str, Any] = {"symbol": "BTCUSDT", "trend": Trend.SIDEWAYS, "confidence": 1.0, "as_of": NOW}
    return RegimeStatus.of_phases(volatility=volatility, drawdown=drawdown, **(fields | others))


def test_an_unknown_phase_is_read_as_the_most_conservative_known_one() -> None:
    assert VolatilityPhase.UNKNOWN.as_known is VolatilityPhase.EXTREME
    assert DrawdownPhase.UNKNOWN.as_known is DrawdownPhase.SEVERE
    assert {phase.as_known for phase in VolatilityPhase} == set(VolatilityPhase) - {VolatilityPhase.UNKNOWN}
    assert {phase.as_known for phase in DrawdownPhase} == set(DrawdownPhase) - {DrawdownPhase.UNKNOWN}


@given(VOLATILITIES, DRAWDOWNS)
def test_an_unknown_phase_leaves_what_the_worst_known_one_leaves(
    volatility: VolatilityPhase, drawdown: DrawdownPhase
) -> None:
    known = (volatility.as_known, drawdown.as_known)
    assert largest_multiplier(volatility, drawdown) == largest_multiplier(*known)
    assert may_increase(volatility, drawdown) == may_increase(*known)


@given(VOLATILITIES, VOLATILITIES, DRAWDOWNS, DRAWDOWNS)
def test_a_worse_phase_never_leaves_more(
    one: VolatilityPhase, other: VolatilityPhase, this: DrawdownPhase, that: DrawdownPhase
) -> None:
    mild, bad = sorted((one, other), key=lambda phase: phase.severity)
    shallow, deep = sorted((this, that), key=lambda phase: phase.severity)
    assert largest_multiplier(mild, shallow) >= largest_multiplier(bad, deep)
    assert may_increase(mild, shallow) >= may_increase(bad, deep)


def test_every_phase_has_a_multiplier_and_none_enlarges_a_limit() -> None:
    assert set(VOLATILITY_MULTIPLIERS) == set(VolatilityPhase)
    assert set(DRAWDOWN_MULTIPLIERS) == set(DrawdownPhase)
    assert all(0 < share <= 1 for share in (*VOLATILITY_MULTIPLIERS.values(), *DRAWDOWN_MULTIPLIERS.values()))


@pytest.mark.parametrize(
    ("volatility", "drawdown", "multiplier", "increase"),
    [
        (VolatilityPhase.LOW, DrawdownPhase.SHALLOW, 1.0, True),
        (VolatilityPhase.NORMAL, DrawdownPhase.CORRECTION, 0.75, True),
        (VolatilityPhase.HIGH, DrawdownPhase.SHALLOW, 0.5, False),
        (VolatilityPhase.NORMAL, DrawdownPhase.DEEP, 0.5, True),
        (VolatilityPhase.NORMAL, DrawdownPhase.SEVERE, 0.25, False),
        (VolatilityPhase.EXTREME, DrawdownPhase.SEVERE, 0.0625, False),
        (VolatilityPhase.UNKNOWN, DrawdownPhase.SHALLOW, 0.25, False),
        (VolatilityPhase.LOW, DrawdownPhase.UNKNOWN, 0.25, False),
    ],
)
def test_phases_say_how_much_may_be_risked(
    volatility: VolatilityPhase, drawdown: DrawdownPhase, multiplier: float, increase: bool
) -> None:
    told = status(volatility, drawdown)
    assert (told.size_multiplier, told.increase_allowed) == (multiplier, increase)


def test_a_status_that_is_laxer_than_its_phases_is_refused() -> None:
    calm = status(VolatilityPhase.NORMAL, DrawdownPhase.SHALLOW).model_dump()
    for lax in ({"volatility": "high", "increase_allowed": False}, {"volatility": "unknown", "size_multiplier": 0.25}):
        with pytest.raises(ValidationError):
            RegimeStatus.model_validate(calm | lax)


def test_a_status_may_be_stricter_than_its_phases() -> None:
    calm = status(VolatilityPhase.NORMAL, DrawdownPhase.SHALLOW).model_dump()
    strict = RegimeStatus.model_validate(calm | {"size_multiplier": 0.1, "increase_allowed": False})
    assert strict.size_multiplier == 0.1


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence": 1.1},
        {"confidence": float("nan")},
        {"size_multiplier": -0.1},
        {"size_multiplier": 1.5},
        {"size_multiplier": float("nan")},
        {"volatility": "medium"},
        {"as_of": None},
        {"features": {"volatility": float("inf")}},
        {"features": {"drawdown": 1.1}},
    ],
)
def test_a_value_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RegimeStatus.model_validate(status(VolatilityPhase.LOW, DrawdownPhase.SHALLOW).model_dump() | wrong)


@given(VOLATILITIES, DRAWDOWNS, st.sampled_from(Trend), st.floats(0, 1))
def test_a_status_reads_back_as_it_was_written(
    volatility: VolatilityPhase, drawdown: DrawdownPhase, trend: Trend, confidence: float
) -> None:
    told = status(volatility, drawdown, trend=trend, confidence=confidence, features=RegimeFeatures(volatility=0.6))
    assert RegimeStatus.model_validate_json(told.model_dump_json()) == told


def test_the_unknown_status_carries_the_strictest_limits() -> None:
    unknown = RegimeStatus.unknown(symbol=None, as_of=NOW)
    assert unknown.is_unknown
    assert (unknown.symbol, unknown.confidence, unknown.trend) == (None, 0.0, Trend.UNKNOWN)
    worst = status(VolatilityPhase.EXTREME, DrawdownPhase.SEVERE)
    assert (unknown.size_multiplier, unknown.increase_allowed) == (worst.size_multiplier, worst.increase_allowed)


def test_a_status_is_unknown_if_either_limiting_phase_is() -> None:
    assert status(VolatilityPhase.LOW, DrawdownPhase.UNKNOWN).is_unknown
    assert status(VolatilityPhase.UNKNOWN, DrawdownPhase.SHALLOW).is_unknown
    assert not status(VolatilityPhase.LOW, DrawdownPhase.SHALLOW, trend=Trend.UNKNOWN).is_unknown


@pytest.mark.parametrize(
    ("trend", "against_long", "against_short"),
    [
        (Trend.UP, False, True),
        (Trend.DOWN, True, False),
        (Trend.SIDEWAYS, False, False),
        (Trend.UNKNOWN, True, True),
    ],
)
def test_a_trend_opposes_the_other_side_and_an_unknown_one_both(
    trend: Trend, against_long: bool, against_short: bool
) -> None:
    assert (trend.opposes(Side.LONG), trend.opposes(Side.SHORT)) == (against_long, against_short)


@pytest.mark.parametrize(
    ("fall", "phase"),
    [
        (None, DrawdownPhase.UNKNOWN),
        ("0", DrawdownPhase.SHALLOW),
        ("0.0999999", DrawdownPhase.SHALLOW),
        ("0.1", DrawdownPhase.CORRECTION),
        ("0.1999999", DrawdownPhase.CORRECTION),
        ("0.2", DrawdownPhase.DEEP),
        ("0.2999999", DrawdownPhase.DEEP),
        ("0.3", DrawdownPhase.SEVERE),
        ("1.5", DrawdownPhase.SEVERE),
    ],
)
def test_a_fall_belongs_to_the_worst_phase_whose_threshold_it_reaches(fall: str | None, phase: DrawdownPhase) -> None:
    assert drawdown_phase(None if fall is None else Decimal(fall)) is phase


def test_every_known_phase_has_a_threshold_and_the_worst_comes_first() -> None:
    assert list(DRAWDOWN_THRESHOLDS) == sorted(
        set(DrawdownPhase) - {DrawdownPhase.UNKNOWN}, key=lambda each: -each.severity
    )
    assert list(DRAWDOWN_THRESHOLDS.values()) == sorted(DRAWDOWN_THRESHOLDS.values(), reverse=True)
