"""The exchange's listing, with its rules."""

from decimal import Decimal

import pytest

from cio_strategist.domain.market.listing import read_listing
from petrosa_contracts.market import SymbolRules
from tests.fleet_market import exchange_info, listed


def test_symbols_statuses_and_filters_are_read() -> None:
    listing = read_listing(exchange_info("BTCUSDT", listed("ETHUSDT_260626", status="SETTLING"), weight=1200))
    assert listing is not None
    assert {symbol: each.status for symbol, each in listing.symbols.items()} == {
        "BTCUSDT": "TRADING",
        "ETHUSDT_260626": "SETTLING",
    }
    assert listing.weight_per_minute == 1200
    assert listing.symbols["BTCUSDT"].rules == SymbolRules(
        tick=Decimal("0.10"),
        min_price=Decimal("261.10"),
        max_price=Decimal(809484),
        step=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal(1000),
        market_step=Decimal("0.001"),
        market_min_quantity=Decimal("0.001"),
        market_max_quantity=Decimal(120),
        min_notional=Decimal(100),
        multiplier_up=Decimal("1.0500"),
        multiplier_down=Decimal("0.9500"),
    )


def test_a_zero_means_that_there_is_no_such_rule() -> None:
    prices = {"minPrice": "0", "maxPrice": "0.0000", "tickSize": "0.10"}
    listing = read_listing(exchange_info(listed("BTCUSDT", PRICE_FILTER=prices)))
    assert listing is not None
    rules = listing.symbols["BTCUSDT"].rules
    assert (rules.min_price, rules.max_price, rules.tick) == (None, None, Decimal("0.10"))


@pytest.mark.parametrize("value", ["-1", "NaN", "many", [], {"a": 1}])
def test_a_symbol_whose_rules_cannot_be_read_is_named(value: object) -> None:
    listing = read_listing(exchange_info("ETHUSDT", listed("BTCUSDT", LOT_SIZE={"stepSize": value})))
    assert listing is not None
    assert (set(listing.symbols), listing.unreadable) == ({"ETHUSDT"}, ("BTCUSDT",))


@pytest.mark.parametrize(
    "answer", [None, [], "x", {}, {"symbols": []}, {"symbols": [1]}, exchange_info({"symbol": "btcusdt"})]
)
def test_what_lists_nothing_is_no_listing(answer: object) -> None:
    assert read_listing(answer) is None
