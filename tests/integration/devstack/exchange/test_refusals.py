"""What the client library makes of the exchange's refusals."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import ccxt
import pytest

from devstack import Exchange
from tests.integration.devstack.exchange.clients import BTC, client_of

pytestmark = pytest.mark.servers

Request = Callable[[ccxt.binanceusdm], object]


def raw(client: ccxt.binanceusdm, **changes: object) -> object:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1"}
    return client.fapiPrivatePostOrder({**order, "price": "59000", **changes})


REFUSED: dict[str, tuple[Request, type[ccxt.BaseError], str]] = {
    "margin": (lambda it: it.create_order(BTC, "market", "buy", 100), ccxt.InsufficientFunds, "-2019"),
    "minimum notional": (lambda it: it.create_order(BTC, "market", "buy", 0.001), ccxt.InvalidOrder, "-4164"),
    "market lot": (lambda it: it.create_order(BTC, "market", "buy", 121), ccxt.BadRequest, "-4005"),
    "band": (lambda it: it.create_order(BTC, "limit", "buy", 0.1, 70000), ccxt.BadRequest, "-4016"),
    "reduce only": (
        lambda it: it.create_order(BTC, "market", "sell", 0.1, None, {"reduceOnly": True}),
        ccxt.InvalidOrder,
        "-2022",
    ),
    "position side": (
        lambda it: it.create_order(BTC, "market", "buy", 0.1, None, {"hedged": True}),
        ccxt.OperationRejected,
        "-4061",
    ),
    "post only": (
        lambda it: it.create_order(BTC, "limit", "buy", 0.1, 61000, {"postOnly": True}),
        ccxt.InvalidOrder,
        "-5022",
    ),
    "trigger": (
        lambda it: it.create_order(BTC, "market", "sell", 0.1, None, {"stopLossPrice": 61000}),
        ccxt.InvalidOrder,
        "-2021",
    ),
    "unknown order": (lambda it: it.cancel_order("17", BTC), ccxt.OrderNotFound, "-2011"),
    "no such order": (lambda it: it.fetch_order("17", BTC), ccxt.OrderNotFound, "-2013"),
    "leverage": (
        lambda it: it.fapiPrivatePostLeverage({"symbol": "SOLUSDT", "leverage": 125}),
        ccxt.BadRequest,
        "-4028",
    ),
    "position mode": (lambda it: it.set_position_mode(False), ccxt.OperationRejected, "-4059"),
    "tick": (lambda it: raw(it, price="59000.05"), ccxt.BadRequest, "-4014"),
    "precision": (lambda it: raw(it, quantity="0.12345"), ccxt.BadRequest, "-1111"),
    "symbol": (lambda it: raw(it, symbol="NOPEUSDT"), ccxt.BadSymbol, "-1121"),
    "side": (lambda it: raw(it, side="HOLD"), ccxt.BadRequest, "-1117"),
    "type": (lambda it: raw(it, type="ICEBERG"), ccxt.BadRequest, "-1116"),
    "time in force": (lambda it: raw(it, timeInForce="SOON"), ccxt.BadRequest, "-1115"),
    "no price": (lambda it: raw(it, price=""), ccxt.BadRequest, "-1102"),
    "not a number": (lambda it: raw(it, quantity="NaN"), ccxt.BadRequest, "-1102"),
    "old endpoint": (lambda it: raw(it, type="STOP_MARKET", price="", stopPrice="1"), ccxt.ExchangeError, "-4120"),
    "interval": (
        lambda it: it.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "7m"}),
        ccxt.BadRequest,
        "-1120",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_the_libraries_own_exception_with_the_code(client: ccxt.binanceusdm, name: str) -> None:
    request, expected, code = REFUSED[name]
    with pytest.raises(expected, match=f'"code": ?{code}'):
        request(client)


@pytest.mark.parametrize(
    ("configured", "expected", "code"),
    [
        ({"secret": "another"}, ccxt.AuthenticationError, "-1022"),
        ({"apiKey": "another"}, ccxt.AuthenticationError, "-2015"),
        ({"options": {"fetchCurrencies": False, "timeDifference": 60_000}}, ccxt.InvalidNonce, "-1021"),
        ({"options": {"fetchCurrencies": False, "timeDifference": -60_000}}, ccxt.InvalidNonce, "-1021"),
        ({"options": {"fetchCurrencies": False, "recvWindow": 60_001}}, ccxt.ExchangeError, "-1131"),
    ],
)
def test_what_is_not_signed_rightly_is_refused(
    exchange: Exchange, configured: dict[str, object], expected: type[ccxt.BaseError], code: str
) -> None:
    with client_of(exchange, **configured) as client, pytest.raises(expected, match=code):
        client.fetch_balance()


def test_a_client_adjusts_to_an_exchange_whose_clock_is_wrong(exchange: Exchange) -> None:
    exchange.control.skew(3600)
    with client_of(exchange) as client:
        with pytest.raises(ccxt.InvalidNonce):
            client.fetch_balance()
        client.load_time_difference()
        assert client.fetch_balance()["USDT"]["total"] > 0


def test_bytes_that_are_no_text_are_refused_like_any_request_without_a_key(exchange: Exchange) -> None:
    request = urllib.request.Request(f"{exchange.url}/fapi/v1/order", data=b"\xff\xfe", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=20)
    with refusal.value as answer:
        assert (answer.code, json.load(answer)["code"]) == (401, -2014)


def test_an_unknown_path_is_not_found(client: ccxt.binanceusdm) -> None:
    with pytest.raises(ccxt.ExchangeError, match="-5000"):
        client.fapiPublicGetAggTrades({"symbol": "BTCUSDT"})
