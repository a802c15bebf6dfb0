"""The role that knows the portfolio: the account on the exchange, and fills as they come; into Redis for the gates."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pydantic import SecretStr

from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.exchange.account import open_account
from cio_strategist.adapters.nats.connection import NatsConnection, Subscription
from cio_strategist.adapters.redis.connection import connect
from cio_strategist.adapters.redis.portfolio import RedisPortfolio
from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.adapters.telemetry.tracker import TrackerTelemetry
from cio_strategist.errors import TransportUnavailableError, UsageError
from cio_strategist.gateway.readiness import Readiness
from cio_strategist.ports import Clock
from cio_strategist.roles.active import ActiveRole
from cio_strategist.roles.role import Role
from cio_strategist.service.portfolio.tracker import PortfolioTracker
from cio_strategist.service.portfolio.watch import PortfolioWatch
from cio_strategist.settings import Settings
from petrosa_contracts.runtime.alert_queue import AlertQueue
from petrosa_contracts.subjects import subscriptions

FRESH_SECONDS: Final = 15.0
"""A tracker is ready while what gates see rests on a reading that is not older, or than three intervals."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@asynccontextmanager
async def open_tracker(settings: Settings, telemetry: Telemetry) -> AsyncGenerator[ActiveRole]:
    """Open NATS, Redis and the account. Raises `UsageError` without a key."""
    key, secret = _credentials(settings)
    clock, metrics = SystemClock(), TrackerTelemetry(telemetry.registry)
    async with (
        connect(settings.redis_url.get_secret_value()) as redis,
        open_account(settings.exchange_url, clock, key=key, secret=secret) as account,
    ):

        async def publish(subject: str, payload: bytes) -> None:
            await nats.publish(subject, payload)

        alerts = AlertQueue(publish, unavailable=TransportUnavailableError, log=_log)
        tracker = PortfolioTracker(
            account,
            RedisPortfolio(redis),
            clock=clock,
            read_seconds=settings.portfolio_seconds,
            watch=PortfolioWatch(alerts),
            metrics=metrics,
        )
        nats = NatsConnection(
            settings.nats_url.get_secret_value(),
            name="cio-strategist-tracker",
            subscriptions=[Subscription(subscriptions(settings.execution_topics), tracker.hear)],
        )
        state = _TrackerState(clock, tracker, nats, max(FRESH_SECONDS, 3 * settings.portfolio_seconds))
        metrics.watch(lambda: tracker.shown, clock.now, lambda: nats.listening)
        yield ActiveRole(
            Role.TRACKER,
            tasks=(nats.run, tracker.read_forever, tracker.publish_forever, alerts.run),
            readiness=state.readiness,
        )


@dataclass(frozen=True, slots=True)
class _TrackerState:
    clock: Clock
    tracker: PortfolioTracker
    nats: NatsConnection
    fresh_seconds: float

    def readiness(self) -> Readiness:
        shown = self.tracker.shown
        age = None if shown is None else round((self.clock.now() - shown.as_of).total_seconds(), 3)
        ready = age is not None and age <= self.fresh_seconds
        facts: dict[str, Any] = {
            "ready": ready,
            "reading_age_seconds": age,
            "revision": None if shown is None else shown.revision,
            "balance_known": shown is not None and shown.equity is not None,
            "differences": [] if shown is None else list(shown.differences),
            "nats_connected": self.nats.listening,
            "troubles": dict(self.tracker.troubles),
        }
        return Readiness(ready=ready, facts={Role.TRACKER.value: facts})


def _credentials(settings: Settings) -> tuple[SecretStr, SecretStr]:
    if settings.exchange_api_key is None or settings.exchange_api_secret is None:
        raise UsageError(
            "STRATEGIST_EXCHANGE_API_KEY and STRATEGIST_EXCHANGE_API_SECRET are not set: the tracker reads the account "
            "on the exchange with a key that may do nothing else"
        )
    return settings.exchange_api_key, settings.exchange_api_secret
