"""What a bot let through without the gate, told afterwards."""

from typing import Any

import pytest
from pydantic_core import to_json

from petrosa_contracts import FailSafeReport, subjects
from petrosa_contracts.client import AuditClient, BotMode
from tests.unit.contracts.client.answers import heartbeat, intent
from tests.unit.contracts.client.world import ACKNOWLEDGED, REPORTS, World, known_symbol


async def test_trades_let_through_are_reported_once_the_governance_is_back_and_only_once(
    world: World, client: AuditClient
) -> None:
    await known_symbol(world, client)
    answer = await client.ask(intent())
    world.answers[REPORTS] = ACKNOWLEDGED
    await world.beat(2)
    assert (client.unreported, world.reports()) == (1, [])
    await world.beat(3)
    assert client.unreported == 0
    (report,) = map(FailSafeReport.model_validate, world.reports())
    assert (report.verdict, report.intent, report.reason) == (answer.verdict, intent(), "nobody listens")
    headers = next(headers for subject, _, headers in world.asked if subject == REPORTS)
    assert headers == {"Nats-Msg-Id": answer.verdict.decision_id}


@pytest.mark.parametrize("answer", [None, b'{"error": {"code": 503}}'])
async def test_a_report_that_nobody_keeps_stays_and_is_sent_again(
    world: World, client: AuditClient, answer: bytes | None
) -> None:
    await known_symbol(world, client)
    await client.ask(intent())
    world.answers[REPORTS] = answer
    await world.beat(3)
    assert client.unreported == 1
    world.answers[REPORTS] = ACKNOWLEDGED
    await world.beat()
    assert client.unreported == 0
    first, second = world.reports()
    assert first == second


async def test_the_oldest_reports_are_kept_and_the_others_counted(world: World, client: AuditClient) -> None:
    await known_symbol(world, client)
    ids = [(await client.ask(intent(action="close"))).verdict.decision_id for _ in range(5)]
    assert (client.unreported, client.dropped) == (2, 3)
    world.answers[REPORTS] = ACKNOWLEDGED
    await world.beat(3)
    assert [(report["verdict"]["decision_id"], report["dropped"]) for report in world.reports()] == [
        (ids[0], 3),
        (ids[1], 3),
    ]


async def test_what_still_waits_at_the_end_is_reported_then(world: World) -> None:
    async with AuditClient(line=world, monotonic=world.monotonic, utc_clock=world.utc_clock) as client:
        await client.ask(intent(action="close"))
        world.answers[REPORTS] = ACKNOWLEDGED
    assert len(world.reports()) == 1
    assert client.unreported == 0


async def test_all_that_waits_at_the_end_is_reported_however_much_it_is(world: World) -> None:
    async with AuditClient(line=world, monotonic=world.monotonic, utc_clock=world.utc_clock) as client:
        for _ in range(300):
            await client.ask(intent(action="close"))
        world.answers[REPORTS] = ACKNOWLEDGED
    assert (client.unreported, len(world.reports())) == (0, 300)


async def test_a_slow_record_keeps_nobody_longer_than_the_time_for_reports(caplog: pytest.LogCaptureFixture) -> None:
    class Slow(World):
        async def request(self, subject: str, body: bytes, **options: Any) -> bytes:
            self.seconds += 2.0 if subject == REPORTS else 0.0
            return await super().request(subject, body, **options)

    slow = Slow()
    async with AuditClient(line=slow, monotonic=slow.monotonic, utc_clock=slow.utc_clock) as client:
        for _ in range(10):
            await client.ask(intent(action="close"))
        slow.answers[REPORTS] = ACKNOWLEDGED
    assert (client.unreported, slow.seconds) == (7, 6.0)
    assert caplog.records[-1].getMessage() == "fail_safe_unreported waiting=7 dropped=0"


async def test_a_client_that_is_entered_again_asks_for_the_pulse_again_and_reports_what_waited(world: World) -> None:
    client = AuditClient(line=world, monotonic=world.monotonic, utc_clock=world.utc_clock)
    async with client:
        pass
    assert (await client.ask(intent(action="close"))).may_trade
    world.answers[subjects.PING] = to_json(heartbeat())
    world.answers[REPORTS] = ACKNOWLEDGED
    async with client:
        await world.beat(2)
        assert (client.mode, client.unreported) == (BotMode.NORMAL, 0)


async def test_a_report_leaves_out_an_intent_that_is_too_large_to_keep(world: World, client: AuditClient) -> None:
    answer = await client.ask(intent(action="close", metadata={"notes": "x" * 70_000}))
    assert answer.may_trade
    world.answers[REPORTS] = ACKNOWLEDGED
    await world.beat(3)
    assert world.reports()[0]["intent"] is None


async def test_a_refusal_is_not_reported(client: AuditClient) -> None:
    assert not (await client.ask(intent())).may_trade
    assert client.unreported == 0
