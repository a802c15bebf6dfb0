"""The streamed market has the form that the fleet's socket client gives it."""

import json
from datetime import UTC, datetime

from cio_strategist.domain.market.fleet_message import read_fleet_message
from cio_strategist.domain.market.observation import ClosedCandle, Observation
from devstack.exchange.market import Market
from devstack.exchange.rules import SYMBOLS
from devstack.exchange.stream_events import hours, stream_events
from tests.unit.devstack.exchange.exchanges import BTC, START

WRAPPER = {"stream", "data", "timestamp", "message_id", "source", "version", "_otel_trace_context"}
FIELDS = {
    "btcusdt@kline_1h": set("eEsk"),
    "btcusdt@trade": {*"eEstpqTmM"},
    "btcusdt@ticker": {*"eEspPwxcQbBaAohlvqOCFLn"},
    "btcusdt@depth20@100ms": {"lastUpdateId", "bids", "asks"},
    "btcusdt@markPrice@1s": set("eEspiPrT"),
}


def market() -> Market:
    market = Market(SYMBOLS, seed=7, start=START)
    market.advance(START + 90_000, lambda instant: None)
    return market


def test_each_stream_has_exactly_the_fleets_fields() -> None:
    messages = [json.loads(message) for message in stream_events(market(), BTC, closed=None)]
    assert {message["stream"]: set(message["data"]) for message in messages} == FIELDS
    assert all(set(message) == WRAPPER for message in messages)
    assert len(next(m for m in messages if m["stream"] == "btcusdt@depth20@100ms")["data"]["bids"]) == 20


def test_the_strategist_believes_all_of_it() -> None:
    subject = market()
    before, _ = hours(subject, BTC, 2)
    quoted_at = datetime.fromtimestamp(subject.quoted_at(BTC) / 1000, tz=UTC)
    read = []
    for message in stream_events(subject, BTC, closed=before):
        # The book carries the time at which it was wrapped, which is now, and the market's time here is long ago.
        now = datetime.now(UTC) if b"depth20" in message else quoted_at
        found = read_fleet_message(message, received_at=now)
        assert isinstance(found, list), found
        read += found
    prices = {kind: price for one in read if isinstance(one, Observation) for kind, price in one.prices.items()}
    assert prices == {
        "last": subject.last(BTC),
        "bid": subject.bid(BTC),
        "ask": subject.ask(BTC),
        "mark": subject.mark(BTC),
    }
    (candle,) = [one.candle for one in read if isinstance(one, ClosedCandle)]
    assert (candle.opened_at.timestamp() * 1000, candle.close) == (before.opened, float(before.close))
