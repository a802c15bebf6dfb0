from datetime import UTC, datetime, timedelta

import pytest

from cio_strategist.domain.regime.market import market_status, with_second_opinion
from petrosa_contracts import DrawdownPhase, RegimeStatus, Trend, VolatilityPhase

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
AGE = timedelta(hours=2)
LOW, NORMAL, HIGH, EXTREME, UNKNOWN = VolatilityPhase


def status(
    volatility: VolatilityPhase = NORMAL,
    drawdown: DrawdownPhase = DrawdownPhase.SHALLOW,
    trend: Trend = Trend.SIDEWAYS,
    as_of: datetime = NOW,
) -> RegimeStatus:
    return RegimeStatus.of_phases(
        symbol="BTCUSDT", volatility=volatility, trend=trend, drawdown=drawdown, confidence=0.5, as_of=as_of
    )


def market(*statuses: RegimeStatus) -> RegimeStatus:
    return market_status(statuses, now=NOW, longest_age=AGE)


@pytest.mark.parametrize(
    ("phases", "phase"),
    [
        ((LOW,), LOW),
        ((EXTREME,), EXTREME),
        ((LOW, HIGH), HIGH),
        ((LOW, LOW, EXTREME), EXTREME),
        ((LOW, NORMAL, NORMAL, EXTREME), NORMAL),
        ((LOW, NORMAL, NORMAL, NORMAL, HIGH, EXTREME), HIGH),
        ((LOW, LOW, LOW, UNKNOWN), LOW),
        ((LOW, LOW, UNKNOWN), UNKNOWN),
    ],
)
def test_the_market_is_in_the_worst_phase_that_a_third_has_reached(
    phases: tuple[VolatilityPhase, ...], phase: VolatilityPhase
) -> None:
    told = market(*map(status, phases))
    assert told.volatility is phase
    assert told.symbol is None


def test_the_drawdown_of_the_market_goes_by_the_same_rule() -> None:
    fallen = [status(drawdown=DrawdownPhase.DEEP), *[status()] * 2]
    assert market(*fallen).drawdown is DrawdownPhase.DEEP
    assert market(*fallen, status()).drawdown is DrawdownPhase.SHALLOW


@pytest.mark.parametrize(
    ("trends", "trend"),
    [
        ((Trend.UP, Trend.UP, Trend.DOWN), Trend.UP),
        ((Trend.UP, Trend.DOWN), Trend.SIDEWAYS),
        ((Trend.DOWN,), Trend.DOWN),
        ((Trend.UNKNOWN, Trend.UNKNOWN, Trend.UP), Trend.UNKNOWN),
    ],
)
def test_the_market_has_the_trend_that_most_share(trends: tuple[Trend, ...], trend: Trend) -> None:
    assert market(*[status(trend=one) for one in trends]).trend is trend


def test_without_symbols_or_with_old_ones_only_the_market_is_unknown() -> None:
    unknown = RegimeStatus.unknown(symbol=None, as_of=NOW)
    assert market() == unknown
    assert market(status(as_of=NOW - AGE - timedelta(seconds=1))) == unknown


def test_an_old_status_counts_as_unknown_and_one_at_the_age_limit_still_counts() -> None:
    old = status(as_of=NOW - AGE - timedelta(microseconds=1))
    assert market(status(), status(), old).volatility is UNKNOWN
    assert market(status(), status(), status(as_of=NOW - AGE)).volatility is NORMAL


def test_the_market_is_as_old_as_its_oldest_symbol_that_counts() -> None:
    older = NOW - timedelta(hours=1)
    assert market(status(), status(as_of=older)).as_of == older


def test_a_second_opinion_makes_it_worse_and_never_milder() -> None:
    assert with_second_opinion(status(NORMAL), status(HIGH)).volatility is HIGH
    assert with_second_opinion(status(EXTREME), status(LOW)) == status(EXTREME)
    deeper = with_second_opinion(status(), status(drawdown=DrawdownPhase.DEEP))
    assert (deeper.drawdown, deeper.size_multiplier) == (DrawdownPhase.DEEP, 0.5)


def test_a_second_opinion_that_knows_nothing_changes_nothing() -> None:
    assert with_second_opinion(status(), RegimeStatus.unknown(symbol="BTCUSDT", as_of=NOW)) == status()


def test_a_second_opinion_does_not_make_the_unknown_known() -> None:
    unknown = RegimeStatus.unknown(symbol="BTCUSDT", as_of=NOW)
    assert with_second_opinion(unknown, status(EXTREME, DrawdownPhase.SEVERE)) == unknown


def test_limits_stricter_than_the_phases_stay_with_a_second_opinion() -> None:
    strict = status().model_copy(update={"size_multiplier": 0.1, "increase_allowed": False})
    told = with_second_opinion(strict, status(HIGH))
    assert (told.size_multiplier, told.increase_allowed) == (0.1, False)
