"""The market feed on real servers: streams, polls, outages of each, and what gates find in Redis all the while."""

from collections.abc import AsyncIterator, Callable, Iterator

import nats
import pytest
from nats.aio.client import Client
from redis import Redis

from cio_strategist.service.repeating import LONGEST_PAUSE_SECONDS
from devstack import DevStack
from tests.fleet_market import depth20, mark_price, trade
from tests.integration.nurse.polling import eventually, eventually_blocking
from tests.integration.strategist.feed import SECONDS, SUBJECT, Feed, Market, now_ms

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def stack() -> Iterator[DevStack]:
    with DevStack(mongo=False, exchange=True) as stack:
        yield stack


@pytest.fixture(scope="module")
def running(stack: DevStack) -> Iterator[Feed]:
    """One feed that lives through all these tests, as it would in production."""
    feed = Feed(stack)
    yield feed.start_ready()
    feed.close()


@pytest.fixture
def redis(stack: DevStack) -> Iterator[Redis]:
    with Redis.from_url(stack.redis.url, decode_responses=True) as client:
        yield client


@pytest.fixture
def market(redis: Redis) -> Market:
    return Market(redis)


@pytest.fixture
def feed(running: Feed, stack: DevStack, redis: Redis, market: Market) -> Iterator[Feed]:
    """The feed at work, on an exchange as it was at the beginning."""
    eventually_blocking(lambda: running.readiness()[0] == 200, seconds=SECONDS, what="the feed is ready")
    eventually_blocking(lambda: len(market.symbols()) == 4, seconds=SECONDS, what="all symbols are there")
    running.lines.clear()
    yield running
    stack.exchange.control.reset()


@pytest.fixture
def new_feed(stack: DevStack) -> Iterator[Callable[..., Feed]]:
    made: list[Feed] = []

    def make(**more: str) -> Feed:
        made.append(Feed(stack, **more))
        return made[-1]

    yield make
    for feed in made:
        feed.close()


@pytest.fixture
async def bus(stack: DevStack) -> AsyncIterator[Client]:
    client = await nats.connect(stack.nats.url)
    yield client
    await client.close()


async def stream(bus: Client, *payloads: bytes) -> None:
    """Publish messages, and return once the server has them."""
    for payload in payloads:
        await bus.publish(SUBJECT, payload)
    await bus.flush()


async def test_a_stream_reaches_redis_and_gates_are_told_which_symbol(
    feed: Feed, market: Market, bus: Client, redis: Redis
) -> None:
    assert market.symbols() == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"}
    rules = market.state().rules
    assert (str(rules.tick), str(rules.min_notional), str(rules.multiplier_up)) == ("0.10", "100", "1.0500")
    with redis.pubsub() as listening:
        listening.subscribe("cio:market:changed")
        await stream(bus, trade("61234.5", at=now_ms()), trade("nonsense", at=now_ms()))
        market.until_price("61234.5")
        told = [listening.get_message(timeout=1) for _ in range(8)]
        assert "BTCUSDT" in " ".join(str(message["data"]) for message in told if message).split()
    assert feed.metric("cio_strategist_feed_dropped_total", source="stream", reason="price") == 1


async def test_symbols_that_nobody_streams_have_the_exchanges_prices(
    feed: Feed, market: Market, stack: DevStack
) -> None:
    stack.exchange.control.freeze()
    stack.exchange.control.set_price("DOGEUSDT", "0.25000")
    market.until_price("0.25000000", "mark", "DOGEUSDT")
    state = market.state("DOGEUSDT")
    assert state.bid.price < state.ask.price


async def test_a_status_change_and_a_crash_of_the_exchange_are_seen(
    feed: Feed, market: Market, stack: DevStack
) -> None:
    stack.exchange.control.set_status("SOLUSDT", "SETTLING")
    eventually_blocking(lambda: market.state("SOLUSDT").status == "SETTLING", seconds=SECONDS)
    before = float(market.price("mark"))
    stack.exchange.control.crash(20)
    eventually_blocking(lambda: float(market.price("mark")) < before * 0.9, seconds=SECONDS)


async def test_regimes_are_told_from_history_and_again_after_redis_lost_them(
    feed: Feed, market: Market, redis: Redis
) -> None:
    fields = ("BTCUSDT", "ETHUSDT", "global")
    eventually_blocking(lambda: all(map(market.regime, fields)), seconds=SECONDS, what="all regimes")
    before = {field: market.regime(field) for field in fields}
    assert {field: status.is_unknown for field, status in before.items() if status} == dict.fromkeys(fields, False)
    redis.flushall()
    eventually_blocking(lambda: market.regime("global"), seconds=SECONDS, what="the regime is back")
    assert {field: market.regime(field) for field in before} == before
    eventually_blocking(lambda: len(market.symbols()) == 4, seconds=SECONDS, what="the market is back")


async def test_a_frozen_exchange_makes_prices_grow_old(feed: Feed, market: Market, stack: DevStack) -> None:
    market.until_fresh()
    stack.exchange.control.freeze()
    eventually_blocking(
        lambda: feed.facts["newest_price_age_seconds"] > 4, seconds=SECONDS, what="the newest price is old"
    )
    assert feed.facts["poll_age_seconds"] < 4
    stack.exchange.control.unfreeze()
    market.until_fresh()


async def test_an_exchange_whose_clock_is_ahead_is_not_believed(feed: Feed, market: Market, stack: DevStack) -> None:
    stack.exchange.control.advance(3600)
    eventually_blocking(
        lambda: feed.metric("cio_strategist_feed_dropped_total", source="poll", reason="ahead") > 0, seconds=SECONDS
    )


