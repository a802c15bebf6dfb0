"""Signals that nobody takes, and what engines answer to those they take."""

import json

import pytest
from nats.aio.msg import Msg

from petrosa_contracts import Code
from tests.integration.nurse.fleet import Bus, exit_of, intent
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers


async def test_a_signal_without_a_consumer_is_told_and_may_be_sent_again(new_gate, bus: Bus, store: Store) -> None:
    gate = new_gate().start_ready()
    sent = [intent("unheard"), intent("unheard", action="sell"), exit_of("unheard")]
    verdicts = [await bus.ask(payload) for payload in sent]
    assert all(verdict.approved for verdict in verdicts)
    for verdict in verdicts:
        await eventually(
            lambda verdict=verdict: (
                verdict.decision_id in {event["decision_id"] for event in gate.events("signal_undelivered")}
            )
        )
    event = gate.events("signal_undelivered")[0]
    assert (event["level"], event["reason"]) == ("error", "no consumer on the signals subject")
    assert gate.metric("cio_nurse_signals_total", outcome="undelivered") == 3
    assert gate.metric("cio_nurse_signals_total", outcome="published") == 3

    async def degraded() -> bool:
        return (await bus.ping()).status == "DEGRADED"

    await eventually_answered(degraded)
    assert "approved signals reach no consumer" in gate.readiness()[1]["reasons"]
    assert store.trades_of("strategy:unheard") == 0

    engine = await bus.engine()
    again = [await bus.ask(payload) for payload in sent]
    assert all(verdict.approved for verdict in again), [verdict.message for verdict in again]
    assert [await engine.received(verdict.decision_id) for verdict in again]
    for payload, verdict in zip(sent, again, strict=True):
        repeated = await bus.ask(payload)
        assert repeated.code is Code.INTENT_DUPLICATE
        assert repeated.breaches[0].limit == verdict.decision_id


async def test_many_signals_without_a_consumer_leave_no_identity_and_no_trade_behind(
    new_gate, bus: Bus, store: Store
) -> None:
    gate = new_gate().start_ready()
    before = set(store.client.scan_iter("{cio:ledger}:seen:*"))
    count = 600
    for number in range(count):
        await bus.send(intent(f"unheard_{number % 20}", symbol=f"U{number % 5}USDT"))
    await eventually(lambda: gate.metric("cio_nurse_signals_total", outcome="undelivered") == count)
    await eventually(lambda: set(store.client.scan_iter("{cio:ledger}:seen:*")) == before)
    assert {store.trades_of(f"strategy:unheard_{number}") for number in range(20)} == {0}
    assert gate.running


async def test_what_an_engine_answers_is_counted_and_an_error_is_logged(new_gate, bus: Bus) -> None:
    gate = new_gate().start_ready()
    answers = {
        "processed": b'{"status": "processed", "signal_id": "momentum_v1", "result": {}}',
        "error": b'{"status": "error", "error": "no such symbol"}',
        "unreadable": b"not json",
    }

    async def process(message: Msg) -> None:
        await message.respond(answers[json.loads(message.data)["expected"]])

    await bus.client.subscribe("signals.trading", cb=process)
    verdicts = {status: await bus.ask(intent(expected=status)) for status in answers}
    for status in answers:
        await eventually(lambda status=status: gate.metric("cio_nurse_engine_replies_total", status=status) == 1)
    refused = {event["decision_id"]: event for event in gate.events("engine_refused_signal")}
    assert set(refused) == {verdicts["error"].decision_id, verdicts["unreadable"].decision_id}
    assert refused[verdicts["error"].decision_id]["error"] == "no such symbol"
    assert gate.metric("cio_nurse_signals_total", outcome="undelivered") == 0


async def test_the_signal_carries_a_reply_subject_that_names_the_decision(new_gate, bus: Bus) -> None:
    new_gate().start_ready()
    engine = await bus.engine()
    verdict = await bus.ask(intent())
    await engine.received(verdict.decision_id)
    assert engine.messages[0].reply.rpartition(".")[2] == verdict.decision_id
    assert json.loads(engine.messages[0].data)["decision_id"] == verdict.decision_id
