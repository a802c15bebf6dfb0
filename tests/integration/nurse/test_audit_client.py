"""The bots' client with a real gate: killed, hung, halted; and NATS stopped and back."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from nats.js.client import JetStreamContext

from petrosa_contracts import Code, FailSafeReport, Mode, streams, subjects
from petrosa_contracts.client import Answer, AuditClient, BotMode
from petrosa_contracts.runtime.jetstream import ensure_streams
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers

EXAMPLE = Path(__file__).resolve().parents[3] / "packages" / "petrosa-contracts" / "examples" / "bot.py"
STREAM = streams.FAILSAFE.name


@pytest.fixture
def gate(new_gate: Callable[..., Gate]) -> Gate:
    return new_gate(NURSE_HEARTBEAT_SECONDS="0.1").start_ready()


@pytest.fixture
async def client(stack, gate: Gate, engine: Engine) -> AsyncIterator[AuditClient]:
    """A client of a ready gate, in normal mode. It waits long, so that a busy machine is not taken for silence.

    Without an engine to take signals the gate's pulse would say DEGRADED, which ends no fail-safe mode.
    """
    async with AuditClient(stack.nats.url, deadline_seconds=2.0) as client:
        await normal(client)
        yield client


@pytest.fixture
async def record(bus: Bus) -> AsyncIterator[JetStreamContext]:
    """The streams that keep reports and intents, as a fleet has them: the second hears every question of a bot."""
    stream = bus.client.jetstream()
    kept = (streams.FAILSAFE, streams.intents())
    await ensure_streams(stream, kept)
    yield stream
    for each in kept:
        await stream.delete_stream(each.name)


async def normal(client: AuditClient) -> None:
    await eventually(lambda: client.mode is BotMode.NORMAL, what="normal mode")


async def approved(client: AuditClient, strategy: str) -> None:
    """Have the gate approve an entry, which makes the symbol known."""
    answer = await client.ask(intent(strategy))
    assert (answer.may_trade, answer.by_fail_safe) == (True, False), answer


def judged_by_bot(answer: Answer) -> tuple[bool, Code | None]:
    assert answer.by_fail_safe
    return answer.may_trade, answer.verdict.code


async def test_the_gate_decides_and_publishes_while_it_lives(client: AuditClient, engine: Engine) -> None:
    answer = await client.ask(intent("living"))
    assert (answer.may_trade, answer.by_fail_safe, answer.to_hand_on) == (True, False, None)
    assert await engine.received(answer.verdict.decision_id)
    low = await client.ask(intent("living", confidence=0.1))
    assert (low.may_trade, low.verdict.code, low.by_fail_safe) == (False, Code.CONFIDENCE_LOW, False)


async def test_with_the_gate_killed_the_limits_hold_and_the_record_gets_it_once_when_it_is_back(
    client: AuditClient, gate: Gate, engine: Engine, record: JetStreamContext
) -> None:
    await approved(client, "orphaned")
    await asyncio.to_thread(gate.kill)

    passed = await client.ask(intent("orphaned"))
    assert judged_by_bot(passed) == (True, None)
    assert passed.to_hand_on is not None
    assert passed.to_hand_on["metadata"]["fail_safe"]["decision_id"] == passed.verdict.decision_id
    assert judged_by_bot(await client.ask(intent("orphaned"))) == (False, Code.FAILSAFE_LIMIT)
    assert judged_by_bot(await client.ask(intent("orphaned", symbol="ETHUSDT"))) == (False, Code.FAILSAFE_LIMIT)
    assert judged_by_bot(await client.ask(intent("orphaned", quantity=1.0))) == (False, Code.FAILSAFE_LIMIT)
    left = await client.ask(exit_of("orphaned"))
    assert judged_by_bot(left) == (True, None)
    assert (client.mode, client.unreported) == (BotMode.FAIL_SAFE, 2)

    await asyncio.to_thread(gate.start_ready)
    await normal(client)
    await eventually(lambda: client.unreported == 0, what="everything reported")
    kept = [await record.get_msg(STREAM, sequence) for sequence in (1, 2)]
    assert (await record.stream_info(STREAM)).state.messages == 2
    reports = [FailSafeReport.model_validate_json(message.data or b"") for message in kept]
    assert [report.verdict for report in reports] == [passed.verdict, left.verdict]
    assert not engine.of(passed.verdict.decision_id)
    assert not (await client.ask(intent("orphaned"))).by_fail_safe


async def test_a_report_waits_until_somebody_keeps_it_and_is_then_kept_once(
    client: AuditClient, gate: Gate, bus: Bus
) -> None:
    heard = await bus.listen(subjects.FAILSAFE_REPORTS)
    await asyncio.to_thread(gate.kill)
    assert (await client.ask(exit_of("patient"))).may_trade
    await asyncio.to_thread(gate.start_ready)
    await eventually(lambda: heard.messages, what="a first, unanswered report")
    assert client.unreported == 1
    stream = bus.client.jetstream()
    await ensure_streams(stream, [streams.FAILSAFE])
    try:
        await eventually(lambda: client.unreported == 0, what="everything reported")
        assert (await stream.stream_info(STREAM)).state.messages == 1
    finally:
        await stream.delete_stream(STREAM)


async def test_a_report_whose_acknowledgement_is_lost_is_sent_again_and_kept_once(
    client: AuditClient, gate: Gate, record: JetStreamContext
) -> None:
    await asyncio.to_thread(gate.kill)
    answer = await client.ask(exit_of("doubtful"))
    report = FailSafeReport(verdict=answer.verdict, intent=None, reason="", heartbeat_age_seconds=1)
    # It arrived, but the bot never learned of it.
    await record.publish(
        subjects.failsafe_report("doubtful"),
        report.model_dump_json().encode(),
        headers={streams.MESSAGE_ID: answer.verdict.decision_id},
    )
    await asyncio.to_thread(gate.start_ready)
    await eventually(lambda: client.unreported == 0, what="everything reported")
    assert (await record.stream_info(STREAM)).state.messages == 1


async def test_a_stream_that_keeps_intents_answers_no_bot_and_the_deadline_decides(
    stack, client: AuditClient, gate: Gate, record: JetStreamContext
) -> None:
    answer = await client.ask(intent("captured"))
    assert (answer.may_trade, answer.by_fail_safe) == (True, False)
    await asyncio.to_thread(gate.kill)
    async with AuditClient(stack.nats.url) as hasty:
        began = asyncio.get_running_loop().time()
        left = await hasty.ask(exit_of("captured"))
        took = asyncio.get_running_loop().time() - began
    assert judged_by_bot(left) == (True, None)
    assert 0.19 <= took < 2.0, "somebody listens, the stream, so that silence and nothing else is the answer"
    kept = await record.stream_info(streams.intents().name)
    assert kept.state.messages == 2


async def test_a_hung_gate_costs_the_deadline_and_no_more(stack, client: AuditClient, gate: Gate) -> None:
    await approved(client, "waiting")
    async with AuditClient(stack.nats.url) as hasty:
        await normal(hasty)
        gate.send_signal(signal.SIGSTOP)
        try:
            answer = await hasty.ask(exit_of("waiting"))
        finally:
            gate.send_signal(signal.SIGCONT)
        assert judged_by_bot(answer) == (True, None)
        assert answer.verdict.latency_ms >= 190
        assert hasty.mode is BotMode.FAIL_SAFE
        await normal(hasty)


async def test_what_a_hung_gate_comes_to_long_after_the_bot_gave_up_is_no_trade(
    stack, client: AuditClient, gate: Gate, bus: Bus, engine: Engine
) -> None:
    heard = await bus.listen(subjects.verdict("too late"))
    await approved(client, "too late")
    async with AuditClient(stack.nats.url) as hasty:
        await normal(hasty)
        gate.send_signal(signal.SIGSTOP)
        try:
            refused = await hasty.ask(intent("too late", symbol="ETHUSDT"))
            left = await hasty.ask(exit_of("too late"))
            await asyncio.sleep(2.5)
        finally:
            gate.send_signal(signal.SIGCONT)
        assert judged_by_bot(refused) == (False, Code.FAILSAFE_LIMIT)
        assert judged_by_bot(left) == (True, None)
        await eventually(lambda: len(heard.payloads) == 3, what="both are answered")
        _, entry, exit_ = heard.payloads
        assert (entry["code"], exit_["code"]) == (Code.DEADLINE_EXCEEDED, None)
        assert engine.of(entry["decision_id"]) is None
        assert await engine.received(exit_["decision_id"])


async def test_a_halt_outlives_the_gate_in_the_bots_memory(client: AuditClient, gate: Gate, store: Store) -> None:
    await approved(client, "halted")
    store.set_control("global", Mode.HALTED)
    await gate.in_mode("HALTED")
    vetoed = await client.ask(intent("halted"))
    assert (vetoed.verdict.code, vetoed.by_fail_safe) == (Code.HALT_ACTIVE, False)
    await asyncio.to_thread(gate.kill)
    assert judged_by_bot(await client.ask(intent("halted")))[0] is False
    assert judged_by_bot(await client.ask(exit_of("halted"))) == (True, None)


async def test_with_nats_stopped_a_bot_decides_at_once_and_comes_back_by_itself(
    client: AuditClient, nats_server, record: JetStreamContext
) -> None:
    await approved(client, "cut_off")
    await asyncio.to_thread(nats_server.stop)
    assert judged_by_bot(await client.ask(intent("cut_off"))) == (True, None)
    assert judged_by_bot(await client.ask(intent("cut_off"))) == (False, Code.FAILSAFE_LIMIT)
    await asyncio.to_thread(nats_server.start)
    await normal(client)
    await eventually(lambda: client.unreported == 0, what="everything reported")

    async def decided_by_gate() -> bool:
        return not (await client.ask(intent("cut_off"))).by_fail_safe

    await eventually_answered(decided_by_gate, what="the gate decides again")


async def test_a_bot_that_starts_without_nats_is_safe_and_ends_cleanly() -> None:
    async with AuditClient("nats://127.0.0.1:1") as client:
        assert judged_by_bot(await client.ask(intent("alone"))) == (False, Code.FAILSAFE_LIMIT)
        assert judged_by_bot(await client.ask(exit_of("alone"))) == (True, None)


async def test_the_bot_never_speaks_on_the_heartbeat_subject(stack, gate: Gate, bus: Bus) -> None:
    pulses = await bus.listen(subjects.HEARTBEAT)
    async with AuditClient(stack.nats.url) as client:
        await normal(client)
    await bus.settle()
    assert {payload["service"] for payload in pulses.payloads} == {"petrosa-cio"}
    assert {message.reply for message in pulses.messages} == {""}


async def test_the_example_bot_trades_with_the_gate_and_stays_safe_without_it(
    stack, gate: Gate, engine: Engine
) -> None:
    bot = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLE),
        env={**os.environ, "NATS_URL": stack.nats.url},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert bot.stdin is not None
    assert bot.stdout is not None
    stdin, stdout = bot.stdin, bot.stdout

    async def says(*prices: float) -> str:
        stdin.write("".join(f"BTCUSDT {price}\n" for price in prices).encode())
        return (await asyncio.wait_for(stdout.readline(), 30)).decode().strip()

    async def buys_with_the_gate() -> bool:
        # The example keeps to 200 ms, which a busy machine may miss; then its second line has to be read as well.
        line = await says(49000.0, 50000.0)
        while not line.startswith("buy"):
            line = (await asyncio.wait_for(stdout.readline(), 30)).decode().strip()
        return line == "buy BTCUSDT: approved by the gate"

    try:
        assert await says() == "ready"
        await eventually_answered(buys_with_the_gate, what="an approval by the gate")
        await asyncio.to_thread(gate.kill)
        stdin.write(b"BTCUSDT 49990\n")
        stdin.write_eof()
        rest = (await asyncio.wait_for(stdout.read(), 30)).decode()
        assert "close BTCUSDT: approved by the fail-safe limits\n  handed on: {" in rest
        assert await asyncio.wait_for(bot.wait(), 30) == 0
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.wait()
