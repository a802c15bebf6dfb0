"""The tracker as a process, against a real NATS and Redis and the local exchange, with events in the engine's form."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ccxt
import nats
import pytest
from nats.aio.client import Client as Bus
from redis import Redis

from cio_strategist.adapters.redis.policy_store import open_store
from cio_strategist.domain.portfolio.book import Latch
from devstack import DevStack, Exchange
from petrosa_contracts import PortfolioState, rediskeys, subjects
from tests.integration.devstack.exchange.clients import BTC, client_of
from tests.integration.nurse.gate import ServiceProcess
from tests.integration.nurse.polling import eventually

pytestmark = pytest.mark.servers

SECONDS = 20.0
EVERY = "0.2"


class Tracker(ServiceProcess):
    """One `cio-strategist` that only tracks."""

    program = "cio-strategist"
    arguments = ("--roles", "tracker")
    port_variable = "STRATEGIST_HTTP_PORT"


@pytest.fixture(scope="module")
def stack() -> Iterator[DevStack]:
    with DevStack(mongo=False) as stack:
        yield stack


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    folder = tmp_path_factory.mktemp("exchange")
    with Exchange(folder, seed=11, start=datetime.now(UTC), weight_limit=1_000_000) as exchange:
        yield exchange


@pytest.fixture
def exchange(running: Exchange) -> Iterator[Exchange]:
    running.control.reset()
    running.control.freeze()
    yield running
    running.control.end_outage()


@pytest.fixture
def trader(exchange: Exchange) -> Iterator[ccxt.binanceusdm]:
    """Somebody who trades on the account, in hedge mode as the engine does."""
    with client_of(exchange) as client:
        client.load_markets()
        client.set_position_mode(True)
        client.set_leverage(10, BTC)
        yield client


@pytest.fixture
def redis(stack: DevStack) -> Iterator[Redis]:
    with Redis.from_url(stack.redis.url, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
async def bus(stack: DevStack) -> AsyncIterator[Bus]:
    bus = await nats.connect(stack.nats.url)
    yield bus
    await bus.close()


@pytest.fixture
def new_tracker(stack: DevStack, exchange: Exchange, redis: Redis) -> Iterator[Callable[..., Tracker]]:
    made: list[Tracker] = []

    def make(**more: str) -> Tracker:
        settings = {
            **stack.environment(),
            "STRATEGIST_EXCHANGE_URL": exchange.url,
            "STRATEGIST_EXCHANGE_API_KEY": exchange.api_key,
            "STRATEGIST_EXCHANGE_API_SECRET": exchange.api_secret,
            "STRATEGIST_PORTFOLIO_SECONDS": EVERY,
        }
        made.append(Tracker({**settings, **more}))
        return made[-1]

    yield make
    for tracker in made:
        tracker.close()


@pytest.fixture
async def tracker(new_tracker: Callable[..., Tracker]) -> Tracker:
    tracker = await asyncio.to_thread(lambda: new_tracker().start_ready())
    await eventually(lambda: tracker.readiness()[1]["tracker"]["nats_connected"], what="events are heard")
    return tracker


def portfolio(redis: Redis) -> PortfolioState:
    text = redis.get(rediskeys.PORTFOLIO)
    assert text is not None
    return PortfolioState.model_validate_json(text)


async def shown(redis: Redis, condition: Callable[[PortfolioState], bool], what: str) -> PortfolioState:
    """Wait until the portfolio is as wanted, and return it."""
    return await eventually(
        lambda: state if condition(state := portfolio(redis)) else None,
        seconds=SECONDS,
        what=f"{what}: {redis.get(rediskeys.PORTFOLIO)}",
    )


async def tell(bus: Bus, **fields: Any) -> None:
    """Publish an execution event as the engine does."""
    event = {
        "decision_id": "d1",
        "strategy_id": "momentum v1",
        "order_id": "4711",
        "event_type": "filled",
        "timestamp": datetime.now(UTC).isoformat(),
        "reason": "binance_filled",
        "symbol": "BTCUSDT",
        "side": "buy",
        **fields,
    }
    await bus.publish(subjects.execution_event(event["strategy_id"]), json.dumps(event).encode())
    await bus.flush()


async def test_the_account_is_shown_as_the_exchange_has_it_and_a_withdrawal_is_no_loss(
    tracker: Tracker, exchange: Exchange, trader: ccxt.binanceusdm, redis: Redis
) -> None:
    trader.create_order(BTC, "market", "buy", 0.05, params={"positionSide": "LONG"})
    state = await shown(redis, lambda state: bool(state.positions), "the position")
    (position,) = state.positions
    assert (position.symbol, position.side, position.quantity) == ("BTCUSDT", "LONG", Decimal("0.05"))
    assert (state.position_mode, position.leverage) == ("hedge", 10)
    truth = trader.fetch_balance()["info"]
    assert state.equity == Decimal(truth["totalMarginBalance"])
    assert state.day_equity == 10_000
    assert position.notional == abs(Decimal(trader.fetch_positions([BTC])[0]["info"]["notional"])).quantize(
        position.notional.normalize()
    )
    before = state.equity
    exchange.control.fund(-4_000)
    state = await shown(redis, lambda state: state.equity == before - 4_000, "the withdrawal")
    state = await shown(redis, lambda later: later.revision > state.revision + 5, "further readings")
    assert state.day_equity == 6_000
    # What the spread cost is all there is.
    assert state.daily_loss_latched < 1
    assert state.drawdown_latched < Decimal("0.0001")
    assert state.realised == 0


async def test_a_fill_is_shown_before_the_next_reading_and_settles_its_reservation(
    new_tracker: Callable[..., Tracker], redis: Redis, bus: Bus
) -> None:
    tracker = await asyncio.to_thread(lambda: new_tracker(STRATEGIST_PORTFOLIO_SECONDS="60").start_ready())
    await eventually(lambda: tracker.readiness()[1]["tracker"]["nats_connected"], what="events are heard")
    as_of = portfolio(redis).as_of
    redis.hset(rediskeys.RESERVED_ORDERS, "d1", "5000000000 10000000 1 0 BTCUSDT:LONG")
    redis.hset(rediskeys.RESERVED_SUMS, "notional", 5000000000)
    redis.zadd(rediskeys.RESERVED, {"d1": 4_000_000_000_000})
    for payload in (b"", b"[]", b"{", b'{"event_type": "filled"}'):
        await bus.publish("execution.events.x", payload)
    for _ in range(2):
        await tell(bus, qty=0.1, fill_price=50_000.0)
    state = await shown(redis, lambda state: bool(state.positions), "the fill")
    assert state.as_of == as_of
    assert (state.positions[0].quantity, state.positions[0].notional) == (Decimal("0.1"), 5_000)
    assert state.positions[0].strategies == {"momentum v1": Decimal("0.1")}
    await eventually(lambda: redis.zscore(rediskeys.RESERVED_SETTLED, "d1"), seconds=SECONDS, what="d1 is settled")
    assert redis.zscore(rediskeys.RESERVED_SETTLED, "d1") >= state.revision
    assert redis.zscore(rediskeys.RESERVED, "d1") < 4_000_000_000_000
    assert redis.hget(rediskeys.RESERVED_SUMS, "notional") is None
    assert tracker.metric("cio_strategist_tracker_events_total", kind="unreadable") == 3


async def test_a_crash_latches_loss_and_drawdown_and_a_restart_keeps_both(
    tracker: Tracker,
    new_tracker: Callable[..., Tracker],
    exchange: Exchange,
    trader: ccxt.binanceusdm,
    redis: Redis,
) -> None:
    trader.create_order(BTC, "market", "buy", 0.1, params={"positionSide": "LONG"})
    await shown(redis, lambda state: bool(state.positions), "the position")
    exchange.control.set_price("BTCUSDT", Decimal(trader.fetch_ticker(BTC)["last"]) * Decimal("0.7"))
    state = await shown(redis, lambda state: state.daily_loss_latched > 500, "the loss is latched")
    assert state.drawdown_latched > Decimal("0.05")
    assert state.daily_loss is not None
    trader.create_order(BTC, "market", "sell", 0.1, params={"positionSide": "LONG"})
    state = await shown(redis, lambda state: not state.positions and state.realised < -500, "the loss is realised")
    assert tracker.terminate() == 0
    before = portfolio(redis)
    again = await asyncio.to_thread(lambda: new_tracker().start_ready())
    state = await shown(redis, lambda state: state.as_of > before.as_of, "the next tracker's reading")
    assert state.revision > before.revision
    assert (state.day_equity, state.peak_equity) == (before.day_equity, before.peak_equity)
    assert state.daily_loss_latched == before.daily_loss_latched
    assert state.drawdown_latched == before.drawdown_latched
    assert again.terminate() == 0


async def test_while_the_exchange_is_away_the_portfolio_ages_and_fills_still_count(
    tracker: Tracker, exchange: Exchange, redis: Redis, bus: Bus
) -> None:
    exchange.control.outage("refuse")
    await tracker.logged("tracker_trouble", seconds=SECONDS)
    before = portfolio(redis)
    await tell(bus, qty=0.1, fill_price=50_000.0)
    state = await shown(redis, lambda state: bool(state.positions), "the fill")
    assert state.as_of == before.as_of
    assert state.revision > before.revision
    exchange.control.end_outage()
    # The reading wins: the exchange never heard of that fill.
    state = await shown(redis, lambda state: state.as_of > before.as_of and not state.positions, "the exchange is back")
    state = await shown(redis, lambda state: bool(state.differences), "the difference is named")
    assert state.differences == ("BTCUSDT LONG: 0 on the exchange, 0.1 by execution events",)


async def test_redis_gone_and_emptied_gets_the_newest_portfolio_with_its_latch_again(
    tracker: Tracker, stack: DevStack, exchange: Exchange, trader: ccxt.binanceusdm, redis: Redis
) -> None:
    trader.create_order(BTC, "market", "buy", 0.1, params={"positionSide": "LONG"})
    await shown(redis, lambda state: bool(state.positions), "the position")
    exchange.control.set_price("BTCUSDT", Decimal(trader.fetch_ticker(BTC)["last"]) * Decimal("0.7"))
    before = await shown(redis, lambda state: state.daily_loss_latched > 500, "the loss is latched")
    await asyncio.to_thread(stack.redis.stop)
    await tracker.logged("tracker_trouble", seconds=SECONDS)
    await asyncio.to_thread(stack.redis.start)
    redis.flushall()
    await eventually(lambda: redis.exists(rediskeys.PORTFOLIO), seconds=SECONDS, what="it is published again")
    assert portfolio(redis).daily_loss_latched >= before.daily_loss_latched
    assert portfolio(redis).revision > before.revision


async def test_two_trackers_do_no_harm(
    tracker: Tracker, new_tracker: Callable[..., Tracker], redis: Redis, bus: Bus, trader: ccxt.binanceusdm
) -> None:
    await asyncio.to_thread(lambda: new_tracker().start_ready())
    trader.create_order(BTC, "market", "buy", 0.05, params={"positionSide": "LONG"})
    await tell(bus, qty=0.05, fill_price=50_000.0)
    seen: list[PortfolioState] = []

    def watch() -> bool:
        state = portfolio(redis)
        if not seen or state.revision != seen[-1].revision:
            seen.append(state)
        return len(seen) > 15

    await eventually(watch, seconds=SECONDS, what="both publish")
    assert [state.revision for state in seen] == sorted({state.revision for state in seen})
    assert [state.as_of for state in seen] == sorted(state.as_of for state in seen)
    assert seen[-1].positions[0].quantity == Decimal("0.05")
    assert seen[-1].differences == ()


async def test_a_portfolio_that_cannot_be_read_is_begun_anew_and_told(
    new_tracker: Callable[..., Tracker], redis: Redis, bus: Bus
) -> None:
    redis.set(rediskeys.PORTFOLIO, "{")
    inbox = await bus.subscribe("alerts.cio.portfolio_lost.>")
    await asyncio.to_thread(lambda: new_tracker().start_ready())
    alert = json.loads((await inbox.next_msg(timeout=SECONDS)).data)
    assert alert["severity"] == "critical"
    assert portfolio(redis).equity == 10_000


async def test_a_wrong_key_is_told_and_nothing_secret_is_logged(
    new_tracker: Callable[..., Tracker], exchange: Exchange, redis: Redis
) -> None:
    tracker = new_tracker(STRATEGIST_EXCHANGE_API_KEY="another-key-entirely")
    await asyncio.to_thread(tracker.start)
    trouble = await tracker.logged("tracker_trouble", seconds=SECONDS)
    assert "does not accept the key" in trouble["error"]
    assert tracker.readiness()[0] == 503
    assert not redis.exists(rediskeys.PORTFOLIO)
    for secret in ("another-key-entirely", exchange.api_secret, "signature"):
        assert secret not in "".join(tracker.lines)


async def test_a_latch_is_cleared_by_an_operator_and_obeyed(
    tracker: Tracker, exchange: Exchange, trader: ccxt.binanceusdm, redis: Redis, stack: DevStack
) -> None:
    trader.create_order(BTC, "market", "buy", 0.1, params={"positionSide": "LONG"})
    await shown(redis, lambda state: bool(state.positions), "the position")
    exchange.control.set_price("BTCUSDT", Decimal(trader.fetch_ticker(BTC)["last"]) * Decimal("0.7"))
    await shown(redis, lambda state: state.daily_loss_latched > 500, "the loss is latched")
    now = datetime.now(UTC)
    async with open_store(stack.redis.url) as store:
        await store.portfolio.clear(Latch.DAILY_LOSS, now, by="anna", reason="looked into")
    state = await shown(redis, lambda state: state.cleared == {"daily-loss": now}, "the tracker obeys")
    assert state.drawdown_latched > Decimal("0.05")
    state = await shown(redis, lambda later: later.revision > state.revision + 5, "further readings")
    assert state.daily_loss_latched < 1
    assert state.day_equity < 9_500
