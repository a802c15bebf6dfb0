import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cio_decision.decoding import PayloadLimits
from cio_nurse.service.intake import BATCH
from petrosa_contracts import Code, Mode
from tests.builders import control_entry, inbound, raw, stored_control
from tests.fakes import settled
from tests.wiring import WiredGate, codes_of


@asynccontextmanager
async def deciding(gate: WiredGate) -> AsyncIterator[None]:
    running = asyncio.create_task(gate.intake.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def accept(gate: WiredGate, *ids: str, **fields: Any) -> None:
    for each in ids:
        await gate.intake.accept(inbound(raw(intent_id=each, **fields), f"_INBOX.{each}", None))


async def test_what_was_accepted_is_decided_and_answered() -> None:
    gate = await WiredGate.started()
    async with deciding(gate):
        await accept(gate, "1", "2")
        await gate.intake.drained()
    assert gate.published_signals() == ["1", "2"]
    assert [len(gate.transport.on(f"_INBOX.{each}")) for each in "12"] == [1, 1]


async def test_many_intents_are_decided_in_batches_and_in_order() -> None:
    gate = await WiredGate.started()
    ids = [str(number) for number in range(2 * BATCH + 5)]
    await accept(gate, *ids)
    async with deciding(gate):
        await gate.intake.drained()
    assert gate.published_signals() == ids
    assert [len(batch) for batch in gate.ledger_store.batches] == [BATCH, BATCH, 5]


async def test_what_cannot_be_read_is_answered_at_once_and_not_queued() -> None:
    gate = await WiredGate.started()
    await gate.intake.accept(inbound(b"{", "_INBOX.1", None))
    (reply,) = gate.transport.on("_INBOX.1")
    assert (reply.verdict.code, reply.verdict.epoch) == (Code.PAYLOAD_INVALID, 1)
    assert gate.lanes.waiting == 0


async def test_the_payload_limits_of_the_settings_hold() -> None:
    gate = await WiredGate.started(payload_limits=PayloadLimits(max_bytes=100))
    await accept(gate, "1")
    assert gate.transport.on("_INBOX.1")[0].verdict.breaches[0].limit == 100


async def test_what_finds_no_room_is_answered_at_once() -> None:
    gate = await WiredGate.started(lane_capacity=10)
    await accept(gate, *(str(number) for number in range(10)))
    (reply,) = gate.transport.on("_INBOX.9")
    assert (reply.verdict.code, reply.verdict.epoch, reply.verdict.symbol) == (Code.OVERLOADED, 1, "BTCUSDT")
    assert gate.lanes.waiting == 9


async def test_a_refused_intent_leaves_no_trace_and_may_be_sent_again() -> None:
    gate = await WiredGate.started(lane_capacity=10)
    await accept(gate, *(str(number) for number in range(10)))
    async with deciding(gate):
        await gate.intake.drained()
        await accept(gate, "9")
        await gate.intake.drained()
    assert gate.published_signals()[-1] == "9"


async def test_exits_find_room_where_entries_do_not() -> None:
    gate = await WiredGate.started(lane_capacity=10)
    await accept(gate, *(str(number) for number in range(10)))
    await accept(gate, "out", action="close")
    assert gate.transport.on("_INBOX.out") == []
    assert gate.lanes.waiting == 10


async def overloaded(gate: WiredGate) -> None:
    await accept(gate, *(str(number) for number in range(gate.lane_capacity)))


async def unreadable(gate: WiredGate) -> None:
    await gate.intake.accept(inbound(b"{", "_INBOX.9", None))


@pytest.mark.parametrize("send", [overloaded, unreadable])
async def test_an_answer_at_once_names_the_mode_in_force(send: Callable[[WiredGate], Any]) -> None:
    frozen = stored_control(**{"global": control_entry(Mode.FROZEN)})
    gate = await WiredGate.started(control=frozen, lane_capacity=10)
    await send(gate)
    assert gate.transport.on("_INBOX.9")[0].verdict.mode is Mode.FROZEN


async def test_the_trace_of_the_message_is_carried_on() -> None:
    gate = await WiredGate.started()
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with deciding(gate):
        await gate.intake.accept(inbound(raw(intent_id="1"), "", {"Traceparent": parent}))
        await gate.intake.accept(inbound(raw(intent_id="2", _otel_trace_headers={"traceparent": parent}), "", None))
        await gate.intake.drained()
    assert [signal.content["_otel_trace_context"] for signal in gate.transport.signals] == [{"traceparent": parent}] * 2
    assert [signal.headers for signal in gate.transport.signals] == [{"traceparent": parent}, None]


async def test_an_idle_gate_is_drained() -> None:
    gate = await WiredGate.started()
    await asyncio.wait_for(gate.intake.drained(), 1)


async def test_draining_waits_for_what_is_being_decided() -> None:
    gate = await WiredGate.started()
    await accept(gate, "1")
    draining = asyncio.create_task(gate.intake.drained())
    await settled()
    assert not draining.done()
    async with deciding(gate):
        await draining
    assert gate.published_signals() == ["1"]


async def test_latency_counts_from_acceptance() -> None:
    gate = await WiredGate.started()
    await accept(gate, "1")
    gate.clock.jump(0.04)
    async with deciding(gate):
        await gate.intake.drained()
    assert gate.metrics.verdicts[0].latency_ms == pytest.approx(40.0)


async def test_every_message_gets_one_verdict_whatever_it_is() -> None:
    gate = await WiredGate.started(lane_capacity=10)
    messages = [b"", b"{}", raw(intent_id="1"), raw(intent_id="1"), raw(intent_id="2", confidence=0.1), b"[" * 99]
    async with deciding(gate):
        for number, data in enumerate(messages):
            await gate.intake.accept(inbound(data, f"_INBOX.{number}", None))
        await gate.intake.drained()
    replies = [gate.transport.on(f"_INBOX.{number}") for number in range(len(messages))]
    assert [len(each) for each in replies] == [1] * len(messages)
    assert codes_of([each[0].verdict for each in replies]) == [
        "PAYLOAD_INVALID", "PAYLOAD_INVALID", None, "INTENT_DUPLICATE", "CONFIDENCE_LOW", "PAYLOAD_INVALID"
    ]  # fmt: skip
