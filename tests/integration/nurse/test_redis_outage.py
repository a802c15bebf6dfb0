"""Redis stopped, killed, paused, slow, and lying; the gate goes on by its own means."""

import asyncio
import time

import pytest
from redis import Redis

from petrosa_contracts import Code, Mode
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.nurse.store import Store
from tests.integration.nurse.traffic import Traffic

pytestmark = pytest.mark.servers

LONGEST_ANSWER = 0.3
"""Seconds. A bot waits 0.2 and then decides by itself; no answer may be much later than that."""

GENEROUS = {"max_position_size_usd": 100_000.0, "max_daily_trades": 10_000}


def small() -> dict:
    return intent("outage")


def large() -> dict:
    return intent("outage", quantity=0.2)


async def in_force(gate: Gate, store: Store) -> None:
    await gate.at_epoch(store.set_policy("strategy:outage", GENEROUS))


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_while_redis_is_gone_small_orders_and_exits_pass_and_it_ends_by_itself(
    *, new_gate, redis_server, bus: Bus, engine: Engine, store: Store, end: str
) -> None:
    gate: Gate = new_gate().start_ready()
    await in_force(gate, store)
    known = small()
    original = await bus.ask(known)
    assert original.approved
    assert (await bus.ask(large())).approved

    async with Traffic(bus, small) as traffic:
        await eventually(lambda: len(traffic.approved) >= 20)
        await asyncio.to_thread(getattr(redis_server, end))
        gone = time.monotonic()
        await gate.in_mode("CONSERVATIVE", seconds=2.0)
        await eventually(lambda: len(traffic.since(gone)) >= 20)

        vetoed = await bus.ask(large())
        assert (vetoed.code, vetoed.mode) == (Code.FAILSAFE_LIMIT, Mode.CONSERVATIVE)
        assert vetoed.breaches[0].measured == 10_000.0
        approved = small()
        alone = await bus.ask(approved)
        assert (alone.approved, alone.mode) == (True, Mode.CONSERVATIVE)
        for payload, decision in ((known, original), (approved, alone)):
            again = await bus.ask(payload)
            assert again.code is Code.INTENT_DUPLICATE
            assert again.breaches[0].limit == decision.decision_id
        leaving = exit_of("outage", quantity=5.0)
        left = await bus.ask(leaving)
        assert left.approved
        assert (await bus.ask(leaving)).code is Code.INTENT_DUPLICATE
        assert (await bus.ping()).status == "DEGRADED"
        assert gate.readiness()[0] == 200
        assert gate.metric("cio_nurse_store_up") == 0
        assert gate.metric("cio_nurse_ledger_unsettled") > 0

        await asyncio.to_thread(redis_server.start)
        await gate.in_mode("ACTIVE")
        back = time.monotonic()
        await eventually(lambda: len(traffic.since(back)) >= 20)

    assert [exchange.verdict for exchange in traffic.exchanges if exchange not in traffic.approved] == []
    assert max(exchange.seconds for exchange in traffic.exchanges) < LONGEST_ANSWER
    assert (await bus.ask(large())).approved
    await eventually(lambda: gate.metric("cio_nurse_ledger_unsettled") == 0)
    assert gate.terminate() == 0

    # What was approved meanwhile is known to a replica that was not there.
    successor: Gate = new_gate().start_ready()
    for payload, decision in ((approved, alone), (leaving, left), (known, original)):
        again = await bus.ask(payload)
        assert again.code is Code.INTENT_DUPLICATE
        assert again.breaches[0].limit == decision.decision_id
    for exchange in traffic.approved:
        assert (await bus.ask(exchange.payload)).code is Code.INTENT_DUPLICATE
    assert successor.metric("cio_nurse_verdicts_total", verdict="approved", code="APPROVED") == 0
    assert len(engine.decisions) == len(set(engine.decisions))


