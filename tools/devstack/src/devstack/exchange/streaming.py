"""Publishing the market on NATS, in the place of the fleet's socket client."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import nats
from aiohttp import web
from nats.aio.client import Client

from devstack.exchange.market import Candle
from devstack.exchange.stream_events import hours, stream_events
from devstack.exchange.world import World

SUBJECT = "binance.websocket.data"
STREAMED = ("BTCUSDT", "ETHUSDT")
"""What the fleet streams. Other symbols are there for those who ask the exchange."""

_LOOK_SECONDS = 0.1
_RECONNECT_SECONDS = 0.2


class MarketStream:
    """Publishes every new price of the streamed symbols; nothing while they are frozen or the exchange is away."""

    def __init__(self, world: World, nats_url: str) -> None:
        self._world = world
        self._nats_url = nats_url
        self._told: dict[str, int] = {}
        self._hour: dict[str, Candle] = {}

    async def run(self) -> None:
        """Publish until cancelled, as long as NATS is there."""
        bus = await nats.connect(
            self._nats_url,
            name="devstack-market-stream",
            max_reconnect_attempts=-1,
            reconnect_time_wait=_RECONNECT_SECONDS,
            error_cb=_complain,
        )
        try:
            while True:
                await self._publish(bus)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await bus.close()

    async def _publish(self, bus: Client) -> None:
        if self._world.outage is not None:
            return
        self._world.catch_up()
        for symbol in STREAMED:
            quoted_at = self._world.market.quoted_at(symbol)
            if self._told.get(symbol) != quoted_at:
                self._told[symbol] = quoted_at
                for message in stream_events(self._world.market, symbol, closed=self._closed_hour(symbol)):
                    # What it cannot send at once the client would send after an outage, as if it were news.
                    if bus.is_connected:
                        await bus.publish(SUBJECT, message)

    def _closed_hour(self, symbol: str) -> Candle | None:
        """Return the hour that has ended since the last look, if one has."""
        before, current = hours(self._world.market, symbol, 2)
        known = self._hour.get(symbol)
        self._hour[symbol] = current
        return before if known is not None and known.opened == before.opened else None


def streaming(world: World, nats_url: str) -> Callable[[web.Application], AsyncGenerator[None]]:
    """Return what lets an application publish the market while it serves."""

    async def while_serving(_: web.Application) -> AsyncGenerator[None]:
        task = asyncio.create_task(MarketStream(world, nats_url).run())
        task.add_done_callback(_end_with_it)
        yield
        task.remove_done_callback(_end_with_it)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return while_serving


def _end_with_it(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        # A stream that ended unseen would look like a market that stands still.
        raise SystemExit(f"the market stream failed: {error!r}")


async def _complain(error: Exception) -> None:
    sys.stderr.write(f"market stream: {error!r}\n")
