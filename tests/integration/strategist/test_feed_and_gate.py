"""What the feed tells, the gate holds intents to: one authority that is also the feed, one gate, one exchange."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from devstack import DevStack
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually_answered
from tests.integration.strategist.feed import SECONDS, Feed

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def stack() -> Iterator[DevStack]:
    with DevStack(exchange=True, market_stream=True) as stack:
        yield stack


class Both(Feed):
    """Both roles in one process."""

    arguments = ("--roles", "gateway,feed")


@pytest.fixture(scope="module")
def strategist(stack: DevStack) -> Iterator[Both]:
    strategist = Both(stack)
    yield strategist.start_ready()
    strategist.close()


@pytest.fixture(scope="module")
def gate(stack: DevStack, strategist: Both) -> Iterator[Gate]:
    # Without the regime, which depends on the hour at which the exchange's history begins.
    gate = Gate({**stack.environment(), "NURSE_INPUTS": "market"})
    yield gate.start_ready()
    gate.close()


@pytest.fixture
async def bus(stack: DevStack) -> AsyncIterator[Client]:
    client = await nats.connect(stack.nats.url)
    yield client
    await client.close()


Ask = Callable[..., Any]


@pytest.fixture
def ask(bus: Client, gate: Gate, stack: DevStack) -> Ask:
    """Ask for a verdict on an order at so many times the live price."""

    async def ask(times: float = 1.0, *, symbol: str = "BTCUSDT", step: float = 0.1) -> dict[str, Any]:
        live = float(stack.exchange.control.state()["prices"].get(symbol, 100.0))
        price = round(round(live * times / step) * step, 6)
        intent = {
            "strategy_id": "momentum_v1",
            "symbol": symbol,
            "action": "buy",
            "confidence": 0.9,
            "price": price,
            "current_price": price,
            "quantity": 0.01,
            "order_type": "limit",
            "source": "test",
            "strategy": "momentum_v1",
            "timestamp": datetime.now(UTC).isoformat(),
        }
        reply = await bus.request("cio.intent.trading.momentum_v1", json.dumps(intent).encode(), timeout=30)
        return json.loads(reply.data)

    return ask


def codes(verdict: dict[str, Any]) -> set[str]:
    return {breach["code"] for breach in verdict["breaches"]}


def test_one_process_tells_of_both_its_roles(strategist: Both) -> None:
    status, told = strategist.readiness()
    assert (status, told["ready"], told["feed"]["ready"]) == (200, True, True)
    assert "message" in told


async def test_a_price_near_the_market_passes_and_a_phantom_does_not(ask: Ask) -> None:
    near = await eventually_answered(lambda: ask_approved(ask), seconds=SECONDS, what="an order near the market passes")
    assert near["breaches"] == []
    assert "PRICE_PHANTOM" in codes(await ask(1.5))
    assert "SYMBOL_UNKNOWN" in codes(await ask(symbol="BOGUSUSDT"))


async def ask_approved(ask: Ask) -> dict[str, Any] | None:
    verdict = await ask()
    return verdict if verdict["verdict"] == "approved" else None


async def test_a_symbol_that_does_not_trade_is_refused(ask: Ask, stack: DevStack) -> None:
    stack.exchange.control.set_status("ETHUSDT", "SETTLING")

    async def refused() -> bool:
        return "SYMBOL_NOT_TRADING" in codes(await ask(symbol="ETHUSDT", step=0.01))

    await eventually_answered(refused, seconds=SECONDS, what="the status is seen")
    stack.exchange.control.set_status("ETHUSDT", "TRADING")


async def test_a_frozen_market_stops_entries_until_it_moves_again(ask: Ask, stack: DevStack) -> None:
    stack.exchange.control.freeze()

    async def stale() -> bool:
        return "MARKET_STALE" in codes(await ask())

    await eventually_answered(stale, seconds=30, what="the market is stale")
    stack.exchange.control.unfreeze()
    await eventually_answered(lambda: ask_approved(ask), seconds=SECONDS, what="orders pass again")


def test_both_roles_end_when_told_to(strategist: Both, gate: Gate) -> None:
    assert strategist.terminate() == 0
