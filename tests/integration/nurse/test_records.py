"""No record, no trade: what becomes of decisions while JetStream keeps their records, and while it does not."""

import asyncio
from collections.abc import Callable
from hashlib import sha256

import pytest
from nats.js import JetStreamContext

from cio_decision.replay import decide_again
from petrosa_contracts import Code
from petrosa_contracts.record import DecisionRecord
from petrosa_contracts.streams import DECISIONS
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually, eventually_answered

pytestmark = pytest.mark.servers


async def records(jetstream: JetStreamContext) -> list[DecisionRecord]:
    """Return everything in the stream, in order."""
    state = (await jetstream.stream_info(DECISIONS.name)).state
    return [
        DecisionRecord.model_validate_json((await jetstream.get_msg(DECISIONS.name, number)).data or b"")
        for number in range(state.first_seq, state.last_seq + 1)
    ]


async def test_every_verdict_is_in_the_stream_and_can_be_made_again(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, jetstream: JetStreamContext
) -> None:
    new_gate().start_ready()
    verdicts = [
        await bus.ask(intent(symbol="BTCUSDT")),
        await bus.ask(intent(confidence=0.1)),
        await bus.ask(exit_of()),
        await bus.ask(intent(price="dear")),
    ]
    told = {verdict.decision_id for verdict in verdicts}

    async def recorded() -> dict[str, DecisionRecord] | None:
        kept = {record.verdict.decision_id: record for record in await records(jetstream)}
        return kept if kept.keys() >= told else None

    # Nobody waits for the record of a veto or an exit.
    found = await eventually_answered(recorded, what="every verdict is in the stream")
    assert found.keys() == told
    for verdict in verdicts:
        record = found[verdict.decision_id]
        again = decide_again(record)
        assert again is not None
        assert again.model_dump_json() == record.verdict.model_dump_json() == verdict.model_dump_json()


async def test_a_signal_never_leaves_before_its_record_is_in_the_stream(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, jetstream: JetStreamContext
) -> None:
    new_gate().start_ready()
    await asyncio.gather(*(bus.ask(intent(symbol=f"C{number % 5}USDT")) for number in range(100)))
    kept = {record.verdict.decision_id for record in await records(jetstream)}
    assert len(engine.decisions) == 100
    assert set(engine.decisions) <= kept


@pytest.mark.parametrize(
    ("payload", "headers"),
    [
        (b"x" * 1_000_000, None),
        # Encoded, these come to a little less than a message may have, and with the record's own headers to more.
        (b"x" * 785_500, None),
        (b"x", {"note": '"' * 900_000}),
    ],
)
async def test_an_intent_that_is_too_large_to_be_recorded_as_a_whole_holds_up_no_other(
    new_gate: Callable[..., Gate],
    bus: Bus,
    engine: Engine,
    jetstream: JetStreamContext,
    *,
    payload: bytes,
    headers: dict[str, str] | None,
) -> None:
    gate: Gate = new_gate()
    gate.start_ready()
    refused = await bus.ask(payload, subject="cio.intent.large", headers=headers)
    assert refused.code is Code.PAYLOAD_INVALID
    assert (await bus.ask(intent())).approved
    first, _ = await records(jetstream)
    assert first.verdict == refused
    assert first.raw_digest == sha256(payload).hexdigest()
    assert gate.readiness()[1]["records"] == {"needed": True, "available": True, "backlog": 0, "dropped": 0}
    assert gate.events("nats_lost") == []


async def test_without_the_stream_nothing_opens_and_exits_pass_until_it_is_back(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, jetstream: JetStreamContext, tmp_path
) -> None:
    gate: Gate = new_gate(NURSE_AUDIT_DEADLINE_MS="100", NURSE_JOURNAL_FOLDER=str(tmp_path))
    gate.start_ready()
    # The stream refuses while it may hold nothing, which no gate can mend by making it again.
    config = (await jetstream.stream_info(DECISIONS.name)).config
    await jetstream.update_stream(config.evolve(max_msgs=1, max_bytes=1))
    try:
        refused = await bus.ask(intent())
        assert refused.code is Code.AUDIT_UNAVAILABLE
        way_out = await bus.ask(exit_of())
        assert way_out.approved
        assert engine.decisions == [way_out.decision_id]
        await eventually(lambda: gate.readiness()[1]["records"]["backlog"] == 2, what="both are in the journal")
        assert (await bus.ping()).status == "DEGRADED"
    finally:
        await jetstream.update_stream(config.evolve(max_msgs=-1, max_bytes=-1))
    await eventually(
        lambda: gate.readiness()[1]["records"] == {"needed": True, "available": True, "backlog": 0, "dropped": 0},
        what="the journal is delivered",
    )
    kept = {record.record_id for record in await records(jetstream)}
    assert kept == {f"{refused.decision_id}:withdrawn", way_out.decision_id}
    assert (await bus.ask(intent())).approved


async def test_a_stream_that_is_deleted_is_made_again(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, jetstream: JetStreamContext
) -> None:
    new_gate(NURSE_AUDIT_DEADLINE_MS="500").start_ready()
    await jetstream.delete_stream(DECISIONS.name)
    assert (await bus.ask(intent())).code is Code.AUDIT_UNAVAILABLE

    async def approved() -> bool:
        return (await bus.ask(intent())).approved

    await eventually_answered(approved, what="the stream is there again")


async def test_a_gate_that_was_killed_leaves_its_journal_to_the_next(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, jetstream: JetStreamContext, tmp_path
) -> None:
    settings = {"NURSE_AUDIT_DEADLINE_MS": "100", "NURSE_JOURNAL_FOLDER": str(tmp_path)}
    first: Gate = new_gate(**settings)
    first.start_ready()
    config = (await jetstream.stream_info(DECISIONS.name)).config
    await jetstream.update_stream(config.evolve(max_msgs=1, max_bytes=1))
    try:
        way_out = await bus.ask(exit_of())
        await eventually(lambda: first.readiness()[1]["records"]["backlog"] == 1, what="it is in the journal")
        first.kill()
    finally:
        await jetstream.update_stream(config.evolve(max_msgs=-1, max_bytes=-1))
    new_gate(**settings).start_ready()

    async def delivered() -> bool:
        return way_out.decision_id in {record.record_id for record in await records(jetstream)}

    await eventually_answered(delivered, what="the journal is in the stream")


async def test_with_records_off_nothing_is_recorded_and_entries_pass(
    new_gate: Callable[..., Gate], bus: Bus, engine: Engine, jetstream: JetStreamContext
) -> None:
    gate: Gate = new_gate(NURSE_AUDIT="off")
    gate.start_ready()
    assert (await bus.ask(intent())).approved
    assert gate.readiness()[1]["records"]["needed"] is False
    assert await records(jetstream) == []
