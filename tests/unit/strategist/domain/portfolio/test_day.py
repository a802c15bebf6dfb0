from datetime import date
from decimal import Decimal

from cio_strategist.domain.portfolio.day import Day

TODAY, TOMORROW = date(2026, 2, 25), date(2026, 2, 26)


def _after(*equities: int, day: Day | None = None) -> Day:
    day = day or Day(TODAY)
    for equity in equities:
        day = day.read(Decimal(equity))
    return day


def test_a_loss_is_latched_once_three_readings_in_a_row_show_it():
    day = _after(1000, 1000, 1000, 900, 880)
    assert day.latched == 0
    assert day.loss == 120
    assert _after(890, day=day).latched == 100


def test_the_largest_agreed_loss_stays_when_equity_recovers():
    day = _after(1000, 1000, 1000, 900, 900, 900, 1000, 1000, 1000)
    assert day.loss == 0
    assert day.latched == 100


def test_one_wrong_reading_neither_latches_nor_moves_the_start():
    for position in range(6):
        for wrong in (0, 1, 10**9):
            equities = [1000] * 6
            equities[position] = wrong
            day = _after(*equities)
            assert day.latched == 0
            assert day.equity == 1000


def test_a_gain_is_no_loss():
    assert _after(1000, 1000, 1000, 1200, 1200, 1200).loss == 0


def test_a_deposit_is_no_gain_and_a_withdrawal_no_loss():
    day = _after(1000, 1000, 1000).moved(Decimal(-600))
    assert _after(400, 400, 400, day=day).latched == 0
    day = day.moved(Decimal(1000))
    assert _after(1300, day=day).loss == 100


def test_the_next_day_starts_from_the_newest_readings_and_without_the_latch():
    day = _after(1000, 1000, 1000, 800, 800, 800)
    assert day.latched == 200
    following = _after(810, day=day.followed_by(TOMORROW, (Decimal(1000), Decimal(800), Decimal(800))))
    assert following.on == TOMORROW
    assert following.latched == 0
    assert following.equity == 800


def test_a_resumed_day_keeps_its_start_and_its_latch():
    day = Day.resumed(TODAY, Decimal(1000), Decimal(70))
    assert _after(950, 950, day=day).latched == 70
    assert _after(900, 900, 900, day=day).latched == 100