@pytest.mark.parametrize("mode", ["refuse", "hang", "error"])
async def test_while_the_exchange_is_away_streams_go_on(
    feed: Feed, market: Market, stack: DevStack, bus: Client, mode: str
) -> None:
    stack.exchange.control.outage(mode)
    await stream(bus, mark_price("4321.5", symbol="ETHUSDT", at=now_ms()))
    market.until_price("4321.5", "mark", "ETHUSDT")
    eventually_blocking(lambda: feed.events("feed_failed"), seconds=SECONDS, what="the outage is told")
    stack.exchange.control.end_outage()
    market.until_fresh(symbol="DOGEUSDT")


def test_a_ban_is_obeyed(new_feed: Callable[..., Feed], stack: DevStack) -> None:
    stack.exchange.control.outage("error", status=429)
    try:
        feed = new_feed().start()
        event = eventually_blocking(lambda: feed.events("feed_failed"), seconds=SECONDS)[0]
        assert event["retry_in"] >= 25
    finally:
        stack.exchange.control.end_outage()


async def test_a_feed_that_starts_without_the_exchange_goes_on_from_redis(
    feed: Feed, new_feed: Callable[..., Feed], market: Market, stack: DevStack, bus: Client
) -> None:
    stack.exchange.stop()
    try:
        successor = new_feed().start()
        await eventually(lambda: successor.facts["nats_connected"], seconds=SECONDS, what="it listens")
        # What is streamed of a symbol that it does not know yet is left out.
        await eventually(lambda: successor.facts["symbols"] == 4, seconds=SECONDS, what="it has read Redis")
        await stream(bus, depth20(stream="solusdt@depth20@100ms", bid="99.1", ask="99.2"))
        await stream(bus, trade("77.5", symbol="SOLUSDT", at=now_ms()))
        await eventually(lambda: successor.facts["streamed_symbols"] == 1, seconds=SECONDS, what="it believes them")
        market.until_price("77.5", symbol="SOLUSDT")
    finally:
        stack.exchange.start()
    # The successor's prices look fresh, too: the older feed, which others use after this, is still in its pause.
    back = LONGEST_PAUSE_SECONDS + SECONDS
    await eventually(lambda: feed.facts["poll_age_seconds"] < 2, seconds=back, what="the older feed asks again")
    market.until_fresh()


@pytest.mark.parametrize("how", ["stop", "kill", "pause"])
async def test_redis_away_and_back(feed: Feed, market: Market, stack: DevStack, bus: Client, how: str) -> None:
    getattr(stack.redis, how)()
    await stream(bus, trade("55555.5", at=now_ms()))
    stack.redis.resume() if how == "pause" else stack.redis.start()
    market.until_price("55555.5")
    market.until_fresh()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_nats_away_and_back_while_the_exchange_fills_in(
    feed: Feed, market: Market, stack: DevStack, how: str
) -> None:
    getattr(stack.nats, how)()
    eventually_blocking(lambda: not feed.facts["nats_connected"], seconds=SECONDS)
    market.until_fresh()
    assert feed.readiness()[0] == 200
    stack.nats.start()
    eventually_blocking(lambda: feed.facts["nats_connected"], seconds=SECONDS)
    client = await nats.connect(stack.nats.url)
    await stream(client, trade("44444.5", at=now_ms()))
    market.until_price("44444.5")
    await client.close()


async def test_a_flood_becomes_few_writes(feed: Feed, market: Market, bus: Client) -> None:
    before = feed.metric("cio_strategist_feed_writes_total")
    taken = feed.metric("cio_strategist_feed_taken_total", source="stream")
    begun = now_ms()
    await stream(bus, *(trade(f"{50_000 + number}.5", at=begun) for number in range(5000)))
    market.until_price("54999.5")
    elapsed = (now_ms() - begun) / 1000
    writes = feed.metric("cio_strategist_feed_writes_total") - before
    assert writes <= elapsed / 0.05 + 2
    assert feed.metric("cio_strategist_feed_taken_total", source="stream") - taken == 5000


async def test_a_feed_ends_when_told_to_and_says_so(new_feed: Callable[..., Feed]) -> None:
    feed = new_feed().start_ready()
    assert feed.terminate() == 0
    assert feed.events("stopped")
    assert feed.complaints == []


async def test_without_any_price_a_feed_is_not_ready(new_feed: Callable[..., Feed], market: Market) -> None:
    feed = new_feed(STRATEGIST_PRICE_POLL_SECONDS="0", STRATEGIST_REGIME_SYMBOLS=",").start()
    eventually_blocking(lambda: feed.facts["listing_age_seconds"] is not None, seconds=SECONDS)
    status, told = feed.readiness()
    assert (status, told["ready"], told["feed"]["newest_price_age_seconds"]) == (503, False, None)
    assert told["feed"]["symbols"] == 4


async def test_the_stream_alone_keeps_the_fleets_symbols_fresh() -> None:
    with DevStack(mongo=False, exchange=True, market_stream=True) as stack:
        feed = Feed(stack, STRATEGIST_PRICE_POLL_SECONDS="0")
        try:
            feed.start_ready()
            with Redis.from_url(stack.redis.url, decode_responses=True) as client:
                market = Market(client)
                for kind in ("last", "mark", "bid", "ask"):
                    market.until_fresh(kind, "ETHUSDT")
                assert market.price("last", "SOLUSDT") is None
                eventually_blocking(lambda: market.regime("ETHUSDT"), seconds=SECONDS)
            assert feed.facts["streamed_symbols"] == 2
            dropped = [key for key in feed.metrics() if key[0] == "cio_strategist_feed_dropped_total"]
            assert {dict(labels)["reason"] for _, labels in dropped} <= {"unlisted"}
        finally:
            feed.close()
