import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256

import pytest

from cio_decision.replay import decide_again
from cio_nurse.ports import JournalEntry
from cio_nurse.service import recording
from petrosa_contracts import Code
from petrosa_contracts.record import DecisionRecord
from tests.builders import inbound, intent, raw
from tests.fakes import eventually, settled
from tests.wiring import WiredGate, codes_of


@asynccontextmanager
async def watched(gate: WiredGate) -> AsyncIterator[None]:
    """Have somebody look after what is late."""
    task = asyncio.ensure_future(gate.recording.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def deadline_passes(gate: WiredGate) -> None:
    gate.clock.jump(0.06)
    await asyncio.sleep(3 * recording.LOOK_SECONDS)
    await settled()


def ids(records: list[DecisionRecord]) -> list[str]:
    return [record.record_id for record in records]


class TestWhileTheStreamKeepsRecords:
    async def test_every_verdict_has_one_record_with_what_it_rested_on(self) -> None:
        gate = await WiredGate.started()
        verdicts = await gate.decide(intent(intent_id="1"), intent(intent_id="2", confidence=0.1))
        assert sorted(ids(gate.transport.records)) == sorted(verdict.decision_id for verdict in verdicts)
        by_id = {record.verdict.decision_id: record for record in gate.transport.records}
        for verdict in verdicts:
            record = by_id[verdict.decision_id]
            assert record.verdict == verdict
            assert record.inputs is not None
            assert record.instance == "nurse-1"
            assert b'"strategy_id": "momentum_v1"' in record.raw

    async def test_a_record_holds_what_every_gate_measured_and_its_limit(self) -> None:
        gate = await WiredGate.started()
        await gate.decide(intent(confidence=0.9))
        (record,) = gate.transport.records
        assert record.passed[Code.CONFIDENCE_LOW] == (0.9, 0.5)
        assert record.passed[Code.ORDER_NOTIONAL_MAX] == (500.0, 1000.0)

    async def test_what_was_breached_is_in_the_verdict_instead(self) -> None:
        gate = await WiredGate.started()
        await gate.decide(intent(confidence=0.1))
        (record,) = gate.transport.records
        assert Code.CONFIDENCE_LOW not in record.passed
        assert [(each.code, each.measured, each.limit) for each in record.verdict.breaches] == [
            (Code.CONFIDENCE_LOW, 0.1, 0.5)
        ]

    async def test_what_cannot_be_read_is_recorded_with_its_bytes(self) -> None:
        gate = await WiredGate.started()
        await gate.intake.accept(inbound(b"{nonsense", "_INBOX.1"))
        (record,) = gate.transport.records
        assert (record.raw, record.inputs, record.verdict.code) == (b"{nonsense", None, Code.PAYLOAD_INVALID)

    @pytest.mark.parametrize("headers", [None, {"note": '"' * 3000, "Nats-Msg-Id": "m1"}])
    async def test_what_is_too_large_for_a_message_is_recorded_with_its_beginning_and_digest(
        self, headers: dict[str, str] | None
    ) -> None:
        gate = await WiredGate.started()
        gate.transport.largest_record = 5000
        sent = b"x" * 6000 if headers is None else b"x"
        await gate.intake.accept(replace(inbound(sent, "_INBOX.1"), headers=headers))
        (record,) = gate.transport.records
        assert (record.raw, record.raw_digest) == (sent[:1024], sha256(sent).hexdigest())
        assert record.headers == ({} if headers is None else {"Nats-Msg-Id": "m1"})
        assert record.verdict.code is Code.PAYLOAD_INVALID
        assert decide_again(record) is None

    async def test_inputs_that_are_too_large_for_a_message_are_left_out(self) -> None:
        gate = await WiredGate.started()
        gate.transport.largest_record = 2000
        (verdict,) = await gate.decide(intent())
        (record,) = gate.transport.records
        assert (record.verdict, record.inputs) == (verdict, None)
        assert verdict.approved
        assert decide_again(record) is None

    async def test_what_finds_no_room_is_recorded(self) -> None:
        gate = await WiredGate.started(lane_capacity=10)
        for number in range(11):
            await gate.intake.accept(inbound(raw(intent_id=str(number)), "_INBOX.1"))
        assert [record.verdict.code for record in gate.transport.records] == [Code.OVERLOADED] * 2

    async def test_an_entry_leaves_only_after_its_record(self) -> None:
        gate = await WiredGate.started()
        gate.transport.stream = "silent"
        await gate.decide(intent())
        assert gate.transport.signals == []
        (waiting,) = gate.recording._sent
        await gate.recording.acknowledged(waiting)
        assert len(gate.transport.signals) == 1


@pytest.mark.parametrize("trouble", ["silent", "refuses"])
class TestWhileTheStreamDoesNotAnswer:
    async def test_an_entry_is_withdrawn_and_vetoed(self, trouble: str) -> None:
        gate = await WiredGate.started()
        gate.transport.stream = trouble
        async with watched(gate):
            await gate.decide(intent())
            await deadline_passes(gate)
        assert codes_of(gate.metrics.verdicts) == ["AUDIT_UNAVAILABLE"]
        assert gate.transport.signals == []

    async def test_the_place_in_the_ledger_is_given_back(self, trouble: str) -> None:
        gate = await WiredGate.started()
        gate.transport.stream = trouble
        async with watched(gate):
            await gate.decide(intent())
            await deadline_passes(gate)
        gate.transport.stream = "keeps"
        await gate.recording.acknowledged("anything")
        assert (await gate.decide(gate.dated_now()))[-1].approved

    async def test_an_exit_leaves_at_once_and_its_record_goes_to_the_journal(self, trouble: str) -> None:
        gate = await WiredGate.started()
        gate.transport.stream = trouble
        async with watched(gate):
            verdicts = await gate.decide(intent(action="close"))
            assert codes_of(verdicts) == [None]
            assert len(gate.transport.signals) == 1
            await deadline_passes(gate)
            await eventually(lambda: len(gate.journal.entries) == 1)
        assert gate.journal.entries[0].record_id == verdicts[0].decision_id

    async def test_a_withdrawal_is_recorded_beside_the_approval_that_may_yet_turn_up(self, trouble: str) -> None:
        gate = await WiredGate.started()
        gate.transport.stream = trouble
        async with watched(gate):
            await gate.decide(intent())
            await deadline_passes(gate)
            await deadline_passes(gate)
            await eventually(lambda: len(gate.journal.entries) == 1)
        record = DecisionRecord.model_validate_json(gate.journal.entries[0].payload)
        assert record.withdraws
        assert record.record_id == f"{record.verdict.decision_id}:withdrawn"
        assert record.verdict.code is Code.AUDIT_UNAVAILABLE

    async def test_further_entries_are_vetoed_at_once_until_an_acknowledgement(self, trouble: str) -> None:
        gate = await WiredGate.started()
        gate.transport.stream = trouble
        async with watched(gate):
            await gate.decide(intent(intent_id="1"))
            await deadline_passes(gate)
            verdicts = await gate.decide(intent(intent_id="2"))
            assert codes_of(verdicts) == ["AUDIT_UNAVAILABLE"]
            assert gate.heartbeat.pulse().status == "DEGRADED"
            gate.transport.stream = "keeps"
            await gate.recording.acknowledged("anything")
        assert (await gate.decide(gate.dated_now(intent_id="3")))[-1].approved

    async def test_the_journal_is_delivered_when_the_stream_is_back(
        self, trouble: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cio_nurse.service.backlog.RETRY_SECONDS", 0.01)
        gate = await WiredGate.started()
        gate.transport.stream = trouble
        async with watched(gate):
            verdicts = [(await gate.decide(intent(action="close", intent_id=str(n))))[0] for n in range(5)]
            await deadline_passes(gate)
            await eventually(lambda: gate.recording.backlog.waiting == 5)
            gate.transport.stream = "keeps"
            await deadline_passes(gate)
            await eventually(lambda: not gate.journal.entries)
        assert ids(gate.transport.records) == [verdict.decision_id for verdict in verdicts]


async def test_a_journal_that_cannot_be_read_is_tried_again_and_the_gate_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cio_nurse.service.backlog.RETRY_SECONDS", 0.01)
    gate = await WiredGate.started()
    gate.transport.stream = "refuses"
    gate.journal.unreadable = True
    async with watched(gate):
        await gate.decide(intent(action="close", intent_id="1"))
        await eventually(lambda: gate.metrics.records["journaled"] == 1)
        gate.transport.stream = "keeps"
        assert codes_of(await gate.decide(intent(action="close", intent_id="2"))) == [None]
        gate.journal.unreadable = False
        await eventually(lambda: gate.recording.backlog.waiting == 0)
    assert len(gate.transport.records) == 2


async def test_a_journal_that_was_lost_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cio_nurse.service.backlog.RETRY_SECONDS", 0.01)
    gate = await WiredGate.started()
    gate.transport.stream = "refuses"
    async with watched(gate):
        for number in (1, 2):
            await gate.decide(intent(action="close", intent_id=str(number)))
            await eventually(lambda number=number: gate.metrics.records["journaled"] == number)
            gate.journal.entries.clear()
            await eventually(lambda: gate.recording.backlog.waiting == 0)


async def test_what_an_earlier_gate_left_waits_for_nats_and_is_no_trouble_with_records_of_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cio_nurse.service.backlog.RETRY_SECONDS", 0.01)
    gate = await WiredGate.started()
    gate.transport.stream = "refuses"
    async with watched(gate):
        await gate.decide(intent(action="close", intent_id="1"))
        await eventually(lambda: len(gate.journal.entries) == 1)
    gate.transport.stream = "keeps"
    await gate.recording.acknowledged("anything")
    gate.transport.disconnect()
    async with watched(gate):
        await eventually(lambda: gate.recording.backlog.waiting == 1)
        await asyncio.sleep(0.05)
        assert gate.recording.available
        gate.transport.connect()
        await eventually(lambda: not gate.journal.entries)
    assert gate.recording.available


async def test_a_record_that_finds_no_room_anywhere_is_counted_and_the_exit_passes() -> None:
    gate = await WiredGate.started()
    gate.transport.stream = "refuses"
    gate.journal.broken = True
    async with watched(gate):
        for number in range(2):
            assert codes_of(await gate.decide(intent(action="close", intent_id=str(number)))) == [None]
        await eventually(lambda: gate.recording.backlog.dropped == 1)
        await gate.recording.drained()
    assert gate.metrics.records["dropped"] == gate.recording.backlog.dropped == 2


async def test_a_stream_that_is_gone_is_told_without_an_intent_until_it_stands_again() -> None:
    gate = await WiredGate.started()
    gate.recording.note_stream("nobody answers on cio.record.decision.cio-self-check")
    assert gate.heartbeat.pulse().status == "DEGRADED"
    assert codes_of(await gate.decide(intent(intent_id="1", action="close"))) == [None]
    gate.recording.note_stream("nobody answers on cio.record.decision.cio-self-check")
    gate.recording.note_stream("")
    assert gate.heartbeat.pulse().status == "GOVERNANCE_ACTIVE"


async def test_a_stream_that_stands_does_not_end_the_trouble_with_its_records() -> None:
    gate = await WiredGate.started()
    gate.transport.stream = "refuses"
    await gate.decide(intent(action="close"))
    gate.recording.note_stream("")
    assert not gate.recording.available
    await gate.recording.acknowledged("anything")
    assert gate.recording.available


async def test_while_the_journal_cannot_be_written_the_newest_record_tells_when_the_stream_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cio_nurse.service.backlog.RETRY_SECONDS", 0.01)
    gate = await WiredGate.started()
    gate.transport.stream = "refuses"
    gate.journal.broken = True
    async with watched(gate):
        verdicts = [(await gate.decide(intent(action="close", intent_id=str(number))))[0] for number in range(3)]
        await eventually(lambda: gate.recording.backlog.dropped == 2)
        assert not gate.recording.available
        gate.transport.stream = "keeps"
        await eventually(lambda: gate.recording.backlog.waiting == 0)
    assert gate.recording.available
    assert ids(gate.transport.records) == [verdicts[-1].decision_id]


async def test_a_record_in_the_journal_that_nats_never_takes_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cio_nurse.service.backlog.RETRY_SECONDS", 0.01)
    gate = await WiredGate.started()
    gate.journal.entries = [
        JournalEntry("too-large", "cio.record.decision.mom", b"x" * (gate.transport.largest_record + 1))
    ]
    gate.transport.stream = "refuses"
    async with watched(gate):
        (verdict,) = await gate.decide(intent(action="close"))
        await eventually(lambda: len(gate.journal.entries) == 2)
        gate.transport.stream = "keeps"
        await eventually(lambda: not gate.journal.entries)
    assert ids(gate.transport.records) == [verdict.decision_id]
    assert gate.recording.backlog.dropped == gate.metrics.records["dropped"] == 1
    assert gate.recording.available


async def test_without_nats_an_entry_is_withdrawn() -> None:
    gate = await WiredGate.started()
    gate.transport.disconnect()
    assert codes_of(await gate.decide(intent())) == ["AUDIT_UNAVAILABLE"]
    assert gate.transport.signals == []


async def test_nothing_is_recorded_where_records_are_off() -> None:
    gate = await WiredGate.started(records=False)
    gate.transport.stream = "silent"
    assert codes_of(await gate.decide(intent())) == [None]
    assert gate.transport.records == []
