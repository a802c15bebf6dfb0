"""The feed: streams and polls onto the board; the board into Redis, bundled, and all of it again when it was lost."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from cio_strategist.domain.market.board import MarketBoard
from cio_strategist.domain.market.observation import ClosedCandle
from cio_strategist.errors import ExchangeUnavailableError, StoreUnreachableError
from cio_strategist.service.market.feed import MarketFeed
from cio_strategist.service.market.writing import MOST_SYMBOLS, MarketWriting
from petrosa_contracts.market import MarketState
from tests.feed_fakes import CountedMetrics, FakeExchange, FakeFieldStore
from tests.fleet_market import NOON_MS, book, depth20, exchange_info, kline, premium, trade
from tests.integration.nurse.polling import eventually
from tests.strategist_fakes import SetClock


class World:
    """A feed on fakes."""

    def __init__(self, *symbols: str, fields: dict[str, str] | None = None, poll_seconds: float = 2.0) -> None:
        self.clock = SetClock()
        self.metrics = CountedMetrics()
        self.exchange = FakeExchange()
        self.exchange.info = exchange_info(*(symbols or ("BTCUSDT", "ETHUSDT")))
        self.store = FakeFieldStore(fields)
        self.board = MarketBoard()
        self.candles: list[ClosedCandle] = []
        self.feed = MarketFeed(
            self.exchange,
            self.board,
            clock=self.clock,
            metrics=self.metrics,
            on_candle=self.candles.append,
            listing_seconds=300,
            poll_seconds=poll_seconds,
        )
        self.writing = MarketWriting(self.board, self.store, clock=self.clock, metrics=self.metrics, every=0.001)

    async def once(self, endless: Coroutine[Any, Any, None], what: str) -> None:
        """Let something that never ends do its work once."""
        wanted = self.exchange.asked[what] + 1
        task = asyncio.create_task(endless)
        await eventually(lambda: self.exchange.asked[what] >= wanted or task.done(), what=what)
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    async def list(self) -> None:
        await self.once(self.feed.keep_listing(), "listing")

    async def receive(self, payload: bytes) -> None:
        await self.feed.receive("binance.websocket.data", payload)

    def shown(self, symbol: str = "BTCUSDT") -> MarketState:
        return MarketState.model_validate_json(self.store.fields[symbol])


@pytest.fixture
async def world() -> World:
    world = World()
    await world.list()
    await world.writing.write()
    return world


async def test_before_the_exchange_was_read_nothing_is_known_or_written() -> None:
    world = World(fields=None)
    await world.receive(trade())
    await world.writing.write()
    assert world.metrics.drops == {("stream", "unlisted"): 1}
    assert world.store.writes == []


async def test_a_streamed_price_is_written_for_its_symbol_alone(world: World) -> None:
    world.store.writes.clear()
    await world.receive(trade())
    await world.writing.write()
    assert world.store.writes == [{"BTCUSDT"}]
    assert str(world.shown().last.price) == "50010.50"
    assert world.feed.streamed == ("BTCUSDT",)


async def test_a_book_without_a_symbol_is_that_of_its_stream(world: World) -> None:
    await world.receive(depth20())
    await world.writing.write()
    assert (world.shown("ETHUSDT").bid is None, world.shown().bid is None) == (False, True)


async def test_a_closed_candle_of_a_listed_symbol_is_passed_on(world: World) -> None:
    await world.receive(kline(opened=NOON_MS - 3_600_000))
    await world.receive(kline(opened=NOON_MS - 3_600_000, symbol="DOGEUSDT"))
    assert [(candle.symbol, candle.interval) for candle in world.candles] == [("BTCUSDT", "1h")]


async def test_a_busy_symbol_is_written_once_per_flush(world: World) -> None:
    world.store.writes.clear()
    for number in range(5000):
        await world.receive(trade(f"{50_000 + number % 7}.5", at=NOON_MS + number // 10))
        if number % 1000 == 999:
            await world.writing.write()
    assert world.store.writes == [{"BTCUSDT"}] * 5
    assert world.metrics.taken_from["stream"] == 5000


async def test_ten_thousand_bogus_symbols_are_counted_and_forgotten(world: World) -> None:
    world.store.writes.clear()
    for number in range(10_000):
        await world.receive(trade(symbol=f"BOGUS{number}"))
    await world.writing.write()
    assert (len(world.board), len(world.feed.streamed), world.store.writes) == (2, 0, [])
    assert world.metrics.drops["stream", "unlisted"] == 10_000


async def test_prices_are_polled_for_symbols_that_nobody_streams(world: World) -> None:
    world.exchange.marks = [premium("BTCUSDT"), premium("NEWUSDT"), {}]
    world.exchange.books = [book("BTCUSDT")]
    await world.once(world.feed.keep_prices(), "book_tickers")
    await world.writing.write()
    assert (str(world.shown().mark.price), str(world.shown().ask.price)) == ("50011.1", "50010.6")
    assert world.metrics.drops == {("poll", "unlisted"): 1, ("poll", "symbol"): 1}
    assert world.feed.streamed == ()


async def test_a_poll_that_is_behind_the_stream_does_not_take_it_back(world: World) -> None:
    world.exchange.books = [book("ETHUSDT", "1.0", "2.0", at=NOON_MS - 1)]
    await world.receive(depth20())
    await world.once(world.feed.keep_prices(), "book_tickers")
    await world.writing.write()
    assert str(world.shown("ETHUSDT").bid.price) == "3000.10"
    assert world.metrics.drops == {("poll", "late"): 1}


async def test_polling_can_be_off() -> None:
    world = World(poll_seconds=0)
    task = asyncio.create_task(world.feed.keep_prices())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    assert world.exchange.asked == {}


@pytest.mark.parametrize("answer", [{}, {"symbols": []}, None])
async def test_an_empty_listing_replaces_nothing(world: World, answer: object) -> None:
    world.exchange.info = answer
    await world.list()
    assert len(world.board) == 2
    assert world.metrics.failures == {"listing": 1}


async def test_a_listing_that_lost_most_symbols_is_believed_when_it_is_read_twice() -> None:
    world = World("BTCUSDT", "ETHUSDT", "SOLUSDT")
    await world.list()
    world.exchange.info = exchange_info("BTCUSDT")
    await world.list()
    assert len(world.board) == 3
    await world.list()
    assert len(world.board) == 1


async def test_an_exchange_that_is_away_keeps_the_last_good(world: World) -> None:
    world.exchange.trouble = ExchangeUnavailableError("away", retry_after_seconds=60)
    await world.list()
    await world.once(world.feed.keep_prices(), "premium_index")
    await world.receive(trade())
    await world.writing.write()
    assert str(world.shown().last.price) == "50010.50"
    assert world.metrics.failures == {"listing": 1, "prices": 1}


async def test_the_exchange_says_how_much_may_be_asked(world: World) -> None:
    world.exchange.info = exchange_info("BTCUSDT", weight=1200)
    await world.list()
    assert world.exchange.weight_per_minute == 1200


async def test_a_delisted_symbol_leaves_redis(world: World) -> None:
    world.exchange.info = exchange_info("BTCUSDT")
    await world.list()
    for _ in range(3):
        await world.writing.write()
    assert set(world.store.fields) == {"BTCUSDT"}


async def test_while_redis_is_away_the_newest_waits(world: World) -> None:
    world.store.up = False
    for number in range(100):
        await world.receive(trade(f"{number + 1}.0", at=NOON_MS + number))
        with pytest.raises(StoreUnreachableError):
            await world.writing.write()
    assert world.board.waiting == 1
    world.store.up = True
    await world.writing.write()
    assert str(world.shown().last.price) == "100.0"


async def test_a_redis_that_lost_everything_gets_all_of_it_again(world: World) -> None:
    before = dict(world.store.fields)
    world.store.lose()
    world.clock.advance(seconds=3)
    await world.writing.write()
    await world.writing.write()
    assert world.store.fields == before
    assert world.metrics.repairs == 2


async def test_a_field_that_somebody_else_wrote_is_put_right(world: World) -> None:
    before = dict(world.store.fields)
    world.store.fields |= {"BTCUSDT": before["BTCUSDT"].replace("TRADING", "BREAK"), "OLDUSDT": "{}"}
    world.clock.advance(seconds=31)
    await world.writing.write()
    assert world.store.fields == before
    assert world.metrics.repairs == 2


async def test_a_new_process_goes_on_from_what_redis_has_while_the_exchange_is_away(world: World) -> None:
    await world.receive(trade())
    await world.writing.write()
    successor = World(fields={**world.store.fields, "BROKEN": "no JSON", "WRONG": world.store.fields["BTCUSDT"]})
    await successor.writing.write()
    await successor.receive(trade("50011.0", at=NOON_MS + 1))
    await successor.writing.write()
    assert set(successor.store.fields) == {"BTCUSDT", "ETHUSDT"}
    assert str(successor.shown().last.price) == "50011.0"


async def test_one_write_holds_a_bounded_number_of_symbols() -> None:
    symbols = [f"S{number}USDT" for number in range(250)]
    world = World(*symbols)
    await world.list()
    await world.writing.write()
    assert len(world.store.fields) == 250
    world.store.writes.clear()
    for symbol in symbols:
        await world.receive(trade(symbol=symbol))
    for _ in range(4):
        await world.writing.write()
    assert [len(write) for write in world.store.writes] == [MOST_SYMBOLS, MOST_SYMBOLS, 50]
