"""Regime: in what state a market is, what was measured to tell, and how much may be risked in it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.scope import Side


class VolatilityPhase(StrEnum):
    """How much a market moves compared with its own past, from the calmest; UNKNOWN comes last, as the worst."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    EXTREME = "extreme"
    UNKNOWN = "unknown"

    @property
    def severity(self) -> int:
        """Rank of the phase: 0 for LOW, growing with danger; UNKNOWN ranks above EXTREME."""
        return _VOLATILITY_SEVERITY[self]

    @property
    def as_known(self) -> "VolatilityPhase":
        """The phase to act upon: UNKNOWN is read as EXTREME, the most conservative one that is known."""
        return VolatilityPhase.EXTREME if self is VolatilityPhase.UNKNOWN else self


class DrawdownPhase(StrEnum):
    """How far a price is below its recent peak, from the mildest; UNKNOWN comes last, as the worst."""

    SHALLOW = "shallow"
    CORRECTION = "correction"
    DEEP = "deep"
    SEVERE = "severe"
    UNKNOWN = "unknown"

    @property
    def severity(self) -> int:
        """Rank of the phase: 0 for SHALLOW, growing with danger; UNKNOWN ranks above SEVERE."""
        return _DRAWDOWN_SEVERITY[self]

    @property
    def as_known(self) -> "DrawdownPhase":
        """The phase to act upon: UNKNOWN is read as SEVERE, the most conservative one that is known."""
        return DrawdownPhase.SEVERE if self is DrawdownPhase.UNKNOWN else self


class Trend(StrEnum):
    """Where a price is heading."""

    UP = "up"
    DOWN = "down"
    SIDEWAYS = "sideways"
    UNKNOWN = "unknown"

    def opposes(self, side: Side) -> bool:
        """Whether a new position on `side` would go against the trend. An unknown trend opposes both sides."""
        return self is Trend.UNKNOWN or self is (Trend.DOWN if side is Side.LONG else Trend.UP)


_VOLATILITY_SEVERITY = {phase: rank for rank, phase in enumerate(VolatilityPhase)}
_DRAWDOWN_SEVERITY = {phase: rank for rank, phase in enumerate(DrawdownPhase)}

VOLATILITY_MULTIPLIERS: Final[Mapping[VolatilityPhase, float]] = MappingProxyType(
    {
        VolatilityPhase.LOW: 1.0,
        VolatilityPhase.NORMAL: 1.0,
        VolatilityPhase.HIGH: 0.5,
        VolatilityPhase.EXTREME: 0.25,
        VolatilityPhase.UNKNOWN: 0.25,
    }
)
"""The most that is left of a size limit in each volatility phase. Calm never enlarges a limit."""

DRAWDOWN_MULTIPLIERS: Final[Mapping[DrawdownPhase, float]] = MappingProxyType(
    {
        DrawdownPhase.SHALLOW: 1.0,
        DrawdownPhase.CORRECTION: 0.75,
        DrawdownPhase.DEEP: 0.5,
        DrawdownPhase.SEVERE: 0.25,
        DrawdownPhase.UNKNOWN: 0.25,
    }
)
"""The most that is left of a size limit in each drawdown phase."""


DRAWDOWN_THRESHOLDS: Final[Mapping[DrawdownPhase, Decimal]] = MappingProxyType(
    {
        DrawdownPhase.SEVERE: Decimal("0.30"),
        DrawdownPhase.DEEP: Decimal("0.20"),
        DrawdownPhase.CORRECTION: Decimal("0.10"),
        DrawdownPhase.SHALLOW: Decimal(0),
    }
)
"""The fall from the peak, as a fraction of it, from which on each phase holds; the worst first."""


def drawdown_phase(fall: Decimal | None) -> DrawdownPhase:
    """Return the phase of a fall from a peak, of a price or of equity alike. `fall` is a fraction; None: not known."""
    if fall is None:
        return DrawdownPhase.UNKNOWN
    return next((phase for phase, least in DRAWDOWN_THRESHOLDS.items() if fall >= least), DrawdownPhase.SHALLOW)


def largest_multiplier(volatility: VolatilityPhase, drawdown: DrawdownPhase) -> float:
    """Return the largest share of a size limit that two phases leave together: their product, above 0 and at most 1."""
    return VOLATILITY_MULTIPLIERS[volatility] * DRAWDOWN_MULTIPLIERS[drawdown]


