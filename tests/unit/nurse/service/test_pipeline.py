import asyncio
from datetime import datetime, timedelta

import pytest

from petrosa_contracts import Code, Mode
from tests.builders import ABSENT, NOW, TODAY, control_entry, intent, layer, stored_control
from tests.fakes import FakeClock
from tests.redis_fakes import FakeRedis
from tests.wiring import WiredGate, codes_of

MIDNIGHT = datetime(2026, 2, 26, tzinfo=NOW.tzinfo)


class TestABatch:
    async def test_its_approvals_share_one_ledger_call_and_leave_in_order(self) -> None:
        gate = await WiredGate.started()
        verdicts = await gate.decide(*(intent(intent_id=f"i{number}") for number in range(10)))
        assert codes_of(verdicts) == [None] * 10
        assert [len(batch) for batch in gate.ledger_store.batches] == [10]
        assert gate.published_signals() == [f"i{number}" for number in range(10)]

    async def test_its_vetoes_need_no_ledger_call(self) -> None:
        gate = await WiredGate.started()
        verdicts = await gate.decide(intent(confidence=0.1), intent(intent_id="2", quantity=1.0))
        assert codes_of(verdicts) == ["CONFIDENCE_LOW", "ORDER_NOTIONAL_MAX"]
        assert (gate.ledger_store.batches, gate.transport.signals) == ([], [])

    async def test_only_what_passes_the_gates_is_claimed(self) -> None:
        gate = await WiredGate.started()
        good, bad = intent(intent_id="good"), intent(intent_id="bad", confidence=0.1)
        await gate.decide(bad, good)
        assert [claim.identity for claim in gate.ledger_store.batches[0]] == [good.identity]
        assert gate.published_signals() == ["good"]

    async def test_a_vetoed_intent_may_be_sent_again(self) -> None:
        gate = await WiredGate.started()
        await gate.decide(intent(confidence=0.1))
        assert codes_of(await gate.decide(intent(confidence=0.9))) == [None]

    async def test_a_repetition_within_it_is_vetoed_and_the_first_decision_named(self) -> None:
        gate = await WiredGate.started()
        first, second = await gate.decide(intent(), intent())
        assert codes_of([first, second]) == [None, "INTENT_DUPLICATE"]
        assert second.breaches[0].limit == first.decision_id
        assert len(gate.transport.signals) == 1

    async def test_a_repetition_of_an_earlier_approval_is_vetoed(self) -> None:
        gate = await WiredGate.started()
        (first,) = await gate.decide(intent())
        (second,) = await gate.decide(intent())
        assert (second.code, second.breaches[0].limit) == (Code.INTENT_DUPLICATE, first.decision_id)

    async def test_a_day_after_its_approval_an_identity_is_free_again(self) -> None:
        gate = await WiredGate.started()
        assert (await gate.decide_one()).approved
        gate.clock.jump(24 * 3600)
        await gate.mirror.refresh()
        assert (await gate.decide_one()).approved

    async def test_its_trades_count_against_the_daily_limit_one_by_one(self) -> None:
        gate = await WiredGate.started(layer("strategy:momentum_v1", version=6, max_daily_trades=2))
        verdicts = await gate.decide(*(intent(intent_id=f"i{number}") for number in range(4)))
        assert codes_of(verdicts) == [None, None, "DAILY_TRADES", "DAILY_TRADES"]
        breach = verdicts[2].breaches[0]
        assert (breach.measured, breach.limit, breach.scope, breach.version) == (2, 2, "strategy:momentum_v1", 6)

    async def test_a_limit_counts_the_trades_of_all_who_share_its_scope(self) -> None:
        gate = await WiredGate.started(layer("global", max_daily_trades=2))
        verdicts = await gate.decide(
            intent(strategy_id="a"), intent(strategy_id="b", symbol="ETHUSDT"), intent(strategy_id="c")
        )
        assert codes_of(verdicts) == [None, None, "DAILY_TRADES"]

    async def test_under_the_default_each_strategy_has_a_budget_of_its_own(self) -> None:
        gate = await WiredGate.started(layer("symbol:ETHUSDT", max_daily_trades=1))
        assert codes_of(await gate.decide(intent(strategy_id="a"), intent(strategy_id="b"))) == [None, None]
        assert gate.world.made(TODAY, "strategy:a") == 1

    async def test_exits_and_holds_do_not_count_as_trades(self) -> None:
        gate = await WiredGate.started(layer("global", max_daily_trades=1))
        verdicts = await gate.decide(
            intent(action="close", intent_id="1"), intent(action="hold", intent_id="2"), intent(intent_id="3")
        )
        assert codes_of(verdicts) == [None, None, None]
        assert gate.world.made(TODAY, "global") == 1

    async def test_every_scope_that_a_trade_touches_counts_it(self) -> None:
        gate = await WiredGate.started()
        await gate.decide(intent(action="sell"))
        assert gate.world.trades[TODAY] == {
            "global": 1,
            "symbol:BTCUSDT": 1,
            "strategy:momentum_v1": 1,
            "symbol_side:BTCUSDT:SHORT": 1,
        }

    async def test_a_used_up_budget_that_the_mirror_shows_needs_no_ledger_call(self) -> None:
        gate = await WiredGate.started(layer("global", max_daily_trades=1))
        await gate.decide(intent(intent_id="1"))
        await gate.mirror.refresh()
        assert codes_of(await gate.decide(intent(intent_id="2"))) == ["DAILY_TRADES"]
        assert len(gate.ledger_store.batches) == 1

    async def test_nothing_happens_for_an_empty_batch(self) -> None:
        gate = await WiredGate.started()
        assert await gate.decide() == []
        assert gate.ledger_store.batches == []


