"""What the client library reads."""

import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import ccxt
import pytest

from devstack import DevStack, Exchange
from tests.integration.devstack.exchange.clients import BTC, ETH, client_of

pytestmark = pytest.mark.servers


def test_markets_come_with_their_rules(client: ccxt.binanceusdm) -> None:
    market = client.market(BTC)
    assert (market["swap"], market["linear"], market["active"]) == (True, True, True)
    assert market["precision"]["price"] == 0.1
    assert market["limits"]["amount"] == {"min": 0.001, "max": 1000}
    assert market["limits"]["market"]["max"] == 120
    assert market["limits"]["cost"]["min"] == 100
    filters = {each["filterType"]: each for each in market["info"]["filters"]}
    assert filters["PERCENT_PRICE"]["multiplierUp"] == "1.0500"


def test_a_symbol_that_does_not_trade_is_not_active(exchange: Exchange) -> None:
    exchange.control.set_status("ETHUSDT", "SETTLING")
    with client_of(exchange) as client:
        client.load_markets()
        assert client.market(ETH)["active"] is False
        assert client.market(BTC)["active"] is True


def test_prices_agree_wherever_they_are_read(client: ccxt.binanceusdm) -> None:
    assert client.fetch_ticker(BTC)["last"] == 60000
    assert client.fetch_tickers()[ETH]["last"] == 3000
    assert client.fetch_last_prices()[BTC]["price"] == 60000
    assert client.fetch_mark_price(BTC)["markPrice"] == 60000
    best = client.fetch_bids_asks()[BTC]
    assert (best["bid"], best["ask"]) == (60000, 60000.1)
    book = client.fetch_order_book(BTC, 5)
    assert (book["bids"][0][0], book["asks"][0][0], len(book["bids"])) == (60000, 60000.1, 5)
    assert client.fetch_funding_rate(BTC)["fundingRate"] == 0


def test_candles_end_at_the_present_price(client: ccxt.binanceusdm) -> None:
    candles = client.fetch_ohlcv(BTC, "1h", limit=100)
    assert len(candles) == 100
    assert candles[-1][4] == 60000
    since = candles[40][0]
    assert client.fetch_ohlcv(BTC, "1h", since=since, limit=10) == candles[40:50]


def test_the_account_begins_with_its_balance(client: ccxt.binanceusdm) -> None:
    balance = client.fetch_balance()["USDT"]
    assert balance["free"] == balance["total"] == 10_000
    assert client.fetch_positions() == []
    assert len(client.fetch_positions(params={"useV2": True})) == 0
    assert len(client.fapiPrivateV2GetPositionRisk()) == 4
    assert client.fetch_leverages()[BTC]["longLeverage"] == 20
    assert client.fetch_leverage_tiers()[BTC][0]["maxLeverage"] == 125
    assert client.fetch_trading_fee(BTC)["taker"] == 0


def test_every_answer_tells_the_weight_used(client: ccxt.binanceusdm) -> None:
    client.fetch_time()
    before = int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"])
    client.fetch_balance()
    # A minute may just have begun.
    assert int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"]) in {before + 5, 5}


def test_the_other_forms_of_account_and_balance_agree(client: ccxt.binanceusdm) -> None:
    client.create_order(BTC, "market", "buy", 0.1)
    second, third = client.fapiPrivateV2GetAccount(), client.fapiPrivateV3GetAccount()
    for field in ("totalWalletBalance", "totalUnrealizedProfit", "totalMarginBalance", "availableBalance"):
        assert second[field] == third[field]
    assert len(second["positions"]) == 4
    assert [each["symbol"] for each in third["positions"]] == ["BTCUSDT"]
    assert client.fapiPrivateV2GetBalance()[0]["balance"] == third["totalWalletBalance"]
    assert client.fetch_account_positions()[0]["contracts"] == 0.1


def test_two_exchanges_of_one_seed_and_start_are_the_same_market(tmp_path: Path) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    with Exchange(tmp_path / "one", seed=3, start=start) as one, Exchange(tmp_path / "two", seed=3, start=start) as two:
        one.control.advance(3600)
        for _ in range(4):
            two.control.advance(900)
        assert one.control.state()["prices"] == two.control.state()["prices"]
        with client_of(one) as first, client_of(two) as second:
            assert first.fetch_ohlcv(ETH, "5m") == second.fetch_ohlcv(ETH, "5m")


def test_a_stack_has_an_exchange_only_when_it_is_asked_for() -> None:
    with DevStack(nats=False, redis=False, mongo=False, exchange=True, exchange_seed=5) as stack:
        assert stack.environment() == {"EXCHANGE_URL": stack.exchange.url}
        assert stack.exchange.control.state()["seed"] == 5
        with urllib.request.urlopen(f"{stack.exchange.url}/fapi/v1/ping", timeout=5) as page:
            assert page.read() == b"{}"
