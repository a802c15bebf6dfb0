"""Against the local exchange, which knows nothing of the canary; another client confirms that the account is flat."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import ccxt
import pytest

from canary.__main__ import main
from devstack import DevStack
from devstack.exchange.server import Exchange
from tests.integration.devstack.exchange.clients import moved_to

pytestmark = pytest.mark.servers

CONSENT = ("--yes", "--i-understand", "--give-up-after", "60")
BTC, ETH, DOGE = "BTC/USDT:USDT", "ETH/USDT:USDT", "DOGE/USDT:USDT"


@pytest.fixture(scope="module")
def running() -> Iterator[Exchange]:
    with DevStack(nats=False, redis=False, mongo=False, exchange=True) as stack:
        yield stack.exchange


@pytest.fixture
def exchange(running: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    running.control.reset()
    running.control.fund(100_000_000)
    monkeypatch.setenv("CANARY_API_KEY", running.api_key)
    monkeypatch.setenv("CANARY_API_SECRET", running.api_secret)
    monkeypatch.setenv("CANARY_BASE_URL", running.url)
    monkeypatch.setenv("CANARY_HOME", str(tmp_path))
    return running


@pytest.fixture
def trader(exchange: Exchange) -> Iterator[Any]:
    client = ccxt.binanceusdm({"apiKey": exchange.api_key, "secret": exchange.api_secret, "enableRateLimit": False})
    client.has["fetchCurrencies"] = False
    client.urls["api"] = {
        name: url.replace("https://fapi.binance.com", exchange.url) for name, url in client.urls["api"].items()
    }
    client.options["defaultSubType"] = "linear"
    client.options["fetchMarkets"] = {"types": ["linear"]}
    client.load_markets()
    yield client
    client.session.close()


def is_flat(trader: Any) -> bool:
    trader.options["warnOnFetchOpenOrdersWithoutSymbol"] = False
    held = [row for row in trader.fapiPrivateV3GetPositionRisk() if float(row["positionAmt"])]
    return not (held or trader.fapiPrivateGetOpenOrders() or trader.fapiPrivateGetOpenAlgoOrders())


def test_one_way_longs_shorts_orders_and_stops_are_gone(trader: Any) -> None:
    trader.create_order(BTC, "market", "buy", 0.5)
    trader.create_order(ETH, "market", "sell", 20)
    trader.create_order(ETH, "limit", "buy", 1, trader.fetch_ticker(ETH)["last"] * 0.97)
    trader.create_order(BTC, "market", "sell", 0.5, None, {"stopLossPrice": 50_000, "reduceOnly": True})
    assert not is_flat(trader)
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


def test_both_sides_are_gone_in_hedge_mode(trader: Any) -> None:
    trader.fapiPrivatePostPositionSideDual({"dualSidePosition": "true"})
    trader.create_order(BTC, "market", "buy", 0.5, None, {"positionSide": "LONG"})
    trader.create_order(BTC, "market", "sell", 0.2, None, {"positionSide": "SHORT"})
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


def test_a_position_below_the_minimum_notional_is_closed(trader: Any) -> None:
    trader.create_order(DOGE, "market", "sell", 101)
    trader.create_order(DOGE, "market", "buy", 100, None, {"reduceOnly": True})
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


def test_a_position_larger_than_a_market_order_may_be_is_split(trader: Any) -> None:
    for _ in range(3):
        trader.create_order(BTC, "market", "buy", 110)
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_clock_that_differs_is_no_obstacle(seconds: int, exchange: Exchange, trader: Any) -> None:
    trader.create_order(ETH, "market", "buy", 1)
    exchange.control.skew(seconds)
    code = main(["close-all", *CONSENT])
    exchange.control.skew(0)
    assert code == 0
    assert is_flat(trader)


def test_during_an_outage_it_does_not_claim_anything(exchange: Exchange, trader: Any) -> None:
    trader.create_order(ETH, "market", "buy", 1)
    exchange.control.outage("error")
    code = main(["close-all", "--yes", "--i-understand", "--give-up-after", "1"])
    exchange.control.end_outage()
    assert code == 1
    assert not is_flat(trader)
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


def test_a_thin_book_takes_several_rounds(exchange: Exchange, trader: Any) -> None:
    trader.create_order(BTC, "market", "sell", 1)
    exchange.control.depth("BTCUSDT", 0.3)
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


@pytest.mark.parametrize("kind", ["break-before", "break-after", "error-after"])
def test_a_close_order_whose_answer_is_lost_is_not_sent_twice(
    kind: Literal["break-before", "break-after", "error-after"], exchange: Exchange, trader: Any
) -> None:
    trader.create_order(BTC, "market", "sell", 1)
    exchange.control.fault(kind, method="POST", path="/fapi/v1/order", code=-1007, status=503)
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)
    executed = [one for one in trader.fapiPrivateGetAllOrders({"symbol": "BTCUSDT"}) if one["side"] == "BUY"]
    assert len(executed) == 1


@pytest.mark.parametrize("code", [-2022, -4164, -4131])
def test_a_symbol_that_refuses_is_named_and_the_others_are_closed(
    code: int, exchange: Exchange, trader: Any, tmp_path: Path
) -> None:
    trader.create_order(BTC, "market", "sell", 1)
    trader.create_order(ETH, "market", "buy", 10)
    exchange.control.fault("refuse", method="POST", path="/fapi/v1/order", symbol="BTCUSDT", code=code, times=1000)
    report = tmp_path / "report.json"
    assert main(["close-all", "--yes", "--i-understand", "--give-up-after", "4", "--report", str(report)]) == 3
    states = {row["symbol"]: row for row in json.loads(report.read_text())["positions"]}
    assert states["ETHUSDT"]["state"] == "flat"
    assert float(states["BTCUSDT"]["left"]) == -1
    assert str(code) in states["BTCUSDT"]["why"]
    exchange.control.end_faults()
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


@pytest.mark.parametrize("mode", ["refuse", "hang", "error"])
def test_the_network_is_gone_in_the_middle_and_comes_back(
    mode: Literal["refuse", "hang", "error"], exchange: Exchange, trader: Any
) -> None:
    for _ in range(8):
        trader.create_order(BTC, "market", "buy", 100)
    exchange.control.depth("BTCUSDT", 30)

    def lose_it() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if any(one["side"] == "SELL" for one in trader.fapiPrivateGetAllOrders({"symbol": "BTCUSDT"})):
                exchange.control.outage(mode)
                threading.Timer(1.5, exchange.control.end_outage).start()
                return

    losing = threading.Thread(target=lose_it)
    losing.start()
    code = main(["close-all", *CONSENT])
    losing.join()
    assert code == 0
    assert is_flat(trader)


def test_bots_that_go_on_trading_for_a_while_are_outlasted(exchange: Exchange, trader: Any) -> None:
    trader.create_order(BTC, "market", "buy", 1)
    until = time.monotonic() + 3

    def trade() -> None:
        with moved_to(exchange, ccxt.binanceusdm) as bot:
            bot.options["fetchMarkets"] = {"types": ["linear"]}
            bot.load_markets()
            while time.monotonic() < until:
                bot.create_order(ETH, "market", "sell", 1)
                bot.create_order(BTC, "limit", "buy", 0.1, bot.fetch_ticker(BTC)["last"] * 0.98)

    trading = threading.Thread(target=trade)
    trading.start()
    main(["close-all", *CONSENT])
    trading.join()
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


def test_a_symbol_that_settles_can_still_be_closed(exchange: Exchange, trader: Any) -> None:
    trader.create_order(ETH, "market", "buy", 1)
    exchange.control.set_status("ETHUSDT", "SETTLING")
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


def test_the_weight_of_a_minute_that_is_used_up_is_waited_for(exchange: Exchange, trader: Any) -> None:
    trader.create_order(ETH, "market", "buy", 1)
    exchange.control.fault("refuse", path="/fapi/v3/positionRisk", code=-1003, status=429, times=2)
    assert main(["close-all", *CONSENT]) == 0
    assert is_flat(trader)


def test_coin_margined_positions_are_gone_when_asked_for(exchange: Exchange, trader: Any) -> None:
    trader.create_order(ETH, "market", "buy", 1)
    with moved_to(exchange, ccxt.binancecoinm) as coin:
        coin.load_markets()
        coin.create_order("BTC/USD:BTC", "market", "sell", 60_000)
        coin.create_order("BTC/USD:BTC", "market", "sell", 60_000)
        coin.create_order("ETH/USD:ETH", "market", "buy", 7)
        coin.create_order("ETH/USD:ETH", "limit", "buy", 7, 2_900)
        stop = {"algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "closePosition": "true"}
        coin.dapiPrivatePostAlgoOrder({**stop, "symbol": "ETHUSD_PERP", "triggerPrice": "2000"})
        assert main(["close-all", *CONSENT]) == 0
        assert [row for row in coin.dapiPrivateGetPositionRisk() if float(row["positionAmt"])]
        assert main(["close-all", *CONSENT, "--coin-m"]) == 0
        assert not [row for row in coin.dapiPrivateGetPositionRisk() if float(row["positionAmt"])]
        assert not coin.dapiPrivateGetOpenOrders()
        assert not coin.dapiPrivateGetOpenAlgoOrders()
    assert is_flat(trader)


def test_spot_is_sold_when_asked_for(exchange: Exchange, trader: Any, capsys: pytest.CaptureFixture[str]) -> None:
    exchange.control.deposit("BTC", 250)
    exchange.control.deposit("DOGE", 1000.5)
    exchange.control.deposit("LDBNB", 3)
    with moved_to(exchange, ccxt.binance) as spot:
        spot.options["fetchMarkets"] = {"types": ["spot"]}
        spot.load_markets()
        spot.create_order("BTC/USDT", "limit", "sell", 100, 90_000)
        assert main(["close-all", *CONSENT]) == 0
        assert spot.fetch_balance()["BTC"]["total"] == 250
        assert "Not touched: spot: 250 BTC" in capsys.readouterr().out
        assert main(["close-all", *CONSENT, "--sell-spot", "USDT"]) == 0
        held = {asset: amount for asset, amount in spot.fetch_balance()["total"].items() if amount}
        assert not spot.privateGetOpenOrders()
    assert set(held) == {"USDT", "DOGE", "LDBNB"}
    assert held["DOGE"] == 0.5
    assert "Held: spot: 3 LDBNB" in capsys.readouterr().out
    assert is_flat(trader)


def test_a_plan_leaves_everything_as_it_is(trader: Any, capsys: pytest.CaptureFixture[str]) -> None:
    trader.create_order(ETH, "market", "buy", 1)
    assert main(["plan"]) == 0
    assert "ETHUSDT long 1" in capsys.readouterr().out
    assert not is_flat(trader)
