import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.trend import FILLED, Directional, directional, fitted_slope

START = datetime(2026, 2, 25, tzinfo=UTC)


def candle(place: int, low: float, high: float, close: float) -> Candle:
    return Candle(START + place * timedelta(hours=1), close, high, low, close)


def after(candles: list[Candle]) -> Directional:
    movement = Directional()
    for before, later in pairwise(candles):
        movement = directional(movement, later, before)
    return movement


def rising(count: int) -> list[Candle]:
    return [candle(place, 100 + place, 102 + place, 101 + place) for place in range(count)]


def falling(count: int) -> list[Candle]:
    return [candle(place, 200 - place, 202 - place, 201 - place) for place in range(count)]


def test_the_index_is_unknown_until_its_sums_and_its_average_are_full() -> None:
    assert after(rising(FILLED)).adx is None
    assert after(rising(FILLED + 1)).adx is not None


def test_a_rise_without_a_step_back_has_the_strongest_index_and_leads_upwards() -> None:
    movement = after(rising(40))
    assert movement.adx == pytest.approx(100)
    assert movement.lead > 0


def test_a_fall_leads_downwards() -> None:
    movement = after(falling(40))
    assert movement.adx == pytest.approx(100)
    assert movement.lead < 0


def test_a_market_that_stands_still_has_no_trend() -> None:
    assert after([candle(place, 100, 100, 100) for place in range(40)]).adx == 0


def test_a_zigzag_is_weaker_than_a_trend() -> None:
    zigzag = [candle(place, 100 + place % 2, 102 + place % 2, 101 + place % 2) for place in range(60)]
    adx = after(zigzag).adx
    assert adx is not None
    assert adx < 10


def test_the_smoothing_is_wilders() -> None:
    movement = after(rising(16))
    # Fourteen sums of 1 for upward movement, then S - S / 14 + 1, which stays at 14.
    assert movement.plus == pytest.approx(14)
    # The true range is from the close before, which is 1 below the high.
    assert movement.true_range == pytest.approx(14 * 2)


def test_the_slope_of_steady_growth_is_its_rate() -> None:
    assert fitted_slope([100 * math.exp(0.01 * place) for place in range(24)]) == pytest.approx(0.01)
    assert fitted_slope([100.0] * 24) == 0
