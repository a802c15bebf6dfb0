"""What each message of the fleet says, and why some are not believed."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cio_strategist.domain.market.fleet_message import LARGEST_MESSAGE, Read, read_fleet_message
from cio_strategist.domain.market.observation import ClosedCandle, Drop, Observation, PriceKind
from tests.fleet_market import NOON_MS, depth20, diff_depth, kline, mark_price, ticker, trade, wrapped
from tests.strategist_fakes import NOON

HOUR_MS = 3_600_000


def read(payload: bytes, *, received_at: datetime = NOON) -> list[Read] | Drop:
    return read_fleet_message(payload, received_at=received_at)


def only(payload: bytes) -> tuple[str, datetime, dict[str, str]]:
    (observation,) = read(payload)
    assert isinstance(observation, Observation)
    return observation.symbol, observation.as_of, {kind: str(price) for kind, price in observation.prices.items()}


@pytest.mark.parametrize(
    ("payload", "symbol", "prices"),
    [
        (trade(), "BTCUSDT", {"last": "50010.50"}),
        (trade(50010.5), "BTCUSDT", {"last": "50010.5"}),
        (trade(symbol="BTCUSDT_260626"), "BTCUSDT_260626", {"last": "50010.50"}),
        (trade(e="aggTrade"), "BTCUSDT", {"last": "50010.50"}),
        (ticker(), "BTCUSDT", {"last": "50010.5", "bid": "50010.4", "ask": "50010.6"}),
        (mark_price(), "BTCUSDT", {"mark": "50011.1"}),
        (depth20(), "ETHUSDT", {"bid": "3000.10", "ask": "3000.20"}),
        (depth20(stream="solusdt@depth5"), "SOLUSDT", {"bid": "3000.10", "ask": "3000.20"}),
        (kline(opened=NOON_MS - HOUR_MS, closed=False), "BTCUSDT", {"last": "50010.5"}),
    ],
)
def test_prices_and_their_symbol_and_time(payload: bytes, symbol: str, prices: dict[str, str]) -> None:
    assert only(payload) == (symbol, NOON, prices)


def test_a_futures_ticker_without_a_book_tells_the_last_price() -> None:
    event = {"e": "24hrTicker", "E": NOON_MS, "s": "BTCUSDT", "c": "50010.5"}
    assert only(wrapped("btcusdt@ticker", event))[2] == {"last": "50010.5"}


def test_a_futures_partial_book_is_read_by_its_stream() -> None:
    event = {"e": "depthUpdate", "E": NOON_MS, "s": "BTCUSDT", "b": [["7403.89", "0.002"]], "a": [["7405.96", "3.3"]]}
    assert only(wrapped("btcusdt@depth10@500ms", event))[2] == {"bid": "7403.89", "ask": "7405.96"}


def test_a_book_with_one_side_tells_that_side() -> None:
    assert only(wrapped("btcusdt@depth20", {"bids": [["5.0", "1"]], "asks": []}))[2] == {"bid": "5.0"}


def test_a_closed_kline_is_a_candle_too() -> None:
    opened = NOON - timedelta(hours=1)
    observation, closed = read(kline(opened=NOON_MS - HOUR_MS))
    assert isinstance(observation, Observation)
    assert isinstance(closed, ClosedCandle)
    assert (closed.symbol, closed.interval, closed.candle.opened_at) == ("BTCUSDT", "1h", opened)
    assert (closed.candle.open, closed.candle.high, closed.candle.low, closed.candle.close) == (
        49900.0,
        50050.0,
        49880.0,
        50010.5,
    )


def test_a_price_is_never_dated_later_than_it_was_received() -> None:
    (observation,) = read(trade(at=NOON_MS + 1500))
    assert observation.as_of == NOON
    (observation,) = read(depth20(at=NOON + timedelta(seconds=2)))
    assert observation.as_of == NOON


def test_the_tolerance_of_clocks_is_inclusive() -> None:
    assert isinstance(read(trade(at=NOON_MS + 2000)), list)
    assert read(trade(at=NOON_MS + 2001)) is Drop.AHEAD
    assert read(depth20(at=NOON + timedelta(seconds=2.1))) is Drop.AHEAD


def without(payload: bytes, name: str) -> bytes:
    wrapper: dict[str, Any] = json.loads(payload)
    wrapper["data"].pop(name, None)
    wrapper.pop(name, None)
    return json.dumps(wrapper).encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Drop.UNREADABLE),
        (b"[1, 2]", Drop.UNREADABLE),
        (b'"text"', Drop.UNREADABLE),
        (b"{" * 10_000, Drop.UNREADABLE),
        (b"\xff\xfe", Drop.UNREADABLE),
        (trade(more="x" * LARGEST_MESSAGE), Drop.UNREADABLE),
        (trade().replace(b'"50010.50"', b"NaN"), Drop.UNREADABLE),
        (without(trade(), "data"), Drop.UNREADABLE),
        (without(trade(), "stream"), Drop.UNREADABLE),
        (wrapped("!ticker@arr", {"e": "24hrTicker"}), Drop.UNREADABLE),
        (wrapped("btcusdt@depth20", {"bids": "x", "asks": []}), Drop.UNREADABLE),
        (wrapped("btcusdt@depth20", {"bids": [[]], "asks": []}), Drop.UNREADABLE),
        (diff_depth(), Drop.NO_PRICE),
        (wrapped("btcusdt@depth20", {"bids": [], "asks": []}), Drop.NO_PRICE),
        (wrapped("btcusdt@forceOrder", {"e": "forceOrder", "E": NOON_MS}), Drop.NO_PRICE),
        (wrapped("btcusdt@trade", {"e": ["trade"], "E": NOON_MS}), Drop.NO_PRICE),
        (trade(s="btcusdt"), Drop.SYMBOL),
        (trade(s="ETHUSDT"), Drop.SYMBOL),
        (trade(s=["BTCUSDT"]), Drop.SYMBOL),
        (wrapped("BTCUSDT@trade", {"e": "trade", "E": NOON_MS, "s": "BTCUSDT", "p": "1"}), Drop.SYMBOL),
        (trade("0"), Drop.PRICE),
        (trade("-1"), Drop.PRICE),
        (trade("NaN"), Drop.PRICE),
        (trade("Infinity"), Drop.PRICE),
        (trade("1e5"), Drop.PRICE),
        (trade("1_000"), Drop.PRICE),
        (trade("\u0661\u0662"), Drop.PRICE),
        (trade("9999999999999"), Drop.PRICE),
        (trade("0.0000000000001"), Drop.PRICE),
        (trade(True), Drop.PRICE),
        (trade().replace(b'"50010.50"', b"9" * 4000), Drop.PRICE),
        (trade(None), Drop.PRICE),
        (trade(["1"]), Drop.PRICE),
        (ticker(bid="50010.6", ask="50010.4"), Drop.CROSSED),
        (depth20(bid="3000.20", ask="3000.20"), Drop.CROSSED),
        (without(trade(), "E"), Drop.TIME),
        (trade(E="1772020800123"), Drop.TIME),
        (trade(at=1_772_020_800), Drop.TIME),
        (trade(at=10**16), Drop.TIME),
        (without(depth20(), "timestamp"), Drop.TIME),
        (depth20().replace(b"000000Z", b"000000+00:00Z"), Drop.TIME),
        (depth20().replace(b'"timestamp": "2026', b'"timestamp": "0001'), Drop.TIME),
    ],
)
def test_what_is_not_believed_and_why(payload: bytes, reason: Drop) -> None:
    assert read(payload) is reason


def test_the_precision_of_the_exchange_is_kept() -> None:
    (observation,) = read(trade("0.00001234"))
    assert isinstance(observation, Observation)
    assert observation.quote(PriceKind.LAST) == (Decimal("0.00001234"), datetime(2026, 2, 25, 12, tzinfo=UTC))
