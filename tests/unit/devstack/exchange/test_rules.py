from decimal import Decimal

import pytest

from devstack.exchange.refusals import RefusedError
from devstack.exchange.rules import SYMBOLS

BTC = SYMBOLS[0]
MARK = Decimal(60000)


@pytest.mark.parametrize(
    ("price", "code"),
    [("0", -4001), ("60000.123", -1111), ("261.0", -4013), ("809484.1", -4002), ("60000.05", -4014)],
)
def test_a_price_off_its_filter_is_refused(price: str, code: int) -> None:
    with pytest.raises(RefusedError) as refusal:
        BTC.check_price(Decimal(price))
    assert refusal.value.code == code


@pytest.mark.parametrize("price", ["261.1", "60000", "60000.10", "809484"])
def test_a_price_on_its_filter_passes(price: str) -> None:
    BTC.check_price(Decimal(price))


@pytest.mark.parametrize(
    ("quantity", "market", "code"),
    [
        ("0", False, -4003),
        ("-1", True, -4003),
        ("0.0005", False, -1111),
        ("1000.001", False, -4005),
        ("120.001", True, -4005),
    ],
)
def test_a_quantity_off_its_filter_is_refused(quantity: str, market: bool, code: int) -> None:
    with pytest.raises(RefusedError) as refusal:
        BTC.check_quantity(Decimal(quantity), market=market)
    assert refusal.value.code == code


def test_limits_are_inclusive() -> None:
    BTC.check_quantity(Decimal(1000), market=False)
    BTC.check_quantity(Decimal(120), market=True)
    BTC.check_quantity(Decimal("0.001"), market=True)
    BTC.check_notional(Decimal(100))
    BTC.check_band(Decimal(63000), MARK, buy=True)
    BTC.check_band(Decimal(57000), MARK, buy=False)


def test_a_notional_below_the_minimum_is_refused_with_the_minimum_in_the_sentence() -> None:
    with pytest.raises(RefusedError, match="no smaller than 100 ") as refusal:
        BTC.check_notional(Decimal("99.99"))
    assert refusal.value.body["code"] == -4164


def test_the_band_bounds_bids_from_above_and_offers_from_below() -> None:
    with pytest.raises(RefusedError) as above:
        BTC.check_band(Decimal("63000.1"), MARK, buy=True)
    with pytest.raises(RefusedError) as below:
        BTC.check_band(Decimal("56999.9"), MARK, buy=False)
    assert (above.value.code, below.value.code) == (-4016, -4024)
    BTC.check_band(Decimal(30000), MARK, buy=True)
    BTC.check_band(Decimal(90000), MARK, buy=False)
