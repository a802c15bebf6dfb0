"""Under least permissions all of it works, and nothing that a part of it does is refused."""

import asyncio
import json
import re
from typing import Any

import pyotp
import pytest
from nats.aio.msg import Msg
from pymongo import MongoClient
from redis import Redis

from canary.nats_wire import NatsAddress
from canary.watching import probe_governance
from cio_strategist import audit_cli, policy_cli
from petrosa_contracts import rediskeys, subjects
from petrosa_contracts.client import AuditClient, BotMode
from tests.integration.command_line import CommandLine
from tests.integration.deploy.conftest import DATABASE, SECONDS, Connect, Parts, World
from tests.integration.deploy.secured import DEPLOY, address
from tests.integration.nurse.fleet import intent, timestamp
from tests.integration.nurse.polling import eventually, eventually_answered

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("subject", ["cio.intent.trading.momentum_v1", "intent.trading.*"])
async def test_an_intent_becomes_a_signal_and_a_record(
    world: World, parts: Parts, connect: Connect, examiner: Redis, subject: str
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

    event = {
        "decision_id": decision,
        "strategy_id": "momentum_v1",
        "order_id": "17",
        "event_type": "rejected",
        "timestamp": timestamp(),
        "reason": "exchange_rejected",
        "symbol": "BTCUSDT",
        "side": "buy",
    }
    await engine.publish(subjects.execution_event("momentum_v1"), json.dumps(event).encode())
    await eventually(
        lambda: examiner.zscore(rediskeys.RESERVED_SETTLED, decision) is not None,
        seconds=SECONDS,
        what="the tracker settles its reservation",
    )
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


def test_policy_control_and_latches_are_changed(world: World, parts: Parts) -> None:
    secret = pyotp.random_base32()
    command = CommandLine(policy_cli.app, {**parts.authority.settings, "STRATEGIST_TOTP_SECRET": secret})
    command.done("set", "symbol:DOGEUSDT", "max_position_size_usd=100", "--reason", "a test")
    command.done("rollback", "symbol:DOGEUSDT")
    command.done("halt", "symbol:DOGEUSDT", "--reason", "a test")
    command.done("latch", "clear", "daily-loss", "--reason", "a test", "--code", pyotp.TOTP(secret).now())
    assert "symbol:DOGEUSDT" in command.done("status")
    assert world.redis.refusals() == []


async def test_the_recorder_accounts_for_intents(world: World, parts: Parts) -> None:
    settings = {
        "NATS_URL": address(world.nats, "recorder"),
        "MONGODB_URI": world.mongo.url,
        "MONGODB_DATABASE": DATABASE,
    }
    told = await asyncio.to_thread(CommandLine(audit_cli.app, settings).as_json, "reconcile")
    assert (told["missing"], told["surplus"], told["unanswered"]) == ([], [], [])
    assert told["matched"] >= 1
    assert world.nats.refusals() == []


def test_the_dashboard_asks_for_metrics_and_labels_that_are_told(parts: Parts) -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "petrosa-cio.json").read_text())
    queries = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    running = (parts.gate, parts.authority, parts.feed, parts.tracker, parts.recorder)
    told = "\n".join(part.get("/metrics")[1] for part in running)
    asked = re.findall(r"(?:by \((\w+)\) )?\((?:\w+\()?(cio_\w+)", queries)
    assert {name for _, name in asked} == set(re.findall(r"cio_\w+", queries))
    assert {name for _, name in asked} <= set(re.findall(r"^(?:# TYPE )?(\w+)", told, re.MULTILINE))
    # What never happened yet has no sample that would show its labels.
    labels = {
        name: set(re.findall(r"(\w+)=", found)) for name, found in re.findall(r"^(\w+)\{(.*)\} ", told, re.MULTILINE)
    }
    assert [(name, label) for label, name in asked if label and label not in labels.get(name, {label})] == []
