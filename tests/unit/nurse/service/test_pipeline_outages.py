from datetime import datetime, timedelta

import pytest

from petrosa_contracts import Code, Mode
from tests.builders import NOW, TODAY, codes, intent, layer
from tests.wiring import WiredGate, codes_of

MIDNIGHT = datetime(2026, 2, 26, tzinfo=NOW.tzinfo)


class TestWhileTheStoreCanOnlyBeRead:
    @pytest.fixture
    async def gate(self) -> WiredGate:
        gate = await WiredGate.started()
        gate.ledger_store.refusal = "READONLY You can't write against a read only replica."
        await gate.decide(intent(intent_id="1"))
        await gate.mirror.refresh()
        return gate

    async def test_the_heartbeat_says_so_although_policy_is_confirmed(self, gate: WiredGate) -> None:
        pulse = gate.heartbeat.pulse()
        assert (pulse.mode, pulse.status) == (Mode.CONSERVATIVE, "DEGRADED")
        assert pulse.reasons == (f"Redis takes no approvals: {gate.ledger_store.refusal}",)

    async def test_decisions_are_made_under_conservative(self, gate: WiredGate) -> None:
        (verdict,) = await gate.decide(intent(intent_id="2"))
        assert (verdict.mode, verdict.approved) == (Mode.CONSERVATIVE, True)

    async def test_active_again_without_an_intent_once_it_takes_what_it_missed(self, gate: WiredGate) -> None:
        await gate.ledger.settle()
        assert gate.heartbeat.pulse().mode == Mode.CONSERVATIVE
        gate.ledger_store.refusal = ""
        await gate.ledger.settle()
        assert gate.heartbeat.pulse().mode == Mode.ACTIVE
        assert gate.ledger.unsettled == 0


