"""The role that knows the market: live prices, the exchange's rules, regimes; into Redis, where gates read them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.exchange.market import open_data_service, open_exchange
from cio_strategist.adapters.nats.connection import NatsConnection, Subscription
from cio_strategist.adapters.redis.connection import connect
from cio_strategist.adapters.redis.hash import RedisHash
from cio_strategist.adapters.telemetry.feed import FeedTelemetry
from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.domain.market.board import MarketBoard
from cio_strategist.gateway.readiness import Readiness
from cio_strategist.ports import Clock
from cio_strategist.roles.active import ActiveRole
from cio_strategist.roles.role import Role
from cio_strategist.service.market.feed import MarketFeed
from cio_strategist.service.market.regime import RegimeTelling
from cio_strategist.service.market.writing import MarketWriting
from cio_strategist.settings import Settings
from petrosa_contracts.rediskeys import MARKET, MARKET_CHANGED, REGIME
from petrosa_contracts.subjects import subscriptions

FRESH_SECONDS: Final = 30.0
"""A feed is ready while its newest price and its last look at Redis are not older."""


@asynccontextmanager
async def open_feed(settings: Settings, telemetry: Telemetry) -> AsyncGenerator[ActiveRole]:
    """Open NATS, Redis and the exchange. Raises `UsageError` for a REDIS_URL that holds an impossible option."""
    clock, metrics, board = SystemClock(), FeedTelemetry(telemetry.registry), MarketBoard()
    async with (
        connect(settings.redis_url.get_secret_value()) as redis,
        open_exchange(settings.exchange_url, clock) as exchange,
        open_data_service(settings.data_service_url) as opinion,
    ):
        regimes = RegimeTelling(
            exchange,
            RedisHash(redis, REGIME),
            clock=clock,
            metrics=metrics,
            symbols=settings.regime_symbols,
            streamed=lambda: feed.streamed,
            is_listed=board.__contains__,
            opinion=opinion,
        )
        feed = MarketFeed(
            exchange,
            board,
            clock=clock,
            metrics=metrics,
            on_candle=regimes.on_candle,
            listing_seconds=settings.exchange_info_seconds,
            poll_seconds=settings.price_poll_seconds,
        )
        writing = MarketWriting(
            board,
            RedisHash(redis, MARKET, channel=MARKET_CHANGED),
            clock=clock,
            metrics=metrics,
            every=settings.feed_flush_ms / 1000,
        )
        nats = NatsConnection(
            settings.nats_url.get_secret_value(),
            name="cio-strategist-feed",
            subscriptions=[Subscription(subscriptions(settings.market_topics), feed.receive)],
        )
        state = _FeedState(clock, board, feed, writing, regimes, nats)
        state.watch(metrics)
        yield ActiveRole(
            Role.FEED,
            tasks=(
                nats.run,
                feed.keep_listing,
                feed.keep_prices,
                writing.run,
                regimes.read,
                regimes.write,
                regimes.ask,
            ),
            readiness=state.readiness,
        )


@dataclass(frozen=True, slots=True)
class _FeedState:
    clock: Clock
    board: MarketBoard
    feed: MarketFeed
    writing: MarketWriting
    regimes: RegimeTelling
    nats: NatsConnection

    def readiness(self) -> Readiness:
        price_age, confirmed_age = self._age(self.board.newest), self._age(self.writing.confirmed_at)
        ready = all(age is not None and age <= FRESH_SECONDS for age in (price_age, confirmed_age))
        facts: dict[str, Any] = {
            "ready": ready,
            "symbols": len(self.board),
            "streamed_symbols": len(self.feed.streamed),
            "waiting_symbols": self.board.waiting,
            "nats_connected": self.nats.listening,
            "newest_price_age_seconds": price_age,
            "redis_age_seconds": confirmed_age,
            "listing_age_seconds": self._age(self.feed.listed_at),
            "poll_age_seconds": self._age(self.feed.polled_at),
            "regime_age_seconds": self.regimes.ages,
        }
        return Readiness(ready=ready, facts={Role.FEED.value: facts})

    def watch(self, metrics: FeedTelemetry) -> None:
        metrics.watch("symbols", "Symbols that the exchange lists.", lambda: len(self.board))
        metrics.watch("waiting_symbols", "Symbols with changes that Redis has not.", lambda: self.board.waiting)
        metrics.watch("nats_connected", "1 while the stream is listened to.", lambda: float(self.nats.listening))
        ages: dict[str, tuple[str, Callable[[], datetime | None]]] = {
            "newest_price": ("Seconds since the newest price of all was made.", lambda: self.board.newest),
            "redis": ("Seconds since Redis last had everything.", lambda: self.writing.confirmed_at),
            "listing": ("Seconds since the exchange's rules were read.", lambda: self.feed.listed_at),
            "poll": ("Seconds since all prices were read from the exchange.", lambda: self.feed.polled_at),
        }
        for name, (description, read) in ages.items():
            metrics.watch(f"{name}_age_seconds", description, lambda read=read: self._age(read()))
        metrics.watch(
            "regime_age_seconds",
            "Seconds since the end of the candle that the oldest regime rests on.",
            lambda: max(self.regimes.ages.values(), default=None),
        )

    def _age(self, moment: datetime | None) -> float | None:
        return None if moment is None else round((self.clock.now() - moment).total_seconds(), 3)
