"""The exchange over HTTP: its answers, its limits, and its absence."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from cio_strategist.adapters.exchange.market import DataService, ExchangeMarket
from cio_strategist.errors import ExchangeUnavailableError
from tests.strategist_fakes import NOON, SetClock

Answer = Callable[[httpx.Request], httpx.Response]


class World:
    """An exchange that answers what it is told to, and what was asked of it."""

    def __init__(self) -> None:
        self.clock = SetClock(NOON + timedelta(seconds=20))
        self.asked: list[httpx.URL] = []
        self.answer: Answer = lambda _: httpx.Response(200, json=[])
        client = httpx.AsyncClient(base_url="http://exchange", transport=httpx.MockTransport(self._answer))
        self.exchange = ExchangeMarket(client, self.clock)
        self.service = DataService(client)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        return self.answer(request)

    async def refused(self) -> ExchangeUnavailableError:
        with pytest.raises(ExchangeUnavailableError) as refused:
            await self.exchange.premium_index()
        return refused.value


@pytest.fixture
def world() -> World:
    return World()


async def test_each_question_has_its_path(world: World) -> None:
    world.answer = lambda _: httpx.Response(200, json={"a": [1]})
    assert await world.exchange.listing() == {"a": [1]}
    await world.exchange.premium_index()
    await world.exchange.book_tickers()
    await world.exchange.klines("BTCUSDT", "1h", since=NOON, limit=3)
    await world.service.regime("BTCUSDT", "1h")
    assert [url.raw_path.decode() for url in world.asked] == [
        "/fapi/v1/exchangeInfo",
        "/fapi/v1/premiumIndex",
        "/fapi/v1/ticker/bookTicker",
        f"/fapi/v1/klines?symbol=BTCUSDT&interval=1h&startTime={int(NOON.timestamp() * 1000)}&limit=3",
        "/analysis/regime?pair=BTCUSDT&period=1h",
    ]


@pytest.mark.parametrize("status", [418, 429])
async def test_a_ban_stops_all_questions_for_as_long_as_it_says(world: World, status: int) -> None:
    world.answer = lambda _: httpx.Response(status, headers={"Retry-After": "120"})
    assert (await world.refused()).retry_after_seconds == 120
    world.answer = lambda _: httpx.Response(200, json=[])
    world.clock.advance(seconds=119)
    assert (await world.refused()).retry_after_seconds == 1
    assert len(world.asked) == 1
    world.clock.advance(seconds=1)
    assert await world.exchange.premium_index() == []


@pytest.mark.parametrize("said", [None, "soon", "-5", "9" * 30])
async def test_a_ban_that_does_not_say_how_long_has_a_bounded_length(world: World, said: str | None) -> None:
    world.answer = lambda _: httpx.Response(429, headers={} if said is None else {"Retry-After": said})
    assert 30 <= (await world.refused()).retry_after_seconds <= 3 * 86_400


async def test_a_minute_that_is_nearly_used_up_is_left_to_orders(world: World) -> None:
    used = {"X-MBX-USED-WEIGHT-1M": "961"}
    world.answer = lambda _: httpx.Response(200, json=[], headers=used)
    await world.exchange.premium_index()
    await world.exchange.premium_index()
    world.exchange.allow(1200)
    await world.exchange.premium_index()
    assert (await world.refused()).retry_after_seconds == 40
    assert len(world.asked) == 3


def break_off(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there")


@pytest.mark.parametrize(
    "answer",
    [
        break_off,
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(302, headers={"Location": "http://elsewhere/"}),
        lambda _: httpx.Response(200, content=b"<html>"),
        lambda _: httpx.Response(200, content=b"[NaN]"),
    ],
)
async def test_everything_else_is_an_absence(world: World, answer: Answer) -> None:
    world.answer = answer
    assert (await world.refused()).retry_after_seconds == 0
    with pytest.raises(ExchangeUnavailableError):
        await world.service.regime("BTCUSDT", "1h")


async def test_an_endless_answer_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cio_strategist.adapters.exchange.market._LARGEST_ANSWER", 1000)
    world.answer = lambda _: httpx.Response(200, content=b" " * 1001)
    assert "larger" in str(await world.refused())
