"""What was measured, as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import fmean, median

from bench.regime.crashes import (
    KNOWN,
    Telling,
    beginning_of,
    beginnings,
    calm_after,
    changes_per_month,
    telling,
)
from bench.regime.replay import Reading, replay
from bench.regime.seeded import CALM_CRASH_CALM, CRASH_AT, candles_of
from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.hysteresis import Ladder
from cio_strategist.domain.regime.settings import RegimeSettings
from petrosa_contracts import DrawdownPhase, Trend, VolatilityPhase

SEEDS = range(3)
DAY = 24


def seeded_table(settings: RegimeSettings) -> str:
    """Return how the crash of the seeded candles is met, one row a seed."""
    rows: list[Sequence[str]] = []
    for seed in SEEDS:
        readings = replay(candles_of(CALM_CRASH_CALM, seed=seed), settings)
        met = telling(readings, CRASH_AT)
        quiet = changes_per_month(readings[:CRASH_AT], across_high=True)
        over = calm_after(readings, CRASH_AT)
        rows.append((str(seed), _hours(met.high_after), _hours(met.extreme_after), _hours(over), f"{quiet:.1f}"))
    heads = ("seed", "high after", "extreme after", "calm again after", "to or from high a month, before")
    return _table(heads, rows)


def known_table(readings: Sequence[Reading]) -> str:
    """Return how each known crash was met."""
    rows: list[Sequence[str]] = []
    for crash in KNOWN:
        place = beginning_of(crash, readings)
        if place is None:
            rows.append((crash.name, "no fall of 5 % within a day", *[""] * 5))
            continue
        met = telling(readings, place)
        rows.append(
            (
                crash.name,
                f"{met.began_at:%Y-%m-%d %H:%M}",
                _hours(met.high_after),
                _hours(met.extreme_after),
                "earlier" if met.fallen_before is None else f"{met.fallen_before:.1%}",
                f"{met.fallen_after:.1%}",
                f"{met.told:.0%}",
            )
        )
    heads = ("crash", "began (UTC)", "high", "extreme", "fallen when it said so", "fell further", "told of 72 h")
    return _table(heads, rows)


def all_crashes_line(readings: Sequence[Reading]) -> str:
    """Return a sentence on all crashes that the definition finds, known or not."""
    met = [told for told in _all_tellings(readings) if told is not None]
    before = sum(told.high_after is not None and told.high_after < 0 for told in met)
    at_once = sum(told.high_after == 0 for told in met)
    late = [told.high_after for told in met if told.high_after is not None and told.high_after > 0]
    missed = sum(told.high_after is None for told in met)
    lateness = f" (median {median(late):.0f} h, at most {max(late):.0f} h)" if late else ""
    return (
        f"Of all {len(met)} falls of 5 % within a day: {before} began while it already said high or extreme, "
        f"{at_once} made it say so in the same hour, {len(late)} later{lateness}, {missed} not within 72 hours."
    )


def phases_table(readings: Sequence[Reading]) -> str:
    """Return for each volatility phase its share of the time, and what the market did in the day after."""
    rows: list[Sequence[str]] = []
    for phase in VolatilityPhase:
        places = [place for place, reading in enumerate(readings) if reading.status.volatility is phase]
        moves = [_next_day(readings, place) for place in places if place + DAY < len(readings)]
        share = f"{len(places) / len(readings):.1%}"
        if not moves:
            rows.append((phase, share, "", "", ""))
            continue
        spread = fmean(abs(change) for change, _ in moves)
        lows = sorted(low for _, low in moves)
        rows.append((phase, share, f"{spread:.2%}", f"{lows[len(lows) // 20]:.1%}", f"{lows[0]:.1%}"))
    heads = ("phase", "share of time", "mean move in the next 24 h", "lowest price then, worst 5 %", "worst")
    return _table(heads, rows)


def shares_line(readings: Sequence[Reading]) -> str:
    """Return how the time divides over drawdown phases and trends, and how often phases change."""
    count = len(readings)
    drawdowns = ", ".join(
        f"{phase} {sum(reading.status.drawdown is phase for reading in readings) / count:.0%}"
        for phase in DrawdownPhase
    )
    trends = ", ".join(
        f"{trend} {sum(reading.status.trend is trend for reading in readings) / count:.0%}" for trend in Trend
    )
    return (
        f"Volatility changed {changes_per_month(readings):.1f} times a month, "
        f"{changes_per_month(readings, across_high=True):.1f} of them to or from high and above. "
        f"Drawdown: {drawdowns}. Trend: {trends}."
    )


def sensitivity_table(candles: Sequence[Candle]) -> str:
    """Return what other settings would have done, each differing from the defaults in one thing."""
    base = RegimeSettings()
    others = {
        "defaults": base,
        "window 12 h": replace(base, window=12),
        "window 48 h": replace(base, window=48),
        "memory 30 d": replace(base, memory=720),
        "memory 180 d": replace(base, memory=4320),
        "dwell 6 h": replace(base, volatility=_with_dwell(base, 6)),
        "dwell 24 h": replace(base, volatility=_with_dwell(base, 24)),
        "no hysteresis": replace(base, volatility=_without_hysteresis(base)),
    }
    rows = [(name, *_summary(replay(candles, settings))) for name, settings in others.items()]
    heads = ("settings", "high or extreme", "changes a month", "to or from high", "high at known crashes")
    return _table(heads, rows)


def _summary(readings: Sequence[Reading]) -> tuple[str, ...]:
    high = sum(
        reading.status.volatility in {VolatilityPhase.HIGH, VolatilityPhase.EXTREME} for reading in readings
    ) / len(readings)
    places = [beginning_of(crash, readings) for crash in KNOWN]
    tellings = ["-" if place is None else _hours(telling(readings, place).high_after) for place in places]
    changes = changes_per_month(readings)
    return f"{high:.0%}", f"{changes:.1f}", f"{changes_per_month(readings, across_high=True):.1f}", ", ".join(tellings)


def _all_tellings(readings: Sequence[Reading]) -> Iterable[Telling | None]:
    for place in beginnings(readings):
        known = readings[place].status.volatility is not VolatilityPhase.UNKNOWN
        yield telling(readings, place) if known else None


def _with_dwell(settings: RegimeSettings, dwell: int) -> Ladder:
    return replace(settings.volatility, dwell=dwell)


def _without_hysteresis(settings: RegimeSettings) -> Ladder:
    enter = settings.volatility.enter
    return Ladder(enter, tuple(threshold - 1e-12 for threshold in enter), 1)


def _next_day(readings: Sequence[Reading], place: int) -> tuple[float, float]:
    close = readings[place].candle.close
    ahead = readings[place + 1 : place + 1 + DAY]
    return ahead[-1].candle.close / close - 1, min(reading.candle.low for reading in ahead) / close - 1


def _hours(hours: float | None) -> str:
    return "never" if hours is None else f"{hours:+.0f} h"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def period_line(readings: Sequence[Reading]) -> str:
    """Return from when to when, and how many candles are missing."""
    first, last = readings[0].candle.opened_at, readings[-1].status.as_of
    missing = (last - first) // timedelta(hours=1) - len(readings)
    return f"{len(readings)} hourly candles from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {missing} missing."
