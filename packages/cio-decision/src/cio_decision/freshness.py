"""Freshness: what the age of an input allows.

Up to its first limit an input is fresh. Beyond it, it is stale: its last good values still count, and the fail-safe
limits hold on top of them. Beyond the second limit, or if it was never known, it is lost: nothing may open.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Input(StrEnum):
    """What a gate can be told besides policy; its settings name those that it needs."""

    MARKET = "market"
    REGIME = "regime"
    PORTFOLIO = "portfolio"


class Freshness(StrEnum):
    """How far an input can be relied on, from the best."""

    FRESH = "fresh"
    STALE = "stale"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds after which policy or an input is stale (fail-safe limits hold as well) and lost (nothing may open)."""

    stale_seconds: float
    lost_seconds: float


class Standing(NamedTuple):
    """How old an input is, and what follows from that.

    `age_seconds` is negative for what is dated ahead of this clock, and None where nothing is known; `missing` then
    says what. `limit_seconds` is the age at which the input is lost.
    """

    subject: str
    freshness: Freshness
    age_seconds: float | None
    limit_seconds: float
    missing: str = ""

    @property
    def is_fresh(self) -> bool:
        """Whether the input can be relied on without further limits."""
        return self.freshness is Freshness.FRESH

    @property
    def is_lost(self) -> bool:
        """Whether nothing may open for want of this input."""
        return self.freshness is Freshness.LOST

    @property
    def reason(self) -> str:
        """What is wrong with the input, without a full stop; empty if nothing is."""
        if self.is_fresh:
            return ""
        if self.missing or self.age_seconds is None:
            return f"{self.subject} {self.missing}"
        if self.age_seconds < 0:
            return f"{self.subject} is dated {-self.age_seconds:.7g} seconds ahead of this clock"
        return f"{self.subject} is {self.age_seconds:.7g} seconds old"


def standing(
    subject: str, as_of: datetime | None, ages: Ages, *, now: datetime, tolerance_seconds: float, missing: str = ""
) -> Standing:
    """Return how far something made at `as_of` can be relied on at `now`, both aware UTC.

    Limits are inclusive: as old as its limit is not beyond it. What is dated further ahead than the tolerance is lost,
    because whoever wrote it, or this clock, is wrong about time, and nobody can tell how old it really is. `missing`
    names something needed that is not there, such as `has no known equity`; it makes the input lost whatever its age.
    """
    if as_of is None:
        return Standing(subject, Freshness.LOST, None, ages.lost_seconds, missing or "was never seen")
    age = (now - as_of).total_seconds()
    if missing or age > ages.lost_seconds or age < -tolerance_seconds:
        return Standing(subject, Freshness.LOST, age, ages.lost_seconds, missing)
    found = Freshness.STALE if age > ages.stale_seconds else Freshness.FRESH
    return Standing(subject, found, max(0.0, age), ages.lost_seconds)
