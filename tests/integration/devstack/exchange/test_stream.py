"""The local exchange's market on a real NATS."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import nats
import pytest
from nats.aio.client import Client

from devstack import DevStack
from tests.integration.nurse.polling import eventually

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def stack() -> Iterator[DevStack]:
    with DevStack(redis=False, mongo=False, exchange=True, market_stream=True) as stack:
        yield stack


class Listener:
    """What was heard of the stream."""

    def __init__(self) -> None:
        self.heard: list[dict[str, object]] = []

    async def listen(self, bus: Client) -> None:
        async def receive(message: object) -> None:
            self.heard.append(json.loads(message.data))

        await bus.subscribe("binance.websocket.data", cb=receive)

    async def hears_more(self) -> None:
        self.heard.clear()
        await eventually(lambda: self.streams() >= {"btcusdt@trade", "ethusdt@trade"}, seconds=10)

    def streams(self) -> set[object]:
        return {message["stream"] for message in self.heard}


@pytest.fixture
async def listener(stack: DevStack) -> AsyncIterator[Listener]:
    bus, listener = await nats.connect(stack.nats.url), Listener()
    await listener.listen(bus)
    yield listener
    await bus.close()


async def test_the_fleets_two_symbols_are_streamed_with_every_new_price(listener: Listener) -> None:
    await listener.hears_more()
    kinds = ("trade", "ticker", "depth20@100ms", "markPrice@1s", "kline_1h")
    assert listener.streams() == {f"{symbol}@{kind}" for symbol in ("btcusdt", "ethusdt") for kind in kinds}


async def test_nothing_is_streamed_while_prices_are_frozen(listener: Listener, stack: DevStack) -> None:
    await asyncio.to_thread(stack.exchange.control.freeze, ["ETHUSDT"])
    listener.heard.clear()
    await eventually(lambda: len([m for m in listener.heard if m["stream"] == "btcusdt@trade"]) > 2, seconds=10)
    assert len([m for m in listener.heard if m["stream"] == "ethusdt@trade"]) <= 1
    await asyncio.to_thread(stack.exchange.control.unfreeze)
    await listener.hears_more()


async def test_the_stream_comes_back_with_nats(stack: DevStack) -> None:
    await asyncio.to_thread(stack.nats.stop)
    await asyncio.to_thread(stack.nats.start)
    bus, listener = await nats.connect(stack.nats.url), Listener()
    await listener.listen(bus)
    await listener.hears_more()
    await bus.close()


def test_a_stream_needs_both_ends() -> None:
    with pytest.raises(ValueError, match="needs nats and exchange"):
        DevStack(market_stream=True)
