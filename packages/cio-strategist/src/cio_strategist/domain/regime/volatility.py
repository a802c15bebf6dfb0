"""How much a price moves, and how unusual that is for it."""

from collections.abc import Sequence
from datetime import timedelta
from math import fsum, log, sqrt

from cio_strategist.domain.regime.candle import Candle

YEAR = timedelta(days=365)
"""What volatility is annualised to: these markets never close."""

TIE = 1e-9
"""Relative difference below which two volatilities are the same; rounding is far below, real differences far above."""

_BODY_WEIGHT = 2 * log(2) - 1


def candle_variance(candle: Candle, previous_close: float) -> float:
    """Return what one candle tells about the variance of the log price over its period.

    The mean of two published estimators for a price without drift. One is Garman and Klass' range estimator in its
    practical form ("On the Estimation of Security Price Volatilities from Historical Data", Journal of Business 53,
    1980) with the squared jump from the close before to the open added (Yang and Zhang, "Drift-Independent Volatility
    Estimation", Journal of Business 73, 2000, give this form as the one that allows for opening jumps). The other is
    the squared return from close to close.

    Estimators that remove the drift, Yang and Zhang's own among them, are not used: a price that falls candle by candle
    without looking back is all drift to them, and they call it calm. The range estimator alone sees a ninth of
    the variance of a candle without wicks; the squared return makes up for that. Never negative, and four times as
    much when all returns within and before the candle double.
    """
    jump = log(candle.open / previous_close)
    spread = log(candle.high / candle.low)
    body = log(candle.close / candle.open)
    ranged = jump**2 + 0.5 * spread**2 - _BODY_WEIGHT * body**2
    # At most rounding below 0: a body is never longer than its candle.
    return 0.5 * (max(ranged, 0.0) + (jump + body) ** 2)


def annualised(variances: Sequence[float], period: timedelta) -> float:
    """Return the volatility per year, as a fraction, of candles of `period` whose variances are given (one or more)."""
    # Summed anew instead of adding and taking away, so that rounding does not pile up over months.
    return sqrt(fsum(variances) / len(variances) * (YEAR / period))


def rank(value: float, past: Sequence[float]) -> float:
    """Return the share of `past` (one or more) below `value`, from 0 to 1; equal ones count half.

    Exact, by one pass over a past of bounded length.
    """
    below, above = value * (1 - TIE), value * (1 + TIE)
    return (sum(map(below.__gt__, past)) + len(past) - sum(map(above.__lt__, past))) / (2 * len(past))