def may_increase(volatility: VolatilityPhase, drawdown: DrawdownPhase) -> bool:
    """Whether positions may be added to: not in high or extreme volatility, not in a severe drawdown, not unknown."""
    is_calm = volatility.severity < VolatilityPhase.HIGH.severity
    return is_calm and drawdown.severity < DrawdownPhase.SEVERE.severity


class RegimeFeatures(BaseModel):
    """What was measured to tell a regime. Null: not yet known, or not measured by this source."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    volatility: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="Annualised volatility, as a fraction: 0.6 is 60 %."
    )
    volatility_rank: float | None = Field(
        default=None, ge=0, le=1, description="Share of its own recent past that the volatility exceeds, 0 to 1."
    )
    adx: float | None = Field(default=None, ge=0, le=100, description="Average directional index, 0 to 100.")
    slope: float | None = Field(
        default=None, allow_inf_nan=False, description="Fitted growth of the logarithm of the price, per day."
    )
    drawdown: float | None = Field(
        default=None, ge=0, le=1, description="Fall from the recent peak, as a fraction: 0.2 is 20 %."
    )
    candle_seconds: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Length of the candles it was measured on, seconds."
    )


class RegimeStatus(BaseModel):
    """The state of one symbol or of the market at one moment, and how much may be risked in it.

    Whoever writes one may be stricter than its phases ask for, never laxer: raises `pydantic.ValidationError` for a
    size multiplier above `largest_multiplier`, and for allowing an increase where `may_increase` does not.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    symbol: str | None = Field(description="Symbol it is about, upper case; null: the market as a whole.")
    volatility: VolatilityPhase = Field(description="Movement compared with the symbol's own past.")
    trend: Trend = Field(description="Where the price is heading.")
    drawdown: DrawdownPhase = Field(description="Fall from the recent peak.")
    confidence: float = Field(ge=0, le=1, description="How far the writer believes it, 0 to 1.")
    size_multiplier: float = Field(
        ge=0, le=1, description="What is left of a size limit, 0 to 1; at most what the phases leave."
    )
    increase_allowed: bool = Field(description="Whether positions may be added to.")
    as_of: UtcDatetime = Field(description="End of the last period that it rests on, UTC.")
    features: RegimeFeatures = Field(default_factory=RegimeFeatures, description="What was measured.")

    @model_validator(mode="after")
    def _is_no_laxer_than_its_phases(self) -> Self:
        if self.size_multiplier > largest_multiplier(self.volatility, self.drawdown):
            raise ValueError("size_multiplier is above what the phases leave")
        if self.increase_allowed and not may_increase(self.volatility, self.drawdown):
            raise ValueError("increase_allowed is true in a phase that forbids it")
        return self

    @classmethod
    def of_phases(
        cls,
        *,
        symbol: str | None,
        volatility: VolatilityPhase,
        trend: Trend,
        drawdown: DrawdownPhase,
        confidence: float,
        as_of: datetime,
        features: RegimeFeatures | None = None,
    ) -> Self:
        """Return the status whose limits are exactly what its phases leave. `as_of` is aware UTC."""
        return cls(
            symbol=symbol,
            volatility=volatility,
            trend=trend,
            drawdown=drawdown,
            confidence=confidence,
            size_multiplier=largest_multiplier(volatility, drawdown),
            increase_allowed=may_increase(volatility, drawdown),
            as_of=as_of,
            features=features if features is not None else RegimeFeatures(),
        )

    @classmethod
    def unknown(cls, *, symbol: str | None, as_of: datetime) -> Self:
        """Return the status of a symbol, or of the market, that nothing is known about. `as_of` is aware UTC."""
        return cls.of_phases(
            symbol=symbol,
            volatility=VolatilityPhase.UNKNOWN,
            trend=Trend.UNKNOWN,
            drawdown=DrawdownPhase.UNKNOWN,
            confidence=0.0,
            as_of=as_of,
        )

    @property
    def is_unknown(self) -> bool:
        """Whether a phase that limits risk is not known; the limits are then those of the worst known phase."""
        return self.volatility is VolatilityPhase.UNKNOWN or self.drawdown is DrawdownPhase.UNKNOWN
