"""The classifier of one symbol: a state, one more candle, the next state."""

from dataclasses import dataclass, replace
from datetime import timedelta

from cio_strategist.domain.regime.candle import Candle, Refusal, refusal_of
from cio_strategist.domain.regime.hysteresis import Heading, next_heading, next_level
from cio_strategist.domain.regime.settings import RegimeSettings
from cio_strategist.domain.regime.state import RegimeState
from cio_strategist.domain.regime.trend import Directional, directional, fitted_slope
from cio_strategist.domain.regime.volatility import annualised, candle_variance, rank
from petrosa_contracts import DrawdownPhase, RegimeFeatures, RegimeStatus, Trend, VolatilityPhase

_VOLATILITIES = (VolatilityPhase.LOW, VolatilityPhase.NORMAL, VolatilityPhase.HIGH, VolatilityPhase.EXTREME)
_DRAWDOWNS = (DrawdownPhase.SHALLOW, DrawdownPhase.CORRECTION, DrawdownPhase.DEEP, DrawdownPhase.SEVERE)


@dataclass(frozen=True, slots=True)
class Classified:
    """What came of one candle."""

    state: RegimeState
    refusal: Refusal | None = None
    """Why the candle was not taken; the state is then the one before."""


def classify(state: RegimeState, candle: Candle, settings: RegimeSettings) -> Classified:
    """Take one closed candle. The work does not grow with how many were taken before.

    A gap of up to `longest_gap` missing candles is bridged: the jump across it counts into the candle after it. After
    a longer one volatility and trend are unknown until their windows are full again, and the past that volatility is
    ranked against stays; after a gap as long as that past, everything starts anew.
    """
    refusal = refusal_of(candle, state.last, settings.period)
    if refusal is not None:
        return Classified(state, refusal)
    return Classified(_advanced(_after_gap(state, candle, settings), candle, settings))


def status_of(symbol: str, state: RegimeState, settings: RegimeSettings) -> RegimeStatus | None:
    """Return the status of `symbol` as of the end of the newest candle; None before the first one.

    Phases are UNKNOWN while they warm up. Confidence is the share of the memory that is filled: how much of its own
    past a volatility was ranked against; 0 while the rank is unknown.
    """
    if state.last is None:
        return None
    return RegimeStatus.of_phases(
        symbol=symbol,
        volatility=VolatilityPhase.UNKNOWN if state.volatility is None else _VOLATILITIES[state.volatility.level],
        trend=Trend.UNKNOWN if state.trend is None else state.trend.trend,
        drawdown=DrawdownPhase.UNKNOWN if state.drawdown is None else _DRAWDOWNS[state.drawdown.level],
        confidence=0.0 if state.rank is None else len(state.past) / settings.memory,
        as_of=state.last.opened_at + settings.period,
        features=_features(state, settings),
    )


def _after_gap(state: RegimeState, candle: Candle, settings: RegimeSettings) -> RegimeState:
    if state.last is None:
        return state
    missing = (candle.opened_at - state.last.opened_at) // settings.period - 1
    if missing <= settings.longest_gap:
        return state
    if missing >= settings.memory:
        return RegimeState()
    return RegimeState(past=state.past, highs=state.highs, drawdown=state.drawdown)


def _advanced(state: RegimeState, candle: Candle, settings: RegimeSettings) -> RegimeState:
    moved = _moved(state, candle, settings)
    highs = (*state.highs, candle.high)[-settings.peak_window :]
    closes = (*state.closes, candle.close)[-settings.window :]
    full = len(highs) == settings.peak_window
    return replace(
        moved,
        last=candle,
        closes=closes,
        highs=highs,
        drawdown=next_level(state.drawdown, 1 - candle.close / max(highs), settings.drawdown) if full else None,
        trend=_trend(moved, closes, settings),
    )


def _moved(state: RegimeState, candle: Candle, settings: RegimeSettings) -> RegimeState:
    if state.last is None:
        return state
    variances = (*state.variances, candle_variance(candle, state.last.close))[-settings.window :]
    state = replace(state, variances=variances, directional=directional(state.directional, candle, state.last))
    if len(variances) < settings.window:
        return state
    past = state.past if state.current is None else (*state.past, state.current)[-settings.memory :]
    current = annualised(variances, settings.period)
    if len(past) < settings.memory_needed:
        return replace(state, past=past, current=current)
    ranked = rank(current, past)
    level = next_level(state.volatility, ranked, settings.volatility)
    return replace(state, past=past, current=current, rank=ranked, volatility=level)


def _trend(state: RegimeState, closes: tuple[float, ...], settings: RegimeSettings) -> Heading | None:
    adx = state.directional.adx
    if adx is None or len(closes) < settings.window:
        return None
    asked = _asked(adx, state.directional, fitted_slope(closes), state, settings)
    return next_heading(state.trend, asked, settings.trend_dwell)


def _asked(adx: float, movement: Directional, slope: float, state: RegimeState, settings: RegimeSettings) -> Trend:
    heading = Trend.SIDEWAYS
    if slope > 0 and movement.lead > 0:
        heading = Trend.UP
    elif slope < 0 and movement.lead < 0:
        heading = Trend.DOWN
    holds = state.trend is not None and state.trend.trend is heading
    return heading if adx >= (settings.trend_leave if holds else settings.trend_enter) else Trend.SIDEWAYS


def _features(state: RegimeState, settings: RegimeSettings) -> RegimeFeatures:
    last, per_day = state.last, timedelta(days=1) / settings.period
    full = len(state.closes) == settings.window
    fallen = None if last is None or state.drawdown is None else 1 - last.close / max(state.highs)
    return RegimeFeatures(
        volatility=state.current,
        volatility_rank=state.rank,
        adx=state.directional.adx,
        slope=fitted_slope(state.closes) * per_day if full else None,
        drawdown=fallen,
        candle_seconds=settings.period.total_seconds(),
    )
