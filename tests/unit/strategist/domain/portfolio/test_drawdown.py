from decimal import Decimal

from cio_strategist.domain.portfolio.drawdown import Drawdown


def _after(*equities: int, drawdown: Drawdown | None = None) -> Drawdown:
    drawdown = drawdown or Drawdown()
    for equity in equities:
        drawdown = drawdown.read(Decimal(equity))
    return drawdown


def test_the_peak_is_what_three_readings_in_a_row_reached():
    assert _after(1000, 1000, 1000, 1200, 1100).peak == 1000
    assert _after(1000, 1000, 1000, 1200, 1100, 1150).peak == 1100


def test_a_fall_is_a_fraction_of_the_peak_and_latched_once_three_agree():
    drawdown = _after(1000, 1000, 1000, 900, 750)
    assert drawdown.fall == Decimal("0.25")
    assert drawdown.latched == 0
    assert _after(800, drawdown=drawdown).latched == Decimal("0.1")


def test_the_latch_outlives_the_recovery():
    assert _after(1000, 1000, 1000, 500, 500, 500, 2000, 2000, 2000).latched == Decimal("0.5")


def test_one_wrong_reading_latches_nothing_and_makes_no_peak():
    for position in range(7):
        for wrong in (0, 1, 10**9):
            equities = [1000] * 7
            equities[position] = wrong
            drawdown = _after(*equities)
            assert drawdown.latched == 0
            assert drawdown.peak == 1000 or position < 3
            assert _after(1000, 1000, 1000, drawdown=drawdown).peak == 1000


def test_a_transfer_leaves_the_fall_as_it_is():
    drawdown = _after(1000, 1000, 1000, 900).moved(Decimal(-450), Decimal(900))
    after = _after(450, 450, 450, drawdown=drawdown)
    assert after.fall == Decimal("0.1")
    assert after.latched == Decimal("0.1")


def test_an_account_that_is_emptied_and_filled_again_has_not_fallen():
    emptied = _after(0, 0, 0, drawdown=_after(1000, 1000, 1000).moved(Decimal(-1000), Decimal(1000)))
    assert emptied.fall is None
    assert emptied.latched == 0
    filled = _after(500, 500, 500, drawdown=emptied.moved(Decimal(500), Decimal(0)))
    assert filled.fall == 0
    assert filled.peak == 500


def test_clearing_begins_a_new_peak():
    drawdown = _after(1000, 1000, 1000, 500, 500, 500).begun_anew()
    after = _after(500, 500, 500, drawdown=drawdown)
    assert after.peak == 500
    assert after.latched == 0
