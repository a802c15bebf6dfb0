"""Under least permissions all of it works, and nothing that a part of it does is refused."""

import asyncio
import json
from typing import Any

import pytest
from nats.aio.msg import Msg
from pymongo import MongoClient

from canary.nats_wire import NatsAddress
from canary.watching import probe_governance
from petrosa_contracts.client import AuditClient, BotMode
from tests.integration.deploy.conftest import DATABASE, SECONDS, Connect, Parts, World
from tests.integration.deploy.secured import address
from tests.integration.nurse.fleet import intent
from tests.integration.nurse.polling import eventually, eventually_answered

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("subject", ["cio.intent.trading.momentum_v1", "intent.trading.*"])
async def test_an_intent_becomes_a_signal_and_a_record(
    world: World, parts: Parts, connect: Connect, subject: str
) -> None:
    engine, bot = await connect("engine"), await connect("bots")
    signals: list[str] = []

    async def take(message: Msg) -> None:
        signals.append(json.loads(message.data)["decision_id"])
        await message.respond(b'{"status": "processed"}')

    for pattern in ("signals.trading", "signals.trading.>"):
        await engine.subscribe(pattern, cb=take)
    await engine.flush()
    replies = parts.gate.metric("cio_nurse_engine_replies_total", status="processed")

    async def approval() -> dict[str, Any] | None:
        price = float(world.exchange.control.state()["prices"]["BTCUSDT"])
        order = intent(price=price, current_price=price)
        verdict = json.loads((await bot.request(subject, json.dumps(order).encode(), timeout=10)).data)
        return verdict if verdict["verdict"] == "approved" else None

    decision = (await eventually_answered(approval, seconds=SECONDS, what="an approval"))["decision_id"]
    await eventually(lambda: signals == [decision], what="its signal")
    await eventually(
        lambda: parts.gate.metric("cio_nurse_engine_replies_total", status="processed") > replies, what="its reply"
    )
    with MongoClient[dict[str, Any]](world.mongo.url) as mongo:
        found = {"kind": "decision", "id": decision}
        chain = mongo[DATABASE]["audit_chain"]
        await eventually(lambda: chain.find_one(found), seconds=SECONDS, what="its record is in the chain")
    assert world.nats.refusals() == []
    assert world.redis.refusals() == []


async def test_bots_canary_engine_and_market_are_heard(world: World, parts: Parts, connect: Connect) -> None:
    async with AuditClient(address(world.nats, "bots")) as client:
        await eventually(lambda: client.mode is BotMode.NORMAL, what="the bot hears the gate")
    assert await asyncio.to_thread(probe_governance, [NatsAddress.parse(address(world.nats, "canary"))]) is None

    bot, engine, market = await connect("bots"), await connect("engine"), await connect("market")
    kept = await bot.request("cio.audit.failsafe.momentum_v1", b"{}", timeout=10)
    assert json.loads(kept.data)["stream"] == "CIO_FAILSAFE"
    await engine.publish("execution.events.momentum_v1", b"no event")
    await market.publish("binance.websocket.data", b"no price")
    heard = {
        parts.tracker: ("cio_strategist_tracker_events_total", {"kind": "unreadable"}),
        parts.feed: ("cio_strategist_feed_dropped_total", {"source": "stream", "reason": "unreadable"}),
    }
    for part, (name, labels) in heard.items():
        await eventually(lambda part=part, name=name, labels=labels: part.metric(name, **labels), what=name)
    assert world.nats.refusals() == []
    assert world.redis.refusals() == []
