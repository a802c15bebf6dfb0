"""What the client library does to the account."""

import ccxt
import pytest

from devstack import Exchange
from tests.integration.devstack.exchange.clients import BTC, ETH, client_of

pytestmark = pytest.mark.servers


def test_a_position_is_opened_marked_and_closed(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    client.set_leverage(10, BTC)
    bought = client.create_order(BTC, "market", "buy", 0.1)
    assert (bought["status"], bought["average"], bought["filled"]) == ("closed", 60000.1, 0.1)
    exchange.control.set_price("BTCUSDT", 61000)
    (position,) = client.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 0.1, 60000.1)
    assert (position["unrealizedPnl"], position["initialMargin"]) == (99.99, 610)
    sold = client.create_order(BTC, "market", "sell", 0.1, None, {"reduceOnly": True})
    assert sold["average"] == 61000
    assert client.fetch_positions() == []
    assert client.fetch_balance()["USDT"]["total"] == 10_099.99
    assert client.fetch_my_trades(BTC)[-1]["info"]["realizedPnl"] == "99.99000000"
    income = client.fapiPrivateGetIncome({"incomeType": "REALIZED_PNL", "symbol": "BTCUSDT"})
    assert income[-1]["income"] == "99.99000000"


def test_a_limit_order_rests_and_is_read_and_cancelled(client: ccxt.binanceusdm) -> None:
    placed = client.create_order(BTC, "limit", "buy", 0.1, 59000, {"clientOrderId": "mine-1"})
    assert placed["status"] == "open"
    assert [each["id"] for each in client.fetch_open_orders(BTC)] == [placed["id"]]
    assert client.fetch_order(placed["id"], BTC)["clientOrderId"] == "mine-1"
    assert client.fetch_order("", BTC, {"clientOrderId": "mine-1"})["id"] == placed["id"]
    assert client.cancel_order(placed["id"], BTC)["status"] == "canceled"
    assert client.fetch_open_orders(BTC) == []
    assert client.fetch_orders(BTC)[-1]["status"] == "canceled"


def test_a_resting_order_executes_while_time_passes(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    placed = client.create_order(BTC, "limit", "buy", 0.1, 58000)
    exchange.control.crash(10, seconds=60, symbols=["BTCUSDT"])
    exchange.control.advance(10)
    assert client.fetch_order(placed["id"], BTC)["status"] == "open"
    assert client.fetch_positions() == []
    exchange.control.advance(60)
    filled = client.fetch_order(placed["id"], BTC)
    assert (filled["status"], filled["average"]) == ("closed", 58000)
    assert client.fetch_my_trades(BTC)[-1]["takerOrMaker"] == "maker"


def test_all_orders_of_a_symbol_are_cancelled_at_once(client: ccxt.binanceusdm) -> None:
    for price in (58000, 58500, 59000):
        client.create_order(BTC, "limit", "buy", 0.01, price)
    client.create_order(ETH, "limit", "buy", 1, 2900)
    client.cancel_all_orders(BTC)
    assert [each["symbol"] for each in client.fetch_open_orders()] == [ETH]


def test_hedge_mode_holds_long_and_short(client: ccxt.binanceusdm) -> None:
    client.set_position_mode(True)
    assert client.fetch_position_mode()["hedged"] is True
    client.create_order(BTC, "market", "buy", 0.2, None, {"hedged": True})
    client.create_order(BTC, "market", "sell", 0.1, None, {"hedged": True})
    held = {each["side"]: each["contracts"] for each in client.fetch_positions()}
    assert held == {"long": 0.2, "short": 0.1}
    client.create_order(BTC, "market", "sell", 0.2, None, {"hedged": True, "reduceOnly": True})
    assert [each["side"] for each in client.fetch_positions()] == ["short"]
    with pytest.raises(ccxt.OperationRejected, match="-4068"):
        client.set_position_mode(False)


def test_isolated_margin_is_set_while_nothing_is_open(client: ccxt.binanceusdm) -> None:
    client.set_margin_mode("isolated", ETH)
    client.create_order(ETH, "market", "buy", 1)
    (position,) = client.fetch_positions()
    assert position["marginMode"] == "isolated"
    with pytest.raises(ccxt.OperationRejected, match="-4048"):
        client.set_margin_mode("cross", ETH)
    client.create_order(ETH, "market", "sell", 1)
    assert client.set_margin_mode("cross", ETH)["msg"] == "success"


def test_conditional_orders_are_listed_apart_and_close_the_position(
    exchange: Exchange, client: ccxt.binanceusdm
) -> None:
    client.create_order(BTC, "market", "buy", 0.1)
    stop = client.create_order(BTC, "market", "sell", 0, None, {"stopLossPrice": 58000, "closePosition": True})
    target = client.create_order(BTC, "market", "sell", 0.1, None, {"takeProfitPrice": 63000, "reduceOnly": True})
    assert client.fetch_open_orders(BTC) == []
    waiting = client.fetch_open_orders(BTC, params={"trigger": True})
    assert [each["id"] for each in waiting] == [stop["id"], target["id"]]
    assert client.fapiPrivateGetOpenAlgoOrders()[0]["closePosition"] is True
    exchange.control.set_price("BTCUSDT", 57500)
    assert client.fetch_positions() == []
    assert client.fetch_order(stop["id"], BTC, {"trigger": True})["info"]["algoStatus"] == "FINISHED"
    client.cancel_order(target["id"], BTC, {"trigger": True})
    assert client.fetch_open_orders(BTC, params={"trigger": True}) == []


def test_money_can_be_put_in_and_taken_out(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    exchange.control.fund(500)
    assert client.fetch_balance()["USDT"]["total"] == 10_500
    exchange.control.fund(-750)
    assert client.fetch_balance()["USDT"]["total"] == 9_750
    kinds = [(each["incomeType"], each["income"]) for each in client.fapiPrivateGetIncome()]
    assert kinds == [("TRANSFER", "10000.00000000"), ("TRANSFER", "500.00000000"), ("TRANSFER", "-750.00000000")]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_account_and_orders_survive_the_process(exchange: Exchange, client: ccxt.binanceusdm, end: str) -> None:
    client.create_order(BTC, "market", "buy", 0.1)
    resting = client.create_order(ETH, "limit", "buy", 1, 2900)
    prices = exchange.control.state()["prices"]
    getattr(exchange, end)()
    exchange.start()
    with client_of(exchange) as again:
        assert again.fetch_positions()[0]["contracts"] == 0.1
        assert again.fetch_open_orders()[0]["id"] == resting["id"]
    assert exchange.control.state()["prices"] == prices
