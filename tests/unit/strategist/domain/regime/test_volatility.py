import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bench.regime.seeded import Stretch, candles_of
from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.volatility import annualised, candle_variance, rank

AT = datetime(2026, 2, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_candle_that_does_not_move_has_no_variance() -> None:
    assert candle_variance(Candle(AT, 100, 100, 100, 100), 100) == 0


def test_the_formula_gives_the_number_worked_out_by_hand() -> None:
    jump, spread, body = math.log(101 / 100), math.log(104 / 99), math.log(103 / 101)
    garman_klass = jump**2 + 0.5 * spread**2 - (2 * math.log(2) - 1) * body**2
    expected = 0.5 * (garman_klass + math.log(103 / 100) ** 2)
    assert candle_variance(Candle(AT, 101, 104, 99, 103), 100) == pytest.approx(expected, rel=1e-12)


def test_a_fall_without_wicks_is_not_taken_for_calm() -> None:
    fall = Candle(AT, 100, 100, 90, 90)
    assert candle_variance(fall, 100) > 0.5 * math.log(0.9) ** 2


def test_a_jump_between_candles_counts() -> None:
    assert candle_variance(Candle(AT, 90, 90, 90, 90), 100) == pytest.approx(math.log(0.9) ** 2)


def test_on_a_random_walk_it_finds_the_volatility_that_made_it() -> None:
    candles = candles_of((Stretch(1000, 0.01),), seed=7, steps=200)
    variances = [candle_variance(candle, before.close) for before, candle in pairwise(candles)]
    assert annualised(variances, HOUR) == pytest.approx(0.01 * math.sqrt(24 * 365), rel=0.06)


def test_volatility_is_annualised_by_the_length_of_the_candle() -> None:
    assert annualised([0.0001], HOUR) == pytest.approx(0.01 * math.sqrt(24 * 365))
    assert annualised([0.0001], timedelta(minutes=15)) == pytest.approx(0.01 * math.sqrt(4 * 24 * 365))


def test_a_rank_is_the_share_of_the_past_that_is_exceeded() -> None:
    past = [float(value) for value in range(1, 101)]
    assert (rank(0.5, past), rank(50.5, past), rank(101, past)) == (0.0, 0.5, 1.0)


def test_equal_values_count_half_and_rounding_does_not_tell_them_apart() -> None:
    assert rank(0.0, [0.0] * 10) == 0.5
    assert rank(0.3, [0.1 + 0.2] * 10) == 0.5
    assert rank(2.0, [1.0, 2.0, 2.0, 3.0]) == 0.5


def test_the_order_of_the_past_does_not_matter() -> None:
    past = [random.Random(3).random() for _ in range(50)]
    assert rank(0.4, past) == rank(0.4, sorted(past))
