"""The answer: its shape, and where it goes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from petrosa_contracts import Code, Mode
from tests.integration.nurse.fleet import Bus, Engine, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually

pytestmark = pytest.mark.servers

VERDICT_KEYS = {
    "decision_id",
    "verdict",
    "code",
    "message",
    "breaches",
    "mode",
    "epoch",
    "strategy_id",
    "symbol",
    "action",
    "signal_id",
    "received_at",
    "latency_ms",
}
BREACH_KEYS = {"code", "gate", "measured", "limit", "unit", "scope", "version", "message"}


async def test_an_approval_has_every_key_and_nothing_else(gate: Gate, bus: Bus, engine: Engine) -> None:
    before = datetime.now(UTC)
    sent = intent(signal_id="signal-7")
    reply = await bus.client.request("cio.intent.trading.momentum_v1", json.dumps(sent).encode(), timeout=30)
    verdict = json.loads(reply.data)
    assert set(verdict) == VERDICT_KEYS
    assert len(verdict["decision_id"]) == 32
    assert int(verdict["decision_id"], 16)
    assert verdict["verdict"] == "approved"
    assert verdict["code"] is None
    assert verdict["breaches"] == []
    assert verdict["mode"] == "ACTIVE"
    assert verdict["epoch"] == gate.readiness()[1]["epoch"]
    assert [verdict[name] for name in ("strategy_id", "symbol", "action", "signal_id")] == [
        "momentum_v1",
        "BTCUSDT",
        "buy",
        "signal-7",
    ]
    received = datetime.fromisoformat(verdict["received_at"])
    assert before - timedelta(seconds=1) < received < datetime.now(UTC) + timedelta(seconds=1)
    assert 0 <= verdict["latency_ms"] < 5000


async def test_a_veto_says_what_was_measured_what_is_allowed_and_who_said_so(gate: Gate, bus: Bus) -> None:
    reply = await bus.client.request(
        "cio.intent.trading.momentum_v1", json.dumps(intent(quantity=1.0)).encode(), timeout=5
    )
    verdict = json.loads(reply.data)
    assert set(verdict) == VERDICT_KEYS
    assert verdict["verdict"] == "vetoed"
    assert verdict["code"] == "ORDER_NOTIONAL_MAX"
    (breach,) = verdict["breaches"]
    assert set(breach) == BREACH_KEYS
    assert breach == {
        "code": "ORDER_NOTIONAL_MAX",
        "gate": "order_notional_max",
        "measured": 50000.0,
        "limit": 1000.0,
        "unit": "USD",
        "scope": "defaults",
        "version": 0,
        "message": verdict["message"],
    }


@pytest.mark.parametrize("reply", ["signals.trading", "signals.trading.x", "cio.record.decision.x"])
async def test_no_bot_can_have_an_answer_sent_where_the_gate_itself_speaks(gate: Gate, bus: Bus, reply: str) -> None:
    spoken, verdicts = await bus.listen(reply), await bus.listen("cio.verdict.momentum_v1")
    vetoed = json.dumps(intent(quantity=1.0)).encode()
    await bus.client.publish("cio.intent.trading.momentum_v1", vetoed, reply=reply)
    await bus.client.publish("cio.ping", b"", reply=reply)
    answer = await bus.client.request("cio.ping", b"", timeout=30)
    await eventually(lambda: len(verdicts.messages) == 1)
    await bus.sent()
    assert json.loads(answer.data)["service"] == "petrosa-cio"
    assert spoken.messages == []


async def test_an_unreadable_payload_has_the_same_shape_with_what_could_be_recognised(gate: Gate, bus: Bus) -> None:
    reply = await bus.client.request("cio.intent.trading.x", b'{"strategy_id": "half_read", "symbol": 7}', timeout=30)
    verdict = json.loads(reply.data)
    assert set(verdict) == VERDICT_KEYS
    assert all(set(breach) == BREACH_KEYS for breach in verdict["breaches"])
    assert (verdict["code"], verdict["strategy_id"], verdict["symbol"]) == ("PAYLOAD_INVALID", "half_read", None)


@pytest.mark.parametrize(
    ("strategy_id", "token"),
    [
        ("momentum_v1", "momentum_v1"),
        ("Iceberg Order Detector", "Iceberg_Order_Detector"),
        ("a.b*c>d", "a_b_c_d"),
        ("größe\n", "gr__e_"),
    ],
)
async def test_every_verdict_is_also_published_for_its_strategy(
    gate: Gate, bus: Bus, engine: Engine, strategy_id: str, token: str
) -> None:
    verdicts = await bus.listen(f"cio.verdict.{token}")
    approved = await bus.ask(intent(strategy_id), subject="cio.intent.trading.x")
    vetoed = await bus.ask(intent(strategy_id, confidence=0.1), subject="cio.intent.trading.x")
    await eventually(lambda: len(verdicts.messages) == 2)
    assert [payload["decision_id"] for payload in verdicts.payloads] == [approved.decision_id, vetoed.decision_id]


async def test_reply_and_published_verdict_are_the_same_bytes(gate: Gate, bus: Bus, engine: Engine) -> None:
    verdicts = await bus.listen("cio.verdict.momentum_v1")
    reply = await bus.client.request("cio.intent.trading.x", json.dumps(intent()).encode(), timeout=30)
    await eventually(lambda: verdicts.messages)
    assert verdicts.messages[0].data == reply.data


async def test_an_intent_without_a_reply_subject_is_decided_all_the_same(gate: Gate, bus: Bus, engine: Engine) -> None:
    verdicts = await bus.listen("cio.verdict.quiet")
    await bus.send(intent("quiet"))
    await bus.send(intent("quiet", confidence=0.1))
    await eventually(lambda: len(verdicts.messages) == 2)
    decisions = {payload["code"]: payload["decision_id"] for payload in verdicts.payloads}
    assert set(decisions) == {None, "CONFIDENCE_LOW"}
    await bus.settle()
    assert engine.decisions == [decisions[None]]


async def test_a_payload_without_a_strategy_is_answered_under_unknown(gate: Gate, bus: Bus) -> None:
    verdicts = await bus.listen("cio.verdict.unknown")
    await bus.send(b"{}", subject="cio.intent.trading.x")
    (verdict,) = await eventually(lambda: verdicts.payloads)
    assert verdict["code"] == "PAYLOAD_INVALID"


async def test_all_breaches_are_listed_and_the_first_names_the_veto(gate: Gate, bus: Bus) -> None:
    verdict = await bus.ask(intent(quantity=1.0, confidence=0.1, stop_loss=60000.0, position_size_pct=0.5))
    assert [breach.code for breach in verdict.breaches] == [
        Code.CONFIDENCE_LOW,
        Code.ORDER_NOTIONAL_MAX,
        Code.POSITION_SIZE_MAX,
        Code.STOP_INVALID,
    ]
    assert verdict.code is Code.CONFIDENCE_LOW
    assert verdict.message == verdict.breaches[0].message


async def test_the_mode_of_a_refused_payload_is_the_one_that_holds_everywhere(gate: Gate, bus: Bus, store) -> None:
    await gate.at_epoch(store.set_control("global", Mode.HALTED))
    assert (await bus.ask(b"{}", subject="cio.intent.trading.x")).mode is Mode.HALTED