class TestPolicyAndControl:
    async def test_the_policy_of_the_intents_own_scopes_holds(self) -> None:
        gate = await WiredGate.started(
            layer("global", version=2, min_confidence_threshold=0.95),
            layer("symbol_side:BTCUSDT:LONG", version=5, min_confidence_threshold=0.1),
        )
        assert (await gate.decide_one(intent_id="1")).approved
        verdict = await gate.decide_one(intent_id="2", action="sell")
        assert (verdict.code, verdict.breaches[0].scope, verdict.breaches[0].version) == (
            Code.CONFIDENCE_LOW,
            "global",
            2,
        )

    async def test_the_epoch_of_the_decision_is_named(self) -> None:
        gate = await WiredGate.started()
        await gate.set(layer("global", max_daily_trades=3))
        assert (await gate.decide_one()).epoch == 2

    @pytest.mark.parametrize("scope", ["global", "symbol_BTCUSDT", "strategy_momentum_v1"])
    @pytest.mark.parametrize(("mode", "code"), [(Mode.HALTED, "HALT_ACTIVE"), (Mode.FROZEN, "FROZEN")])
    async def test_a_mode_set_for_any_scope_of_the_intent_holds(self, scope: str, mode: Mode, code: str) -> None:
        gate = await WiredGate.started(control=stored_control(**{scope: control_entry(mode)}))
        assert codes_of(await gate.decide(intent())) == [code]

    @pytest.mark.parametrize("scope", ["symbol_ETHUSDT", "strategy_other"])
    async def test_a_mode_set_for_other_scopes_does_not(self, scope: str) -> None:
        gate = await WiredGate.started(control=stored_control(**{scope: control_entry(Mode.FROZEN)}))
        assert codes_of(await gate.decide(intent())) == [None]

    async def test_a_halt_ends_by_itself_at_its_expiry(self) -> None:
        until = NOW + timedelta(seconds=30)
        gate = await WiredGate.started(
            control=stored_control(**{"global": control_entry(Mode.HALTED, expires_at=until)})
        )
        assert codes_of(await gate.decide(intent(intent_id="1"))) == ["HALT_ACTIVE"]
        gate.clock.jump(30)
        await gate.mirror.refresh()
        assert codes_of(await gate.decide(intent(intent_id="2"))) == [None]

    async def test_exits_leave_while_halted(self) -> None:
        gate = await WiredGate.started(control=stored_control(**{"global": control_entry(Mode.HALTED)}))
        verdicts = await gate.decide(intent(intent_id="1"), intent(intent_id="2", action="close"))
        assert codes_of(verdicts) == ["HALT_ACTIVE", None]
        assert gate.published_signals() == ["2"]

    async def test_a_gate_that_never_had_a_policy_lets_only_exits_out(self) -> None:
        gate = WiredGate()
        verdicts = await gate.decide(intent(intent_id="1"), intent(intent_id="2", action="close"))
        assert codes_of(verdicts) == ["HALT_ACTIVE", None]
        assert (verdicts[0].mode, verdicts[0].epoch) == (Mode.BLIND, None)


