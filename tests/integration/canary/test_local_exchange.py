"""Against the local exchange, which knows nothing of the canary; another client confirms that the account is flat."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest

from canary.__main__ import main
from devstack import DevStack
from devstack.exchange.server import Exchange

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


def test_a_plan_leaves_everything_as_it_is(trader: Any, capsys: pytest.CaptureFixture[str]) -> None:
    trader.create_order(ETH, "market", "buy", 1)
    assert main(["plan"]) == 0
    assert "ETHUSDT long 1" in capsys.readouterr().out
    assert not is_flat(trader)