async def test_while_redis_hangs_nothing_waits_for_it(
    new_gate, redis_server, bus: Bus, engine: Engine, store: Store
) -> None:
    gate: Gate = new_gate(NURSE_DECISION_DEADLINE_MS="50").start_ready()
    await in_force(gate, store)
    async with Traffic(bus, small) as entries, Traffic(bus, lambda: exit_of("outage")) as exits:
        await eventually(lambda: len(entries.approved) >= 20 and len(exits.approved) >= 20)
        hung = time.monotonic()
        redis_server.pause()
        await eventually(lambda: len(entries.since(hung + 1.0)) >= 20 and len(exits.since(hung + 1.0)) >= 20)
        assert (await bus.ask(large())).code is Code.FAILSAFE_LIMIT
        assert gate.mode == "CONSERVATIVE"
        redis_server.resume()
        await gate.in_mode("ACTIVE")
        back = time.monotonic()
        await eventually(lambda: len(entries.since(back)) >= 20)

    assert entries.unanswered == exits.unanswered == []
    assert {e.verdict.code for e in exits.exchanges if e.verdict} == {None}
    assert {e.verdict.code for e in entries.exchanges if e.verdict} <= {None, Code.DEADLINE_EXCEEDED}
    late = [e.payload for e in entries.exchanges if e.verdict and e.verdict.code is Code.DEADLINE_EXCEEDED]
    assert late, "the first entry of the pause waits for the deadline"
    assert max(exchange.seconds for exchange in [*entries.exchanges, *exits.exchanges]) < LONGEST_ANSWER
    assert (await bus.ask(large())).approved

    # Their claims were undone, so they may be sent again; what was approved may not.
    for payload in late:
        assert (await bus.ask(payload)).approved
    for exchange in [*entries.approved, *exits.approved]:
        assert (await bus.ask(exchange.payload)).code is Code.INTENT_DUPLICATE
    await bus.settle()
    assert len(engine.decisions) == len(set(engine.decisions))
    ids = [payload["intent_id"] for payload in engine.payloads]
    assert len(ids) == len(set(ids))


async def test_a_slow_answer_is_a_late_one_and_its_claim_is_undone(
    new_gate, stack, bus: Bus, engine: Engine, store: Store
) -> None:
    gate: Gate = new_gate(NURSE_DECISION_DEADLINE_MS="50").start_ready()
    await in_force(gate, store)
    made = store.trades_of("strategy:outage")
    busy = asyncio.create_task(asyncio.to_thread(keep_busy, stack.redis.url, 0.3))
    entry = small()
    while (verdict := await bus.ask(entry)).approved:
        entry, made = small(), made + 1
    assert verdict.code is Code.DEADLINE_EXCEEDED
    (breach,) = verdict.breaches
    assert (breach.limit, breach.unit) == (50.0, "ms")
    assert breach.measured > 50.0
    leaving = exit_of("outage")
    assert (await bus.ask(leaving)).approved
    await busy
    await gate.in_mode("ACTIVE")
    assert (await bus.ask(entry)).approved
    assert (await bus.ask(leaving)).code is Code.INTENT_DUPLICATE
    assert store.trades_of("strategy:outage") == made + 1


async def test_daily_trades_are_counted_on_while_redis_is_gone(
    new_gate, redis_server, bus: Bus, engine: Engine, store: Store
) -> None:
    made = store.trades_of("strategy:outage_limited")
    gate: Gate = new_gate().start_ready()
    await gate.at_epoch(store.set_policy("strategy:outage_limited", {"max_daily_trades": made + 6}))

    def trade() -> dict:
        return intent("outage_limited")

    # Three that Redis has counted, and that the gate has not yet read back.
    assert [(await bus.ask(trade())).approved for _ in range(3)] == [True] * 3
    await asyncio.to_thread(redis_server.kill)
    assert [(await bus.ask(trade())).approved for _ in range(3)] == [True] * 3
    refused = await bus.ask(trade())
    assert refused.code is Code.DAILY_TRADES
    assert (refused.breaches[0].measured, refused.breaches[0].limit) == (made + 6, made + 6)
    assert (await bus.ask(exit_of("outage_limited"))).approved

    await asyncio.to_thread(redis_server.start)
    await gate.in_mode("ACTIVE")
    assert (await bus.ask(trade())).code is Code.DAILY_TRADES
    await eventually(lambda: store.trades_of("strategy:outage_limited") >= made + 3)
    await bus.ask(exit_of("outage_limited"))
    await eventually(lambda: store.trades_of("strategy:outage_limited") == made + 6)