class TestSeveralGates:
    async def test_two_over_one_store_never_approve_the_same_identity_twice(self) -> None:
        clock = FakeClock(NOW)
        redis = FakeRedis(clock)
        one = await WiredGate.started(clock=clock, redis=redis)
        two = await WiredGate.started(clock=clock, redis=redis)
        intents = [intent(intent_id=f"i{number}") for number in range(20)]
        await asyncio.gather(*(one.decide(each) for each in intents), *(two.decide(each) for each in reversed(intents)))
        sent = one.published_signals() + two.published_signals()
        assert sorted(map(str, sent)) == sorted(f"i{number}" for number in range(20))

    async def test_two_over_one_store_share_one_daily_budget(self) -> None:
        clock = FakeClock(NOW)
        redis = FakeRedis(clock)
        one = await WiredGate.started(layer("global", max_daily_trades=5), clock=clock, redis=redis)
        two = await WiredGate.started(layer("global", max_daily_trades=5), clock=clock, redis=redis)
        await asyncio.gather(
            one.decide(*(intent(intent_id=f"a{number}") for number in range(5))),
            two.decide(*(intent(intent_id=f"b{number}") for number in range(5))),
        )
        assert len(one.transport.signals) + len(two.transport.signals) == 5


class TestMidnight:
    async def test_the_daily_budget_opens_again(self) -> None:
        gate = await WiredGate.started(layer("global", max_daily_trades=1))
        gate.clock.jump_to(MIDNIGHT - timedelta(seconds=1))
        await gate.mirror.refresh()
        await gate.decide(gate.dated_now(intent_id="1"))
        assert (await gate.decide_one(intent_id="2")).code is Code.DAILY_TRADES
        gate.clock.jump(1)
        assert (await gate.decide_one(intent_id="3")).approved
        assert (gate.world.made(TODAY, "global"), gate.world.made(MIDNIGHT.date(), "global")) == (1, 1)

    async def test_an_identity_stays_taken(self) -> None:
        gate = await WiredGate.started()
        gate.clock.jump_to(MIDNIGHT - timedelta(seconds=1))
        await gate.mirror.refresh()
        before = gate.dated_now()
        await gate.decide(before)
        gate.clock.jump(2)
        assert codes_of(await gate.decide(before)) == ["INTENT_DUPLICATE"]

    async def test_a_trade_that_could_not_leave_is_taken_off_the_day_it_was_counted_on(self) -> None:
        gate = await WiredGate.started()
        gate.clock.jump_to(MIDNIGHT - timedelta(milliseconds=10))
        await gate.mirror.refresh()
        gate.world.answers_after = 0.02
        gate.transport.disconnect()
        await gate.decide(gate.dated_now())
        assert gate.clock.now() > MIDNIGHT
        assert gate.world.made(TODAY, "global") == gate.world.made(MIDNIGHT.date(), "global") == 0


