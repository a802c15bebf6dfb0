"""What can be scripted to go wrong."""

import http.client
import threading

import ccxt
import pytest

from devstack import ControlError, Exchange
from tests.integration.devstack.exchange.clients import BTC, ETH, client_of
from tests.integration.devstack.processes import eventually

pytestmark = pytest.mark.servers


def test_a_crash_moves_prices_and_profit(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    client.create_order(BTC, "market", "sell", 0.1)
    exchange.control.crash(25)
    assert client.fetch_ticker(BTC)["last"] == 45000
    assert client.fetch_ticker(ETH)["last"] == 2250
    assert client.fetch_positions()[0]["unrealizedPnl"] == 1500


def test_frozen_prices_keep_their_time_while_others_move(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    exchange.control.advance(1)
    exchange.control.freeze(["BTCUSDT"])
    before = client.fetch_ticker(BTC)
    exchange.control.advance(600)
    after, other = client.fetch_ticker(BTC), client.fetch_ticker(ETH)
    assert (after["last"], after["timestamp"]) == (before["last"], before["timestamp"])
    assert other["timestamp"] == before["timestamp"] + 600_000
    assert exchange.control.state()["frozen"] == ["BTCUSDT"]
    exchange.control.unfreeze()
    exchange.control.advance(1)
    assert client.fetch_ticker(BTC)["timestamp"] == other["timestamp"] + 1000


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (503, ccxt.OperationFailed),
        (500, ccxt.OperationFailed),
        (429, ccxt.DDoSProtection),
        (418, ccxt.DDoSProtection),
    ],
)
def test_an_outage_with_errors_ends_when_it_is_ended(
    exchange: Exchange, client: ccxt.binanceusdm, status: int, expected: type[ccxt.BaseError]
) -> None:
    exchange.control.outage("error", status=status)
    with pytest.raises(expected):
        client.fetch_ticker(BTC)
    exchange.control.end_outage()
    assert client.fetch_ticker(BTC)["last"] == 60000


def test_an_outage_that_refuses_breaks_connections(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    exchange.control.outage("refuse")
    with pytest.raises(ccxt.NetworkError):
        client.fetch_ticker(BTC)
    exchange.control.end_outage()
    assert client.fetch_ticker(BTC)["last"] == 60000


def test_an_outage_that_hangs_answers_nothing_until_it_ends(exchange: Exchange) -> None:
    exchange.control.outage("hang")
    with client_of(exchange, timeout=300) as hasty, pytest.raises(ccxt.RequestTimeout):
        hasty.fetch_time()
    broken: list[Exception] = []

    def wait() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", exchange.port, timeout=20)
        connection.request("GET", "/fapi/v1/time")
        try:
            connection.getresponse()
        except ConnectionError as error:
            broken.append(error)
        finally:
            connection.close()

    assert eventually(lambda: exchange.control.state()["hanging"] == 0)
    patient = threading.Thread(target=wait)
    patient.start()
    assert eventually(lambda: exchange.control.state()["hanging"] == 1)
    assert broken == []
    exchange.control.end_outage()
    patient.join(20)
    assert len(broken) == 1
    with client_of(exchange) as client:
        assert client.fetch_ticker(BTC)["last"] == 60000


def test_a_stopped_exchange_is_a_refused_connection(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    exchange.stop()
    with pytest.raises(ccxt.NetworkError):
        client.fetch_ticker(BTC)
    with pytest.raises(ControlError, match="nobody answers"):
        exchange.control.state()
    exchange.start()
    assert client.fetch_ticker(BTC)["last"] == 60000


def test_a_paused_exchange_comes_back_as_it_was(exchange: Exchange) -> None:
    exchange.pause()
    with client_of(exchange, timeout=300) as hasty, pytest.raises(ccxt.RequestTimeout):
        hasty.fetch_time()
    exchange.resume()
    with client_of(exchange) as client:
        assert client.fetch_ticker(BTC)["last"] == 60000


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (lambda control: control.crash(100), "below 100"),
        (lambda control: control.crash("much"), "must be a number"),
        (lambda control: control.crash(-10000), "at least -900"),
        (lambda control: control.crash(5, seconds=-1), "whole number"),
        (lambda control: control.fund("1e99"), "at most"),
        (lambda control: control.skew("1e99"), "at most"),
        (lambda control: control.freeze(["NOPE"]), "unknown symbols: NOPE"),
        (lambda control: control.set_price("BTCUSDT", 1), "between"),
        (lambda control: control.advance(10**7), "between 0 and"),
        (lambda control: control.run(), "behind: advance it first"),
        (lambda control: control.outage("sulk"), "refuse, hang, error"),
        (lambda control: control.outage("error", status=200), "400 to 599"),
    ],
)
def test_an_order_that_makes_no_sense_is_an_error_that_says_so(exchange: Exchange, order, why: str) -> None:
    before = exchange.control.state()
    with pytest.raises(ControlError, match=why):
        order(exchange.control)
    assert exchange.control.state() == before


def test_a_thin_book_fills_a_part_and_the_rest_expires(exchange: Exchange, client: ccxt.binanceusdm) -> None:
    exchange.control.depth("BTCUSDT", 0.03)
    order = client.create_order(BTC, "market", "buy", 0.1)
    assert (order["status"], order["filled"]) == ("expired", 0.03)
    assert client.fetch_positions()[0]["contracts"] == 0.03
    exchange.control.depth("BTCUSDT", None)
    assert client.create_order(BTC, "market", "buy", 0.1)["filled"] == 0.1


def test_a_refusal_meets_the_symbol_it_was_asked_for_and_only_so_often(
    exchange: Exchange, client: ccxt.binanceusdm
) -> None:
    exchange.control.fault("refuse", path="/fapi/v1/order", symbol="BTCUSDT", code=-2019, message="no")
    assert client.create_order(ETH, "market", "buy", 1)["filled"] == 1
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(BTC, "market", "buy", 0.1)
    assert client.create_order(BTC, "market", "buy", 0.1)["filled"] == 0.1


@pytest.mark.parametrize(("kind", "held"), [("break-before", 0), ("break-after", 1), ("error-after", 1)])
def test_an_answer_is_lost_before_or_after_the_order_is_carried_out(
    kind: str, held: int, exchange: Exchange, client: ccxt.binanceusdm
) -> None:
    exchange.control.fault(kind, method="POST", path="/fapi/v1/order", code=-1007, status=408, times=5)
    with pytest.raises(ccxt.NetworkError):
        client.create_order(ETH, "market", "buy", 1)
    exchange.control.end_faults()
    assert [each["contracts"] for each in client.fetch_positions()] == [1] * held


def test_a_fault_that_does_not_exist_is_refused(exchange: Exchange) -> None:
    with pytest.raises(ControlError, match="kind must be one of"):
        exchange.control.fault("explode")  # type: ignore[arg-type]
    with pytest.raises(ControlError, match="negative"):
        exchange.control.depth("BTCUSDT", -1)
