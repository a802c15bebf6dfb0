"""What the exchange says, read strictly."""

from decimal import Decimal

import pytest

from canary import wire
from canary.account import market_order
from canary.errors import UnavailableError
from canary.model import CloseOrder, MarketLot

ROW = {"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "-0.5"}


def test_rows_without_an_amount_are_no_positions() -> None:
    assert wire.positions([{**ROW, "positionAmt": "0.000"}, {**ROW, "positionAmt": "-0"}]) == ()


def test_a_short_is_closed_by_buying_whatever_the_sign_of_its_amount_in_hedge_mode() -> None:
    for amount in ("-0.5", "0.5"):
        (short,) = wire.positions([{**ROW, "positionSide": "SHORT", "positionAmt": amount}])
        assert (short.closing_side, short.size) == ("BUY", Decimal("0.5"))
    (one_way,) = wire.positions([ROW])
    assert one_way.closing_side == "BUY"


@pytest.mark.parametrize("amount", ["1E-3", "1e-3", "0.00100"])
def test_an_amount_in_any_notation_is_read_exactly_and_sent_plainly(amount: str) -> None:
    for written in (f'"{amount}"', amount):
        (position,) = wire.positions(
            wire.decode(b'[{"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": %b}]' % written.encode())
        )
        assert position.amount == Decimal("0.001")
        order = CloseOrder(position, position.size, "id")
        assert market_order(order)["quantity"] == "0.001"


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        "[]",
        [None],
        [{**ROW, "positionAmt": "NaN"}],
        [{**ROW, "positionAmt": "1e"}],
        [{**ROW, "positionAmt": 0.5}],
        [{**ROW, "positionAmt": None}],
        [{**ROW, "positionSide": "NEITHER"}],
        [{**ROW, "symbol": ""}],
        [{"symbol": "BTCUSDT", "positionAmt": "1"}],
    ],
)
def test_positions_that_are_not_as_documented_are_not_guessed(value: object) -> None:
    with pytest.raises(UnavailableError):
        wire.positions(value)


@pytest.mark.parametrize("value", [{}, {"dualSidePosition": "true"}, {"dualSidePosition": 1}, []])
def test_a_mode_that_is_not_said_plainly_is_unknown(value: object) -> None:
    with pytest.raises(UnavailableError):
        wire.hedge_mode(value)


def test_conditional_orders_come_as_a_list_or_within_an_object() -> None:
    listed = [{"symbol": "BTCUSDT", "algoId": 7}, {"symbol": "ETHUSDT", "algoId": "8"}]
    assert wire.conditional_orders(listed) == wire.conditional_orders({"total": 1, "orders": listed})
    with pytest.raises(UnavailableError):
        wire.conditional_orders({"total": 1})


def test_the_stricter_lot_counts_and_an_odd_symbol_does_not_take_the_others_rules_away() -> None:
    lot = {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"}
    market = {"filterType": "MARKET_LOT_SIZE", "stepSize": "0", "minQty": "0.01", "maxQty": "120"}
    symbols = [
        {"symbol": "ODDUSDT", "filters": [{**lot, "stepSize": "?"}]},
        {"symbol": "BTCUSDT", "filters": [lot, market]},
    ]
    lots = wire.market_lots({"symbols": symbols})
    assert lots == {"BTCUSDT": MarketLot(Decimal("0.001"), Decimal("0.01"), Decimal(120))}


def test_limits_are_taken_from_the_exchange_where_they_are_understood() -> None:
    stated = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        {"rateLimitType": "RAW", "interval": "MOON", "intervalNum": 1, "limit": 1},
    ]
    assert wire.rate_limits({"rateLimits": stated}) == {("REQUEST_WEIGHT", 60): 2400, ("ORDERS", 10): 300}