class TestTheRate:
    async def test_entries_are_limited_to_their_share_and_exits_leave(self) -> None:
        gate = await WiredGate.started(max_orders_per_second=10)
        entries = [intent(intent_id=f"i{number}") for number in range(12)]
        verdicts = await gate.decide(*entries, intent(intent_id="out", action="close"))
        assert codes_of(verdicts) == ["RATE_LIMIT"] * 3 + [None] * 10
        assert gate.published_signals()[-1] == "out"

    async def test_a_second_later_there_is_room_again(self) -> None:
        gate = await WiredGate.started(max_orders_per_second=2)
        assert codes_of([await gate.decide_one(intent_id="1"), await gate.decide_one(intent_id="2")]) == [
            None,
            "RATE_LIMIT",
        ]
        gate.clock.jump(1)
        assert (await gate.decide_one(intent_id="2")).approved

    async def test_exits_count_for_the_entries_after_them(self) -> None:
        gate = await WiredGate.started(max_orders_per_second=2)
        await gate.decide_one(intent_id="out", action="close")
        assert (await gate.decide_one(intent_id="in")).code is Code.RATE_LIMIT

    async def test_what_did_not_become_an_order_takes_no_room(self) -> None:
        gate = await WiredGate.started(max_orders_per_second=3)
        await gate.decide_one()
        for _ in range(5):
            assert (await gate.decide_one()).code is Code.INTENT_DUPLICATE
        await gate.decide_one(intent_id="hold", action="hold")
        assert (await gate.decide_one(intent_id="2")).approved

    async def test_deciding_again_without_the_store_counts_once(self) -> None:
        gate = await WiredGate.started(max_orders_per_second=3)
        gate.world.stop()
        await gate.decide_one(intent_id="1")
        assert (await gate.decide_one(intent_id="2")).approved
        assert (await gate.decide_one(intent_id="3")).code is Code.RATE_LIMIT

    async def test_signals_that_could_not_leave_take_no_room(self) -> None:
        gate = await WiredGate.started(max_orders_per_second=2, records=False)
        gate.transport.disconnect()
        await gate.decide(intent(intent_id="1"))
        gate.transport.connect()
        assert (await gate.decide_one(intent_id="2")).approved


class TestTime:
    async def test_the_latency_is_counted_from_arrival(self) -> None:
        gate = await WiredGate.started()
        waiting = gate.arrives(intent())
        gate.clock.jump(0.25)
        await gate.pipeline.decide([waiting])
        assert gate.metrics.verdicts[0].latency_ms == pytest.approx(250.0)
        assert gate.metrics.verdicts[0].received_at == NOW

    async def test_the_wait_for_its_turn_is_not_part_of_the_deadline(self) -> None:
        gate = await WiredGate.started()
        waiting = gate.arrives(intent())
        gate.clock.jump(1.0)
        await gate.pipeline.decide([waiting])
        assert gate.metrics.verdicts[0].approved

    async def test_an_intent_grows_old_while_it_waits(self) -> None:
        gate = await WiredGate.started()
        waiting = gate.arrives(intent())
        gate.clock.jump(301)
        await gate.mirror.refresh()
        await gate.pipeline.decide([waiting])
        assert gate.metrics.verdicts[0].code is Code.INTENT_STALE

    async def test_every_decision_has_an_id_of_its_own(self) -> None:
        gate = await WiredGate.started()
        verdicts = await gate.decide(*(intent(intent_id=f"i{number}") for number in range(5)))
        assert len({verdict.decision_id for verdict in verdicts}) == 5

    async def test_an_exit_without_a_timestamp_leaves_stamped_with_its_receipt(self) -> None:
        gate = await WiredGate.started()
        await gate.decide(intent(action="close", timestamp=ABSENT))
        assert gate.transport.signals[0].content["timestamp"] == NOW.replace(tzinfo=None).isoformat()
