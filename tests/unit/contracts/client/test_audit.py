import asyncio
import logging
import math
from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import PydanticSerializationError, to_json

import petrosa_contracts.client
from petrosa_contracts import Code, Decision, Mode, Signal, subjects
from petrosa_contracts.answer_by import read_answer_by
from petrosa_contracts.client import AuditClient, BotMode
from tests.unit.contracts.client.answers import START, heartbeat, intent, verdict
from tests.unit.contracts.client.world import World, known_symbol


def test_the_client_exports_these_names() -> None:
    assert petrosa_contracts.client.__all__ == ["Answer", "AuditClient", "BotMode"]


async def test_the_gates_answer_is_obeyed_and_leaves_nothing_to_hand_on(world: World, client: AuditClient) -> None:
    world.gate_answers()
    approved = await client.ask(intent())
    world.gate_answers(Decision.VETOED)
    vetoed = await client.ask(intent())
    assert (approved.may_trade, approved.by_fail_safe, approved.to_hand_on) == (True, False, None)
    assert (vetoed.may_trade, vetoed.by_fail_safe, vetoed.to_hand_on) == (False, False, None)


@pytest.mark.parametrize(("gate_ahead", "waits"), [(0.0, 0.2), (3.0, 3.2), (-3.0, 0.2)])
async def test_a_question_says_until_when_it_waits_by_the_gates_clock_if_that_is_ahead(
    world: World, client: AuditClient, gate_ahead: float, waits: float
) -> None:
    assert world.on_message is not None
    await world.on_message(to_json(heartbeat(timestamp=world.utc_clock().timestamp() + gate_ahead)))
    await client.ask(intent())
    headers = world.asked[-1][2]
    assert read_answer_by(headers) == world.utc_clock() + timedelta(seconds=waits)


async def test_a_bot_that_never_heard_a_heartbeat_gets_only_out(client: AuditClient) -> None:
    entry = await client.ask(intent())
    assert (entry.may_trade, entry.verdict.code, entry.verdict.mode) == (False, Code.FAILSAFE_LIMIT, Mode.BLIND)
    exit_ = await client.ask(intent(action="close"))
    assert (exit_.may_trade, exit_.by_fail_safe) == (True, True)


async def test_what_is_let_through_is_the_intent_itself_with_a_mark(world: World, client: AuditClient) -> None:
    await known_symbol(world, client)
    payload = intent(metadata={"note": 1}, unknown_field="stays")
    answer = await client.ask(payload)
    assert answer.may_trade
    assert answer.verdict.mode is Mode.CONSERVATIVE
    assert answer.verdict.epoch == 7
    assert answer.to_hand_on == {
        **payload,
        "decision_id": answer.verdict.decision_id,
        "metadata": {
            "note": 1,
            "fail_safe": {
                "decision_id": answer.verdict.decision_id,
                "decided_at": START.isoformat(),
                "reason": "nobody listens",
            },
        },
    }
    assert payload == intent(metadata={"note": 1}, unknown_field="stays")


async def test_nothing_is_added_in_fail_safe_mode(world: World, client: AuditClient) -> None:
    await known_symbol(world, client)
    assert (await client.ask(intent())).may_trade
    second = await client.ask(intent())
    assert (second.may_trade, second.verdict.code) == (False, Code.FAILSAFE_LIMIT)
    assert (await client.ask(intent(action="close"))).may_trade


async def test_of_many_entries_asked_for_at_once_one_passes(world: World, client: AuditClient) -> None:
    await known_symbol(world, client)
    answers = await asyncio.gather(*(client.ask(intent(intent_id=f"i-{number}")) for number in range(20)))
    assert sum(answer.may_trade for answer in answers) == 1


async def test_a_question_that_is_cancelled_decides_nothing(world: World, client: AuditClient) -> None:
    await known_symbol(world, client)
    world.never_answers = True
    asking = asyncio.create_task(client.ask(intent()))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (client.mode, client.unreported) == (BotMode.NORMAL, 0)
    world.never_answers = False
    assert (await client.ask(intent())).may_trade


async def test_a_stale_heartbeat_ends_what_may_pass(world: World, client: AuditClient) -> None:
    await known_symbol(world, client)
    world.seconds = 60.5
    assert client.mode is BotMode.FAIL_SAFE
    answer = await client.ask(intent())
    assert (answer.may_trade, answer.verdict.code) == (False, Code.FAILSAFE_LIMIT)


@pytest.mark.parametrize(("status", "code"), [("HALTED", Code.HALT_ACTIVE), ("FROZEN", Code.FROZEN)])
async def test_a_bot_that_last_heard_of_a_halt_does_not_trade_on(
    world: World, client: AuditClient, status: str, code: Code
) -> None:
    await known_symbol(world, client)
    await world.beat(status=status, mode=status)
    answer = await client.ask(intent())
    assert (answer.may_trade, answer.verdict.code) == (False, code)
    assert (await client.ask(intent(action="close"))).may_trade is (status == "HALTED")


async def test_a_veto_that_was_heard_is_not_undone_by_asking_again_in_silence(
    world: World, client: AuditClient
) -> None:
    await known_symbol(world, client)
    world.gate_answers(Decision.VETOED)
    assert not (await client.ask(intent())).may_trade
    world.gate_is_silent()
    assert not (await client.ask(intent())).may_trade


