"""The regime of the market as a whole, from those of its symbols."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from statistics import fmean
from typing import TypeVar

from petrosa_contracts import DrawdownPhase, RegimeStatus, Trend, VolatilityPhase

QUORUM = 1 / 3
"""Share of the symbols that must have reached a phase for the market to be in it.

Less than half, because those that fall first speak for the rest; more than one of many, because a single coin's
trouble is its own.
"""

_Phase = TypeVar("_Phase", VolatilityPhase, DrawdownPhase)


def market_status(statuses: Iterable[RegimeStatus], *, now: datetime, longest_age: timedelta) -> RegimeStatus:
    """Return the market's status from its symbols', each counting once whatever its size.

    The market is in the worst phase that `QUORUM` of the symbols have reached, one at least; UNKNOWN counts as worse
    than every other, and a status older than `longest_age` at `now` (aware UTC) as unknown. It has a trend where more
    than half share it. `as_of` is the oldest among those that count; without any, `now`, and everything is unknown.
    """
    oldest = now - longest_age
    counted = [
        status if status.as_of >= oldest else RegimeStatus.unknown(symbol=status.symbol, as_of=status.as_of)
        for status in statuses
    ]
    fresh = [status for status in counted if status.as_of >= oldest]
    if not fresh:
        return RegimeStatus.unknown(symbol=None, as_of=now)
    return RegimeStatus.of_phases(
        symbol=None,
        volatility=_reached([status.volatility for status in counted]),
        trend=_shared([status.trend for status in counted]),
        drawdown=_reached([status.drawdown for status in counted]),
        confidence=fmean(status.confidence for status in counted),
        as_of=min(status.as_of for status in fresh),
    )


def with_second_opinion(own: RegimeStatus, other: RegimeStatus) -> RegimeStatus:
    """Return `own` with each phase raised to what another source knows to be worse.

    What the other does not know changes nothing, and it never makes anything milder. Trend, confidence, time and
    features stay those of `own`.
    """
    raised = RegimeStatus.of_phases(
        symbol=own.symbol,
        volatility=_worse(own.volatility, other.volatility, VolatilityPhase.UNKNOWN),
        trend=own.trend,
        drawdown=_worse(own.drawdown, other.drawdown, DrawdownPhase.UNKNOWN),
        confidence=own.confidence,
        as_of=own.as_of,
        features=own.features,
    )
    return raised.model_copy(
        update={
            "size_multiplier": min(raised.size_multiplier, own.size_multiplier),
            "increase_allowed": raised.increase_allowed and own.increase_allowed,
        }
    )


def _worse(own: _Phase, other: _Phase, unknown: _Phase) -> _Phase:
    return other if other is not unknown and other.severity > own.severity else own


def _reached(phases: Sequence[_Phase]) -> _Phase:
    worst_first = sorted(phases, key=lambda phase: phase.severity, reverse=True)
    # A third of three is not quite one in floats.
    return worst_first[max(ceil(len(phases) * QUORUM - 1e-9), 1) - 1]


def _shared(trends: Sequence[Trend]) -> Trend:
    majority = [trend for trend in Trend if 2 * trends.count(trend) > len(trends)]
    return majority[0] if majority else Trend.SIDEWAYS