async def test_what_was_approved_meanwhile_is_entered_although_no_further_intent_comes(
    new_gate, redis_server, bus: Bus, engine: Engine, store: Store
) -> None:
    gate: Gate = new_gate().start_ready()
    await asyncio.to_thread(redis_server.kill)
    await gate.in_mode("CONSERVATIVE")
    sent = intent("last_word")
    original = await bus.ask(sent)
    assert (original.approved, gate.metric("cio_nurse_ledger_unsettled")) == (True, 1)
    await asyncio.to_thread(redis_server.start)
    await eventually(lambda: gate.metric("cio_nurse_ledger_unsettled") == 0, what="Redis knows the approval")
    gate.kill()
    new_gate().start_ready()
    again = await bus.ask(sent)
    assert again.code is Code.INTENT_DUPLICATE
    assert again.breaches[0].limit == original.decision_id


async def test_a_gate_that_is_stopped_right_after_the_outage_still_enters_what_it_approved(
    new_gate, redis_server, bus: Bus, engine: Engine, store: Store
) -> None:
    gate: Gate = new_gate().start_ready()
    await asyncio.to_thread(redis_server.kill)
    await gate.in_mode("CONSERVATIVE")
    sent = intent("last_word")
    assert (await bus.ask(sent)).approved
    await asyncio.to_thread(redis_server.start)
    assert gate.terminate() == 0
    new_gate().start_ready()
    assert (await bus.ask(sent)).code is Code.INTENT_DUPLICATE


async def test_a_signal_without_a_consumer_during_the_outage_leaves_nothing_behind(
    new_gate, redis_server, bus: Bus, store: Store
) -> None:
    gate: Gate = new_gate().start_ready()
    await asyncio.to_thread(redis_server.kill)
    await gate.in_mode("CONSERVATIVE")
    sent = intent("unheard_in_outage")
    assert (await bus.ask(sent)).approved
    await gate.logged("signal_undelivered")
    engine = await bus.engine()
    await asyncio.to_thread(redis_server.start)
    await gate.in_mode("ACTIVE")
    verdict = await bus.ask(sent)
    assert verdict.approved, verdict.message
    await engine.received(verdict.decision_id)


async def test_policy_that_was_not_confirmed_for_too_long_leaves_the_gate_blind(
    new_gate, redis_server, bus: Bus, engine: Engine, store: Store
) -> None:
    gate: Gate = new_gate(NURSE_POLICY_HARD_AGE_SECONDS="1.5").start_ready()
    await asyncio.to_thread(redis_server.kill)
    await gate.in_mode("BLIND")
    assert (await bus.ask(intent())).code is Code.HALT_ACTIVE
    assert (await bus.ask(exit_of())).approved
    await asyncio.to_thread(redis_server.start)
    await gate.in_mode("ACTIVE")
    assert (await bus.ask(intent())).approved


async def test_a_redis_that_refuses_to_write_is_as_good_as_gone(
    new_gate, bus: Bus, engine: Engine, store: Store
) -> None:
    gate: Gate = new_gate().start_ready()
    await in_force(gate, store)
    known = small()
    assert (await bus.ask(known)).approved
    store.client.config_set("maxmemory-policy", "noeviction")
    store.client.config_set("maxmemory", 1)
    try:
        for _ in range(20):
            assert (await bus.ask(large())).code is Code.FAILSAFE_LIMIT
            assert (await bus.ask(small())).approved
            assert (await bus.ask(known)).code is Code.INTENT_DUPLICATE
            assert (await bus.ask(exit_of("outage"))).approved
    finally:
        store.client.config_set("maxmemory", 0)

    async def active() -> bool:
        return (await bus.ask(large())).approved

    await eventually_answered(active)
    await eventually(lambda: gate.metric("cio_nurse_ledger_unsettled") == 0)


async def test_a_gate_that_starts_without_redis_is_blind_until_it_comes(
    new_gate, redis_server, bus: Bus, engine: Engine
) -> None:
    await asyncio.to_thread(redis_server.kill)
    gate: Gate = new_gate().start()
    await eventually(lambda: gate.readiness()[1]["subscribed"])
    assert gate.readiness()[0] == 503
    assert (await bus.ask(intent())).mode is Mode.BLIND
    assert (await bus.ask(exit_of())).approved
    await asyncio.to_thread(redis_server.start)
    await gate.logged("ready")
    assert (await bus.ask(intent())).approved


def keep_busy(url: str, seconds: float) -> None:
    """Have Redis answer nobody for a while."""
    with Redis.from_url(url, socket_timeout=10) as client:
        client.eval(
            "local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end "
            "local stop = now() + tonumber(ARGV[1]) while now() < stop do end return 1",
            0,
            int(seconds * 1_000_000),
        )