async def test_an_answer_that_is_no_verdict_is_none(world: World, client: AuditClient) -> None:
    await known_symbol(world, client)
    world.answers["cio.intent.trading.momentum_v1"] = b'{"status": "processed"}'
    answer = await client.ask(intent())
    assert answer.by_fail_safe
    assert client.mode is BotMode.FAIL_SAFE


@pytest.mark.parametrize("later", [{"code": "A_LATER_CODE"}, {"code": "A_LATER_CODE", "mode": "A_LATER_MODE"}])
async def test_a_veto_in_words_of_a_later_gate_is_a_veto(
    world: World, client: AuditClient, later: dict[str, Any]
) -> None:
    await known_symbol(world, client)
    said = verdict(Decision.VETOED).model_dump(mode="json") | later | {"message": "Too windy."}
    world.answers["cio.intent.trading.momentum_v1"] = to_json(said)
    answer = await client.ask(intent())
    assert (answer.may_trade, answer.by_fail_safe) == (False, False)
    assert (answer.verdict.code, answer.verdict.message) == (None, "Too windy.")
    assert answer.verdict.mode is (Mode.HALTED if "mode" in later else Mode.ACTIVE)
    world.gate_is_silent()
    assert not (await client.ask(intent())).may_trade


@pytest.mark.parametrize("changed", [{"verdict": "approved", "mode": "A_LATER_MODE"}, {"decision_id": None}])
async def test_what_lacks_a_field_or_approves_in_an_unknown_mode_is_no_answer(
    world: World, client: AuditClient, changed: dict[str, Any]
) -> None:
    await known_symbol(world, client)
    said = verdict(Decision.VETOED).model_dump(mode="json") | changed
    world.answers["cio.intent.trading.momentum_v1"] = to_json(said)
    assert (await client.ask(intent())).by_fail_safe


async def test_a_heartbeat_in_milliseconds_counts_for_nothing_and_stops_no_exit(
    world: World, client: AuditClient
) -> None:
    assert world.on_message is not None
    said = heartbeat().model_dump(mode="json") | {"timestamp": START.timestamp() * 1000}
    for _ in range(3):
        await world.on_message(to_json(said))
    assert client.mode is BotMode.FAIL_SAFE
    assert (await client.ask(intent(action="close"))).may_trade


async def test_an_answered_ping_at_the_start_is_a_first_heartbeat(world: World) -> None:
    world.answers[subjects.PING] = to_json(heartbeat())
    async with AuditClient(line=world, monotonic=world.monotonic, utc_clock=world.utc_clock) as client:
        await world.beat(2)
        assert client.mode is BotMode.NORMAL


async def test_what_is_no_heartbeat_on_its_subject_does_not_count(world: World, client: AuditClient) -> None:
    await world.beat(2)
    assert world.on_message is not None
    await world.on_message(b'{"service": "another"}')
    await world.beat()
    assert client.mode is BotMode.FAIL_SAFE


async def test_a_signal_model_can_be_asked_about_and_gets_an_id_where_it_has_none(
    world: World, client: AuditClient
) -> None:
    await known_symbol(world, client)
    without_id = {name: value for name, value in intent().items() if name != "intent_id"}
    answer = await client.ask(Signal.model_validate(without_id))
    assert answer.to_hand_on is not None
    asked = world.asked[-1][1]
    assert asked is not None
    assert asked["signal_id"] == answer.to_hand_on["signal_id"] == answer.verdict.signal_id
    assert len(asked["signal_id"]) == 32


async def test_a_number_that_means_nothing_reaches_the_gate_as_such(world: World, client: AuditClient) -> None:
    await client.ask(intent(stop_loss=math.nan))
    asked = world.asked[-1][1]
    assert asked is not None
    assert math.isnan(asked["stop_loss"])


async def test_an_intent_that_json_cannot_hold_is_an_error_of_the_bot(client: AuditClient) -> None:
    with pytest.raises(PydanticSerializationError):
        await client.ask(intent(metadata={"thing": object()}))


async def test_entering_and_leaving_fail_safe_mode_is_logged(
    world: World, client: AuditClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="petrosa_contracts.client"):
        await known_symbol(world, client)
        await client.ask(intent())
        await world.beat(3)
    events = [record.getMessage().split()[0] for record in caplog.records]
    assert [event for event in events if event in {"fail_safe_left", "fail_safe_entered"}] == [
        "fail_safe_left",
        "fail_safe_entered",
        "fail_safe_left",
    ]


@pytest.mark.parametrize("equity", [100_000, 100_000.0])
async def test_equity_is_taken_as_any_kind_of_number(world: World, client: AuditClient, equity: float) -> None:
    await known_symbol(world, client)
    assert (await client.ask(intent(position_size_pct=0.05), equity=equity)).may_trade


@pytest.mark.parametrize("seconds", [0, -0.2, math.nan, math.inf])
def test_a_deadline_that_no_question_could_keep_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="deadline_seconds"):
        AuditClient(deadline_seconds=seconds)


async def test_what_the_bot_raises_comes_out_as_it_is(world: World) -> None:
    with pytest.raises(KeyError):
        async with AuditClient(line=world):
            raise KeyError("the bot's own")


async def test_a_line_that_breaks_for_good_is_heard_of() -> None:
    class Broken(World):
        async def run(self, subject: str, **_callbacks: Any) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with AuditClient(line=Broken()) as client:
            assert (await client.ask(intent(action="close"))).by_fail_safe
