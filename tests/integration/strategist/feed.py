"""The feed as a process of its own, beside a real NATS, Redis and the local exchange, and somebody who streams."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

from redis import Redis

from devstack import DevStack
from petrosa_contracts import RegimeStatus
from petrosa_contracts.market import MarketState
from tests.integration.nurse.gate import ServiceProcess
from tests.integration.nurse.polling import eventually_blocking

SUBJECT = "binance.websocket.data"
SECONDS = 20.0


class Feed(ServiceProcess):
    """One `cio-strategist --roles feed`, quick to flush and to poll."""

    program = "cio-strategist"
    arguments: ClassVar[tuple[str, ...]] = ("--roles", "feed")
    port_variable = "STRATEGIST_HTTP_PORT"

    def __init__(self, stack: DevStack, **more: str) -> None:
        settings: Mapping[str, str] = {
            **stack.environment(),
            "STRATEGIST_EXCHANGE_URL": stack.exchange.url,
            "STRATEGIST_FEED_FLUSH_MS": "50",
            "STRATEGIST_PRICE_POLL_SECONDS": "0.5",
            "STRATEGIST_EXCHANGE_INFO_SECONDS": "1",
            **more,
        }
        super().__init__(settings)

    @property
    def facts(self) -> dict[str, object]:
        """What `/readyz` tells of the feed."""
        return self.readiness()[1]["feed"]

    def events(self, name: str) -> list[dict[str, object]]:
        """The log's events of one name."""
        return [event for line in self.lines if (event := json.loads(line))["event"] == name]


class Market:
    """What gates would read, as it stands in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def state(self, symbol: str = "BTCUSDT") -> MarketState | None:
        text = self._redis.hget("cio:market", symbol)
        return None if text is None else MarketState.model_validate_json(text)

    def symbols(self) -> set[str]:
        return set(self._redis.hkeys("cio:market"))

    def regime(self, field: str = "BTCUSDT") -> RegimeStatus | None:
        text = self._redis.hget("cio:regime", field)
        return None if text is None else RegimeStatus.model_validate_json(text)

    def price(self, kind: str = "last", symbol: str = "BTCUSDT") -> str | None:
        state = self.state(symbol)
        quote = None if state is None else getattr(state, kind)
        return None if quote is None else str(quote.price)

    def until_price(self, price: str, kind: str = "last", symbol: str = "BTCUSDT") -> None:
        eventually_blocking(
            lambda: self.price(kind, symbol) == price, seconds=SECONDS, what=f"{kind} of {symbol} is {price}"
        )

    def until_fresh(self, kind: str = "mark", symbol: str = "BTCUSDT") -> None:
        """Wait for a price that was made from now on."""
        begun = datetime.now(UTC)

        def is_fresh() -> bool:
            state = self.state(symbol)
            quote = None if state is None else getattr(state, kind)
            return quote is not None and quote.as_of > begun

        eventually_blocking(is_fresh, seconds=SECONDS, what=f"a fresh {kind} of {symbol}")


def now_ms() -> int:
    """Return the present in epoch milliseconds."""
    return int(time.time() * 1000)
