"""COIN-M futures and spot, which have paths and prices of their own."""

from collections.abc import Iterator
from typing import Any

import ccxt
import pytest

from devstack import Exchange
from tests.integration.devstack.exchange.clients import moved_to

pytestmark = pytest.mark.servers

BTC_COIN = "BTC/USD:BTC"
BTC_SPOT = "BTC/USDT"


@pytest.fixture
def coin(exchange: Exchange) -> Iterator[Any]:
    with moved_to(exchange, ccxt.binancecoinm) as client:
        client.load_markets()
        yield client


@pytest.fixture
def spot(exchange: Exchange) -> Iterator[Any]:
    with moved_to(exchange, ccxt.binance) as client:
        client.options["fetchMarkets"] = {"types": ["spot"]}
        client.load_markets()
        yield client


def test_a_coin_margined_position_is_opened_and_closed_in_contracts(exchange: Exchange, coin: Any) -> None:
    order = coin.create_order(BTC_COIN, "market", "sell", 5)
    assert (order["status"], order["filled"]) == ("closed", 5)
    held = [row for row in coin.dapiPrivateGetPositionRisk() if float(row["positionAmt"])]
    assert [(row["symbol"], row["positionAmt"]) for row in held] == [("BTCUSD_PERP", "-5")]
    coin.create_order(BTC_COIN, "market", "buy", 9, None, {"reduceOnly": True})
    assert not [row for row in coin.dapiPrivateGetPositionRisk() if float(row["positionAmt"])]


def test_coin_margined_conditional_orders_wait_apart(coin: Any) -> None:
    coin.create_order(BTC_COIN, "market", "buy", 5)
    coin.dapiPrivatePostAlgoOrder(
        {
            "algoType": "CONDITIONAL",
            "symbol": "BTCUSD_PERP",
            "side": "SELL",
            "type": "STOP_MARKET",
            "triggerPrice": "50000",
            "closePosition": "true",
        }
    )
    assert coin.dapiPrivateGetOpenOrders() == []
    assert [each["symbol"] for each in coin.dapiPrivateGetOpenAlgoOrders()] == ["BTCUSD_PERP"]


def test_both_futures_markets_have_one_position_mode(coin: Any, client: ccxt.binanceusdm) -> None:
    client.set_position_mode(True)
    assert coin.dapiPrivateGetPositionSideDual()["dualSidePosition"] is True
    coin.create_order(BTC_COIN, "market", "buy", 5, None, {"positionSide": "LONG"})
    with pytest.raises(ccxt.ExchangeError, match="-4068"):
        client.set_position_mode(False)


def test_spot_is_sold_at_market_and_orders_lock_what_they_need(exchange: Exchange, spot: Any) -> None:
    exchange.control.deposit("BTC", 2)
    waiting = spot.create_order(BTC_SPOT, "limit", "sell", 0.5, 90_000)
    assert spot.fetch_balance()["BTC"] == {"free": 1.5, "used": 0.5, "total": 2}
    with pytest.raises(ccxt.InsufficientFunds):
        spot.create_order(BTC_SPOT, "market", "sell", 1.6)
    spot.cancel_order(waiting["id"], BTC_SPOT)
    sold = spot.create_order(BTC_SPOT, "market", "sell", 1.6)
    assert (sold["status"], sold["cost"]) == ("closed", 96_000)
    assert spot.fetch_balance()["USDT"]["free"] == 96_000


def test_a_spot_order_that_rests_executes_when_its_price_comes(exchange: Exchange, spot: Any) -> None:
    exchange.control.deposit("USDT", 10_000)
    spot.create_order(BTC_SPOT, "limit", "buy", 0.1, 50_000)
    exchange.control.crash(20)
    balance = spot.fetch_balance()
    assert (balance["BTC"]["total"], balance["USDT"]["total"]) == (0.1, 5_000)
    assert spot.fetch_open_orders(BTC_SPOT) == []


@pytest.mark.parametrize(("amount", "filter_name"), [(0.00001, "LOT_SIZE"), (1000, "LOT_SIZE")])
def test_spot_filters_are_enforced(amount: float, filter_name: str, exchange: Exchange, spot: Any) -> None:
    exchange.control.deposit("BTC", 2000)
    with pytest.raises(ccxt.BaseError, match=filter_name):
        spot.privatePostOrder({"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": str(amount)})