class TestWhileTheStoreIsAway:
    @pytest.fixture
    async def gate(self) -> WiredGate:
        gate = await WiredGate.started(layer("global", max_position_size_usd=100_000.0))
        gate.world.stop()
        return gate

    async def test_the_intents_at_hand_are_decided_again_under_conservative(self, gate: WiredGate) -> None:
        verdicts = await gate.decide(intent(intent_id="small", quantity=0.1), intent(intent_id="large", quantity=0.11))
        assert {verdict.mode for verdict in verdicts} == {Mode.CONSERVATIVE}
        assert sorted(codes_of(verdicts), key=str) == ["FAILSAFE_LIMIT", None]
        assert gate.published_signals() == ["small"]

    async def test_policy_still_holds_on_top(self, gate: WiredGate) -> None:
        assert codes_of(await gate.decide(intent(quantity=2.1))) == ["ORDER_NOTIONAL_MAX"]

    async def test_after_the_first_failure_the_store_is_left_alone(self, gate: WiredGate) -> None:
        await gate.decide(intent(intent_id="1"))
        await gate.decide(intent(intent_id="2"))
        assert len(gate.ledger_store.batches) == 1
        assert gate.published_signals() == ["1", "2"]

    async def test_a_repetition_of_what_this_gate_approved_is_still_found(self, gate: WiredGate) -> None:
        (first,) = await gate.decide(intent())
        (second,) = await gate.decide(intent())
        assert (second.code, second.breaches[0].limit) == (Code.INTENT_DUPLICATE, first.decision_id)

    async def test_a_repetition_of_what_it_approved_before_the_outage_is_still_found(self) -> None:
        gate = await WiredGate.started()
        await gate.decide(intent())
        gate.world.stop()
        assert codes_of(await gate.decide(intent())) == ["INTENT_DUPLICATE"]

    async def test_a_repetition_is_found_although_the_store_came_back_empty(self) -> None:
        gate = await WiredGate.started()
        (first,) = await gate.decide(intent())
        gate.world.restart_empty()
        gate.world.write()
        await gate.mirror.refresh()
        (second,) = await gate.decide(intent())
        assert (second.mode, second.code) == (Mode.ACTIVE, Code.INTENT_DUPLICATE)
        assert second.breaches[0].limit == first.decision_id

    async def test_the_daily_limit_holds_on_top_of_what_was_counted(self) -> None:
        gate = await WiredGate.started(layer("global", max_daily_trades=3))
        await gate.decide(intent(intent_id="1"), intent(intent_id="2"))
        await gate.mirror.refresh()
        gate.world.stop()
        verdicts = await gate.decide(intent(intent_id="3"), intent(intent_id="4"))
        verdicts += await gate.decide(intent(intent_id="5"))
        assert sorted(codes_of(verdicts), key=str) == ["DAILY_TRADES", "DAILY_TRADES", None]

    async def test_trades_made_after_the_last_count_are_not_forgotten(self) -> None:
        gate = await WiredGate.started(layer("global", max_daily_trades=1))
        await gate.decide(intent(intent_id="1"))
        gate.world.stop()
        assert codes_of(await gate.decide(intent(intent_id="2"))) == ["DAILY_TRADES"]

    async def test_the_daily_limit_holds_on_the_day_after_too(self) -> None:
        gate = await WiredGate.started(layer("global", max_daily_trades=1))
        gate.clock.jump_to(MIDNIGHT - timedelta(seconds=1))
        await gate.mirror.refresh()
        gate.world.stop()
        await gate.decide(gate.dated_now(intent_id="1"))
        gate.clock.jump(2)
        first = await gate.decide_one(intent_id="2")
        second = await gate.decide_one(intent_id="3")
        assert codes_of([first, second]) == [None, "DAILY_TRADES"]

    async def test_what_was_approved_meanwhile_is_entered_when_it_is_back(self, gate: WiredGate) -> None:
        (alone,) = await gate.decide(intent(intent_id="1"))
        gate.world.recover()
        await gate.mirror.refresh()
        await gate.decide(intent(intent_id="2"))
        assert gate.world.holder(intent(intent_id="1").identity) == alone.decision_id
        assert gate.world.made(TODAY, "global") == 2

    async def test_active_again_once_the_store_is_back(self, gate: WiredGate) -> None:
        await gate.decide(intent(intent_id="1"))
        gate.world.recover()
        await gate.mirror.refresh()
        (verdict,) = await gate.decide(intent(intent_id="2", quantity=0.11))
        assert (verdict.approved, verdict.mode) == (True, Mode.ACTIVE)

    async def test_a_symbol_without_recent_trades_is_not_opened(self) -> None:
        gate = await WiredGate.started()
        await gate.decide(intent(symbol="ETHUSDT"))
        await gate.mirror.refresh()
        gate.world.stop()
        verdicts = await gate.decide(intent(symbol="ETHUSDT", intent_id="1"), intent(intent_id="2"))
        assert sorted(codes_of(verdicts), key=str) == ["FAILSAFE_LIMIT", None]

    async def test_exits_leave(self, gate: WiredGate) -> None:
        (verdict,) = await gate.decide(intent(action="close", quantity=1000))
        assert verdict.approved

    async def test_after_the_hard_age_only_exits_leave(self, gate: WiredGate) -> None:
        gate.clock.jump(3601)
        entry, leaving = gate.dated_now(intent_id="1"), gate.dated_now(intent_id="2", action="close")
        verdicts = await gate.decide(entry, leaving)
        assert codes_of(verdicts) == ["HALT_ACTIVE", None]


