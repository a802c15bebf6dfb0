"""Prices and candles in the exchange's answers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cio_strategist.domain.market.exchange_answers import read_book_tickers, read_klines, read_premium_index
from cio_strategist.domain.market.observation import Drop, Observation, PriceKind
from tests.fleet_market import NOON_MS, book, klines, premium
from tests.strategist_fakes import NOON


def test_mark_prices_have_the_exchanges_time() -> None:
    rows = [premium("BTCUSDT", at=NOON_MS - 500), premium("ETHUSDT", at=NOON_MS + 3000), premium("ethusdt")]
    assert read_premium_index(rows, received_at=NOON) == [
        Observation("BTCUSDT", NOON - timedelta(milliseconds=500), {PriceKind.MARK: Decimal("50011.1")}),
        Drop.AHEAD,
        Drop.SYMBOL,
    ]


def test_books_are_read_and_crossed_or_empty_ones_are_not() -> None:
    rows = [book("BTCUSDT"), book("ETHUSDT", "2", "1"), book("SOLUSDT", "0", "1"), {**book("A1USDT"), "time": None}]
    assert read_book_tickers(rows, received_at=NOON) == [
        Observation("BTCUSDT", NOON, {PriceKind.BID: Decimal("50010.4"), PriceKind.ASK: Decimal("50010.6")}),
        Drop.CROSSED,
        Drop.PRICE,
        Drop.TIME,
    ]


@pytest.mark.parametrize("answer", [None, {}, "x", {"code": -1}])
def test_an_answer_of_another_form_is_one_reason(answer: object) -> None:
    assert read_premium_index(answer, received_at=NOON) == [Drop.UNREADABLE]
    assert read_klines(answer) is None


def test_candles_come_with_the_instant_at_which_they_close() -> None:
    read = read_klines(klines(NOON, [100.0, 110.0]))
    assert read is not None
    (first, closes), (second, _) = read
    assert (first.opened_at, closes) == (NOON, NOON + timedelta(hours=1, milliseconds=-1))
    assert (second.open, second.close) == (100.0, 110.0)


@pytest.mark.parametrize("row", [[], [1, 2], [NOON_MS, "1", "1", "1", "-1", "1", NOON_MS], {"t": 1}])
def test_one_unreadable_candle_makes_the_answer_unreadable(row: object) -> None:
    assert read_klines([*klines(NOON, [100.0]), row]) is None
