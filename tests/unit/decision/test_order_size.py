from decimal import Decimal

import pytest

from cio_decision.order_size import notional, requested_notional
from tests.builders import ago, context, intent, market_state, market_view, quote


@pytest.mark.parametrize(
    ("fields", "largest", "requested"),
    [
        ({"quantity": 0.02}, "1000", "1000"),
        ({"quantity": 0.0001}, "100", "5"),
        ({"quantity": 0}, "100", "100"),
        ({"quantity": 0, "position_size_pct": 0.5}, "100", "100"),
        ({"quantity": 1, "current_price": 60_000.0}, "60000", "60000"),
        ({"quantity": 7.0, "price": 3.0, "current_price": 3.0}, "21", "21"),
        ({"quantity": 6.9, "price": 3.0, "current_price": 3.0}, "21", "20.7"),
    ],
)
def test_what_an_order_is_worth(fields: dict[str, float], largest: str, requested: str) -> None:
    read = intent(**fields)
    assert notional(read, context()) == Decimal(largest)
    assert requested_notional(read, context()) == Decimal(requested)


def test_a_low_live_price_does_not_hide_a_large_order() -> None:
    read = intent(quantity=1, price=50_000.0, current_price=0.01)
    assert notional(read, context()) >= Decimal(50_000)


@pytest.mark.parametrize("wrong", ["last", "mark", "bid"])
def test_one_wrong_price_does_not_hide_a_large_order_however_new_it_is(wrong: str) -> None:
    prices = {name: quote(50_000, ago(3)) for name in ("last", "mark", "bid", "ask")} | {wrong: quote(100, ago(1))}
    read = intent(quantity=7, price=100.0, current_price=100.0)
    assert notional(read, context(market=market_view(market_state(**prices)))) == Decimal(350_000)


def test_a_higher_price_that_is_lost_does_not_count() -> None:
    read = intent(quantity=1, price=40_000.0, current_price=40_000.0)
    for seconds, worth in ((15, 50_000), (15.001, 40_000)):
        fallen = market_state(price=40_000, mark=quote(50_000, ago(seconds)))
        assert notional(read, context(market=market_view(fallen))) == Decimal(worth)