class TestWhenTheStoreIsTooSlow:
    @pytest.mark.parametrize("carries_out_late", [True, False])
    async def test_entries_are_vetoed_and_undone_and_exits_leave(self, carries_out_late: bool) -> None:
        gate = await WiredGate.started()
        gate.world.hang(carries_out_late=carries_out_late)
        entry, leaving = intent(intent_id="in"), intent(intent_id="out", action="close")
        verdicts = await gate.decide(entry, leaving)
        assert codes_of(verdicts) == ["DEADLINE_EXCEEDED", None]
        assert gate.published_signals() == ["out"]
        gate.world.recover()
        await gate.mirror.refresh()
        assert codes_of(await gate.decide(entry)) == [None]
        assert gate.world.made(TODAY, "global") == 1
        assert gate.world.holder(leaving.identity) == verdicts[1].decision_id

    async def test_the_veto_says_how_long_it_took(self) -> None:
        gate = await WiredGate.started()
        gate.clock.jump(3)
        gate.world.hang()
        gate.world.answers_after = 0.08
        breach = (await gate.decide(intent()))[0].breaches[0]
        assert (breach.measured, breach.limit) == (pytest.approx(80.0), 50.0)

    async def test_a_store_that_gives_up_early_is_too_late_all_the_same(self) -> None:
        gate = await WiredGate.started()
        gate.world.hang()
        breach = (await gate.decide(intent()))[0].breaches[0]
        assert isinstance(breach.measured, float)
        assert 50.0 < breach.measured < 50.001

    async def test_what_comes_next_is_decided_without_the_store(self) -> None:
        gate = await WiredGate.started()
        gate.world.hang()
        await gate.decide(intent(intent_id="1"))
        (verdict,) = await gate.decide(intent(intent_id="2"))
        assert (verdict.approved, verdict.mode) == (True, Mode.CONSERVATIVE)
        assert len(gate.ledger_store.batches) == 1

    async def test_a_repeated_exit_is_still_found(self) -> None:
        gate = await WiredGate.started()
        gate.world.hang()
        verdicts = await gate.decide(intent(action="close"), intent(action="close"))
        assert codes_of(verdicts) == [None, "INTENT_DUPLICATE"]

    async def test_an_answer_after_the_deadline_vetoes_entries_frees_them_and_lets_exits_leave(self) -> None:
        gate = await WiredGate.started()
        gate.world.answers_after = 0.051
        entry, leaving = intent(intent_id="in"), intent(intent_id="out", action="close")
        verdicts = await gate.decide(entry, leaving)
        assert codes_of(verdicts) == ["DEADLINE_EXCEEDED", None]
        assert verdicts[0].breaches[0].measured == pytest.approx(51.0)
        assert gate.world.holder(entry.identity) is None
        assert gate.world.made(TODAY, "global") == 0
        gate.world.answers_after = 0.0
        assert codes_of(await gate.decide(entry)) == [None]

    async def test_an_answer_at_the_deadline_is_in_time(self) -> None:
        gate = await WiredGate.started()
        gate.world.answers_after = 0.05
        assert codes_of(await gate.decide(intent())) == [None]

    async def test_a_late_repetition_is_both_and_frees_nothing(self) -> None:
        gate = await WiredGate.started()
        (first,) = await gate.decide(intent())
        gate.world.answers_after = 0.06
        (second,) = await gate.decide(intent())
        assert codes(second.breaches) == ["INTENT_DUPLICATE", "DEADLINE_EXCEEDED"]
        assert gate.world.holder(intent().identity) == first.decision_id


class TestWhileNatsIsAway:
    async def test_an_approval_whose_signal_cannot_leave_is_not_announced_and_its_place_is_freed(self) -> None:
        gate = await WiredGate.started(records=False)
        gate.transport.disconnect()
        assert await gate.decide(intent()) == []
        assert gate.transport.published == []
        assert gate.world.holder(intent().identity) is None
        assert gate.world.made(TODAY, "global") == 0
        assert gate.metrics.signals == {"not_connected": 1}
        gate.transport.connect()
        assert codes_of(await gate.decide(intent())) == [None]

    async def test_what_left_before_the_connection_broke_stays_approved(self) -> None:
        gate = await WiredGate.started(records=False)

        def break_after_the_first_signal() -> None:
            if gate.transport.signals:
                gate.transport.disconnect()

        gate.transport.before_publish = break_after_the_first_signal
        await gate.decide(intent(intent_id="1"), intent(intent_id="2"), intent(intent_id="3"))
        assert gate.published_signals() == ["1"]
        assert gate.world.identities.keys() == {intent(intent_id="1").identity}
        assert gate.world.made(TODAY, "global") == 1

    async def test_with_the_store_away_too_the_place_is_freed_in_memory(self) -> None:
        gate = await WiredGate.started(records=False)
        gate.world.stop()
        gate.transport.disconnect()
        await gate.decide(intent())
        gate.transport.connect()
        assert codes_of(await gate.decide(intent())) == [None]
        gate.world.recover()
        await gate.mirror.refresh()
        await gate.decide(intent(intent_id="2"))
        assert gate.world.made(TODAY, "global") == 2

    async def test_an_exit_that_could_not_leave_may_be_sent_again(self) -> None:
        gate = await WiredGate.started(records=False)
        gate.transport.disconnect()
        await gate.decide(intent(action="close"))
        gate.transport.connect()
        assert codes_of(await gate.decide(intent(action="close"))) == [None]
