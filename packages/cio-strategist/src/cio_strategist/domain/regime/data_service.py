"""The regime as the fleet's data service tells it, `GET /analysis/regime`, in the terms of `RegimeStatus`.

The service compares single values with fixed numbers and keeps no memory, so its word is a second opinion. It knows no
drawdown, which therefore reads as unknown: taken alone, its status carries the limits of the worst drawdown.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from math import isfinite
from types import MappingProxyType
from typing import Any, Final, cast

from petrosa_contracts.instant import as_utc
from petrosa_contracts.regime import DrawdownPhase, RegimeStatus, Trend, VolatilityPhase

CLOCK_TOLERANCE: Final = timedelta(seconds=60)
"""How far ahead of the reader's clock the service's may be; beyond that its time says nothing about age."""

VOLATILITY_LEVELS: Final[Mapping[str, VolatilityPhase]] = MappingProxyType(
    {"low": VolatilityPhase.LOW, "medium": VolatilityPhase.NORMAL, "high": VolatilityPhase.HIGH}
)
"""`volatility_level` to phase; every other word is UNKNOWN."""

TREND_DIRECTIONS: Final[Mapping[str, Trend]] = MappingProxyType(
    {"bullish": Trend.UP, "bearish": Trend.DOWN, "neutral": Trend.SIDEWAYS}
)
"""`trend_direction` to trend; every other word is UNKNOWN."""

REGIMES: Final[Mapping[str, VolatilityPhase]] = MappingProxyType(
    {
        "turbulent_illiquidity": VolatilityPhase.EXTREME,
        "breakout_phase": VolatilityPhase.HIGH,
        "bullish_acceleration": VolatilityPhase.NORMAL,
        "bearish_acceleration": VolatilityPhase.NORMAL,
        "balanced_market": VolatilityPhase.LOW,
        "consolidation": VolatilityPhase.LOW,
        "stable_accumulation": VolatilityPhase.LOW,
        "transitional": VolatilityPhase.LOW,
    }
)
"""`regime` to the least volatility phase that it stands for; every other word, `unknown` too, is UNKNOWN."""


def read_service_regime(answer: object, *, symbol: str, received_at: datetime) -> RegimeStatus:
    """Return the status that the service's answer, decoded from JSON, stands for. Never raises.

    The stricter of `regime` and `volatility_level` is the volatility phase; a word that is missing or not known makes
    it UNKNOWN. Everything is unknown, as of `received_at` (aware UTC), where `data` is null, the answer is about
    another symbol or has another form, or its time is missing, unreadable or ahead. Naive times are UTC. A confidence
    that is no number from 0 to 1, as a number or as text, is 0.
    """
    fields = _object(answer)
    measured = _object(fields.get("data"))
    as_of = _time(_object(fields.get("metadata")).get("timestamp"))
    told_of = fields.get("pair")
    if (
        not measured
        or as_of is None
        or as_of > received_at + CLOCK_TOLERANCE
        or not isinstance(told_of, str)
        or told_of.upper() != symbol.upper()
    ):
        return RegimeStatus.unknown(symbol=symbol.upper(), as_of=received_at)
    floor = REGIMES.get(_word(measured.get("regime")), VolatilityPhase.UNKNOWN)
    level = VOLATILITY_LEVELS.get(_word(measured.get("volatility_level")), VolatilityPhase.UNKNOWN)
    return RegimeStatus.of_phases(
        symbol=symbol.upper(),
        volatility=max(floor, level, key=lambda phase: phase.severity),
        trend=TREND_DIRECTIONS.get(_word(measured.get("trend_direction")), Trend.UNKNOWN),
        drawdown=DrawdownPhase.UNKNOWN,
        confidence=_confidence(measured.get("confidence")),
        as_of=min(as_of, received_at),
    )


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _word(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    with suppress(ValueError):
        return as_utc(datetime.fromisoformat(value))
    return None


def _confidence(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return number if isfinite(number) and 0 <= number <= 1 else 0.0
