from datetime import timedelta
from decimal import Decimal

from cio_strategist.domain.portfolio.income import Transfers, realised, uncounted
from tests.readings import NOON, income

TODAY = NOON.date()


def test_the_result_of_the_day_includes_fees_and_funding_and_no_transfers():
    incomes = [
        income("REALIZED_PNL", "-120"),
        income("COMMISSION", "-2.5"),
        income("FUNDING_FEE", "0.5"),
        income("TRANSFER", "1000"),
        income("REALIZED_PNL", "-7", when=NOON - timedelta(days=1)),
    ]
    assert realised(incomes, TODAY) == Decimal(-122)


def test_fees_in_another_asset_are_named_and_not_added_up():
    incomes = [income("COMMISSION", "-0.001", asset="BNB"), income("COMMISSION", "-0.002", asset="BNB")]
    assert realised(incomes, TODAY) == 0
    assert uncounted(incomes, TODAY) == {"BNB": Decimal("-0.003")}


def test_what_is_shown_first_is_contained_and_later_transfers_count_once():
    old, new = income("TRANSFER", "1000", key="a"), income("TRANSFER", "-300", key="b")
    transfers, moved = Transfers().taken([old])
    assert moved == 0
    transfers, moved = transfers.taken([old, new])
    assert moved == -300
    _, moved = transfers.taken([old, new])
    assert moved == 0


def test_after_a_restart_only_what_came_since_counts():
    old = income("TRANSFER", "1000", key="a", when=NOON - timedelta(minutes=1))
    new = income("TRANSFER", "50", key="b", when=NOON + timedelta(minutes=1))
    _, moved = Transfers(contained_until=NOON).taken([old, new])
    assert moved == 50
