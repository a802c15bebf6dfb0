"""Regimes: history first, then hour by hour, and always in Redis."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from math import sin
from typing import Any

import pytest

from cio_strategist.domain.market.observation import ClosedCandle
from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.settings import RegimeSettings
from cio_strategist.errors import ExchangeUnavailableError
from cio_strategist.service.market.regime import RegimeTelling
from petrosa_contracts import RegimeStatus, VolatilityPhase
from tests.feed_fakes import CountedMetrics, FakeExchange, FakeFieldStore
from tests.fleet_market import klines
from tests.integration.nurse.polling import eventually
from tests.strategist_fakes import NOON, SetClock

HOURS = 900
SETTINGS = RegimeSettings(memory=800, memory_needed=720)
HOUR = timedelta(hours=1)


def history(until: int = HOURS) -> list[list[object]]:
    """Hourly candles, the newest of which closed at noon if `until` is HOURS."""
    closes = [100 + sin(number / 5) + number % 3 for number in range(until)]
    return klines(NOON - HOURS * HOUR, closes)


class World:
    def __init__(self, *symbols: str, fields: dict[str, str] | None = None, opinion: bool = False) -> None:
        self.clock = SetClock(NOON + timedelta(seconds=10))
        self.exchange = FakeExchange()
        self.exchange.candles = {symbol: history() for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")}
        self.store = FakeFieldStore(fields)
        self.metrics = CountedMetrics()
        self.streamed: list[str] = []
        self.listed = {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
        self.regimes = RegimeTelling(
            self.exchange,
            self.store,
            clock=self.clock,
            metrics=self.metrics,
            symbols=symbols or ("BTCUSDT", "ETHUSDT"),
            streamed=lambda: self.streamed,
            is_listed=self.listed.__contains__,
            opinion=self.exchange if opinion else None,
            settings=SETTINGS,
        )

    async def read(self, until: Callable[[], bool] = lambda: True) -> None:
        await self._while(self.regimes.read(), until)

    async def ask(self, until: Callable[[], bool]) -> None:
        await self._while(self.regimes.ask(), until)

    async def _while(self, endless: Coroutine[Any, Any, None], until: Callable[[], bool]) -> None:
        task = asyncio.create_task(endless)
        for _ in range(400):
            await asyncio.sleep(0)
        await eventually(lambda: until() or task.done())
        task.cancel()
        await asyncio.wait([task])

    def shown(self, field: str = "BTCUSDT") -> RegimeStatus:
        return RegimeStatus.model_validate_json(self.store.fields[field])


@pytest.fixture
async def world() -> World:
    world = World()
    await world.read()
    await world.regimes.tell()
    return world


async def test_history_tells_each_symbol_and_the_market(world: World) -> None:
    assert set(world.store.fields) == {"BTCUSDT", "ETHUSDT", "global"}
    assert {field: world.shown(field).as_of for field in world.store.fields} == dict.fromkeys(world.store.fields, NOON)
    assert not world.shown().is_unknown
    assert world.shown("global").symbol is None
    assert world.regimes.ages == {"BTCUSDT": 10.0, "ETHUSDT": 10.0, "global": 10.0}


async def test_a_long_history_is_read_in_pages() -> None:
    world = World("BTCUSDT")
    world.exchange.most_candles = 300
    await world.read()
    await world.regimes.tell()
    assert world.exchange.asked["klines BTCUSDT"] == 3
    assert world.shown().as_of == NOON


async def test_the_candle_that_is_still_open_is_not_taken() -> None:
    world = World("BTCUSDT")
    world.exchange.candles["BTCUSDT"] = history(HOURS + 1)
    await world.read()
    await world.regimes.tell()
    assert world.shown().as_of == NOON


async def test_each_closed_hour_is_read_once_some_seconds_after_its_end(world: World) -> None:
    world.exchange.candles = dict.fromkeys(world.exchange.candles, history(HOURS + 1))
    world.exchange.asked.clear()
    world.clock.advance(minutes=59, seconds=51)
    await world.read()
    assert world.exchange.asked == {}
    world.clock.advance(seconds=3)
    await world.read()
    assert world.exchange.asked == {"klines BTCUSDT": 1, "klines ETHUSDT": 1}
    await world.regimes.tell()
    assert world.shown().as_of == NOON + HOUR


async def test_a_candle_that_is_overdue_is_not_asked_for_all_the_time(world: World) -> None:
    world.exchange.asked.clear()
    world.clock.advance(hours=1)
    for _ in range(3):
        await world.read()
    assert world.exchange.asked["klines BTCUSDT"] == 1
    world.clock.advance(seconds=16)
    await world.read()
    assert world.exchange.asked["klines BTCUSDT"] == 2


def closed(hours: float, *, symbol: str = "BTCUSDT", interval: str = "1h") -> ClosedCandle:
    return ClosedCandle(symbol, interval, Candle(NOON + hours * HOUR, 100.0, 101.0, 99.0, 100.5))


async def test_a_streamed_candle_is_taken_at_once(world: World) -> None:
    world.clock.advance(minutes=59, seconds=51)
    world.regimes.on_candle(closed(0))
    await world.regimes.tell()
    assert (world.shown().as_of, world.shown("ETHUSDT").as_of) == (NOON + HOUR, NOON)


@pytest.mark.parametrize(
    ("candle", "hours"),
    [
        (closed(1), 2.0),
        (closed(0), 0.5),
        (closed(0.001), 2.0),
        (closed(-1), 2.0),
        (closed(0, interval="1m"), 2.0),
        (closed(0, symbol="SOLUSDT"), 2.0),
    ],
    ids=["a gap before it", "not over yet", "off the hour", "known", "another interval", "not followed"],
)
async def test_any_other_candle_waits_for_the_exchange(world: World, candle: ClosedCandle, hours: float) -> None:
    world.clock.advance(hours=hours)
    world.regimes.on_candle(candle)
    await world.regimes.tell()
    assert world.shown().as_of == NOON


async def test_symbols_that_are_streamed_are_followed_too_if_they_are_listed(world: World) -> None:
    world.streamed += ["SOLUSDT", "BOGUS"]
    await world.read()
    await world.regimes.tell()
    assert set(world.store.fields) == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "global"}


async def test_nothing_is_told_before_the_history_was_read() -> None:
    world = World()
    world.exchange.trouble = ExchangeUnavailableError("away", retry_after_seconds=60)
    await world.read()
    await world.regimes.tell()
    assert world.store.fields == {}
    assert world.metrics.failures == {"candles": 1}


async def test_the_trouble_of_one_symbol_holds_up_no_other() -> None:
    world = World()
    world.exchange.troubled.add("klines BTCUSDT")
    for _ in range(2):
        await world.read()
    await world.regimes.tell()
    assert set(world.store.fields) == {"ETHUSDT", "global"}


async def test_a_regime_that_redis_lost_is_told_again_as_it_was(world: World) -> None:
    before = dict(world.store.fields)
    world.store.lose()
    await world.regimes.tell()
    assert world.store.fields == before
    world.store.writes.clear()
    await world.regimes.tell()
    assert world.store.writes == []


async def test_while_no_candle_comes_symbols_keep_their_time_and_the_market_becomes_unknown(world: World) -> None:
    world.clock.advance(hours=3)
    await world.regimes.tell()
    assert world.shown().as_of == NOON
    assert world.shown("global").is_unknown


async def test_a_delisted_symbol_does_not_make_the_market_unknown(world: World) -> None:
    world.listed.remove("ETHUSDT")
    world.exchange.candles["BTCUSDT"] = history(HOURS + 3)
    world.clock.advance(hours=3)
    await world.read()
    await world.regimes.tell()
    assert set(world.store.fields) == {"BTCUSDT", "global"}
    assert not world.shown("global").is_unknown


async def test_what_an_earlier_process_told_goes_once_it_is_old() -> None:
    fresh = RegimeStatus.unknown(symbol="SOLUSDT", as_of=NOON).model_dump_json()
    world = World(fields={"SOLUSDT": fresh, "broken": "x"})
    await world.read()
    await world.regimes.tell()
    assert set(world.store.fields) == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "global"}
    world.clock.advance(hours=3)
    await world.regimes.tell()
    assert set(world.store.fields) == {"BTCUSDT", "ETHUSDT", "global"}


def word(symbol: str) -> dict[str, object]:
    measured = {"regime": "turbulent_illiquidity", "volatility_level": "high", "trend_direction": "bearish"}
    return {"pair": symbol, "metric": "regime", "data": measured, "metadata": {"timestamp": "2026-02-25T11:59:00"}}


async def test_the_second_opinion_counts_where_it_is_stricter_and_while_it_is_fresh() -> None:
    world = World(opinion=True)
    world.exchange.opinions = {"BTCUSDT": word("BTCUSDT"), "ETHUSDT": None}
    await world.read()
    await world.ask(lambda: world.exchange.asked["regime ETHUSDT"] == 1)
    await world.regimes.tell()
    assert world.shown().volatility is VolatilityPhase.EXTREME
    assert world.shown("ETHUSDT").volatility is not VolatilityPhase.EXTREME
    world.clock.advance(hours=2, minutes=10)
    await world.regimes.tell()
    assert world.shown().volatility is not VolatilityPhase.EXTREME
