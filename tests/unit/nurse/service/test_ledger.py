import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from cio_nurse.errors import StoreTimeoutError, StoreUnavailableError
from cio_nurse.ports import Claim
from cio_nurse.service import ledger as ledger_module
from cio_nurse.service.ledger import CATCH_UP, Ledger
from tests.builders import TODAY, claim, exit_claim
from tests.fakes import FakeClock
from tests.redis_fakes import RESERVATION_SECONDS, FakeLedgerStore, FakeRedis

SCOPE = "strategy:momentum_v1"
A, B, C = ("a" * 32, "b" * 32, "c" * 32)


@pytest.fixture
def store(redis: FakeRedis) -> FakeLedgerStore:
    return FakeLedgerStore(redis)


@pytest.fixture
def ledger(store: FakeLedgerStore, clock: FakeClock) -> Ledger:
    return ledger_over(store, clock)


def ledger_over(store: FakeLedgerStore, clock: FakeClock) -> Ledger:
    return Ledger(store, clock, reservation_seconds=RESERVATION_SECONDS)


def limited(identity: str, decision_id: str, limit: int) -> Claim:
    return claim(identity, decision_id, limit=limit)


async def granted(ledger: Ledger, *claims: Claim) -> list[bool]:
    return [answer.granted for answer in await ledger.claim(claims, TODAY)]


def granted_alone(ledger: Ledger, *claims: Claim, counted: dict[str, int] | None = None) -> list[bool]:
    return [answer.granted for answer in ledger.claim_alone(claims, TODAY, counted or {})]


class TestWithTheStore:
    async def test_claims_of_a_batch_take_one_round_trip(self, ledger: Ledger, store: FakeLedgerStore) -> None:
        assert await granted(ledger, claim("1", A), claim("2", B), exit_claim("3", C)) == [True, True, True]
        assert len(store.batches) == 1

    async def test_a_taken_identity_is_refused_and_its_holder_named(self, ledger: Ledger) -> None:
        await ledger.claim([claim("1", A)], TODAY)
        (answer,) = await ledger.claim([claim("1", B)], TODAY)
        assert (answer.granted, answer.taken_by) == (False, A)

    async def test_a_store_that_lost_an_approval_is_told_of_it_when_its_identity_comes_again(
        self, ledger: Ledger, redis: FakeRedis
    ) -> None:
        await ledger.claim([claim("1", A)], TODAY)
        redis.restart_empty()
        (answer,) = await ledger.claim([claim("1", B)], TODAY)
        assert (answer.granted, answer.taken_by) == (False, A)
        await ledger.settle()
        assert (redis.holder("1"), redis.made(TODAY, SCOPE)) == (A, 1)

    async def test_an_away_store_is_the_callers_to_handle(self, ledger: Ledger, redis: FakeRedis) -> None:
        redis.stop()
        with pytest.raises(StoreUnavailableError):
            await ledger.claim([claim()], TODAY)
        redis.recover()
        redis.hang()
        with pytest.raises(StoreTimeoutError):
            await ledger.claim([claim()], TODAY)

    async def test_a_released_identity_may_be_claimed_again(self, ledger: Ledger, redis: FakeRedis) -> None:
        await ledger.claim([claim("1", A)], TODAY)
        await ledger.release([claim("1", A)], TODAY)
        assert redis.made(TODAY, SCOPE) == 0
        assert await granted(ledger, claim("1", B)) == [True]

    async def test_a_signal_that_nobody_took_is_undone_once(
        self, ledger: Ledger, redis: FakeRedis, store: FakeLedgerStore
    ) -> None:
        await ledger.claim([claim("1", A), claim("2", B)], TODAY)
        await ledger.undo(A)
        await ledger.undo(A)
        assert len(store.released) == 1
        assert (redis.holder("1"), redis.holder("2")) == (None, B)
        assert redis.made(TODAY, SCOPE) == 1

    async def test_undoing_an_unknown_decision_changes_nothing(
        self, ledger: Ledger, redis: FakeRedis, store: FakeLedgerStore
    ) -> None:
        await ledger.claim([claim("1", A)], TODAY)
        await ledger.undo(B)
        assert (redis.holder("1"), store.released) == (A, [])

    async def test_undoing_late_leaves_the_identity_to_who_holds_it_now(self, ledger: Ledger, redis: FakeRedis) -> None:
        await ledger.claim([claim("1", A)], TODAY)
        redis.clock.jump(25 * 3600)
        await ledger.claim([claim("1", B)], TODAY)
        await ledger.undo(A)
        assert redis.holder("1") == B
        assert ledger.recall("1", TODAY, {}).taken_by == B


class TestAlone:
    def test_what_this_replica_approved_is_found_again(self, ledger: Ledger) -> None:
        (answer,) = ledger.claim_alone([claim("1", A)], TODAY, {})
        assert answer.granted
        (answer,) = ledger.claim_alone([claim("1", B)], TODAY, {})
        assert (answer.granted, answer.taken_by) == (False, A)
        assert ledger.recall("1", TODAY, {}).taken_by == A
        assert ledger.recall("2", TODAY, {}).taken_by is None

    def test_an_identity_is_free_again_when_its_window_is_over(self, ledger: Ledger, clock: FakeClock) -> None:
        ledger.claim_alone([claim("1", A)], TODAY, {})
        clock.jump(24 * 3600 - 1)
        assert granted_alone(ledger, claim("1", B)) == [False]
        clock.jump(1)
        assert granted_alone(ledger, claim("1", B)) == [True]

    async def test_what_was_approved_with_the_store_is_found_without_it(self, ledger: Ledger, redis: FakeRedis) -> None:
        await ledger.claim([claim("1", A)], TODAY)
        redis.stop()
        assert granted_alone(ledger, claim("1", B)) == [False]

    def test_a_repetition_within_one_batch_is_found(self, ledger: Ledger) -> None:
        assert granted_alone(ledger, claim("1", A), claim("1", B)) == [True, False]

    def test_the_daily_limit_holds_within_one_batch(self, ledger: Ledger) -> None:
        claims = [limited(str(number), f"{number:032x}", 2) for number in range(4)]
        assert granted_alone(ledger, *claims) == [True, True, False, False]

    def test_trades_count_on_top_of_what_the_store_had_counted(self, ledger: Ledger) -> None:
        counted = {SCOPE: 3}
        (first, second) = ledger.claim_alone([limited("1", A, 4), limited("2", B, 4)], TODAY, counted)
        assert (first.granted, first.trades) == (True, 3)
        assert (second.granted, second.trades) == (False, 4)
        assert ledger.recall("3", TODAY, counted).trades_today == {SCOPE: 4, "global": 1}

    async def test_trades_granted_since_the_store_was_last_counted_are_not_forgotten(
        self, ledger: Ledger, redis: FakeRedis
    ) -> None:
        await ledger.claim([limited("1", A, 1)], TODAY)
        redis.stop()
        assert granted_alone(ledger, limited("2", B, 1), counted={}) == [False]

    async def test_trades_of_other_replicas_are_known_from_the_last_answer(
        self, ledger: Ledger, store: FakeLedgerStore, redis: FakeRedis
    ) -> None:
        other = ledger_over(store, redis.clock)
        await other.claim([claim(f"other-{number}", f"{number:032x}") for number in range(4)], TODAY)
        await ledger.claim([limited("1", A, 5)], TODAY)
        redis.stop()
        assert granted_alone(ledger, limited("2", B, 5), counted={}) == [False]

    def test_a_new_count_from_the_store_does_not_take_trades_back(self, ledger: Ledger) -> None:
        granted_alone(ledger, limited("1", A, 2), counted={SCOPE: 0})
        assert granted_alone(ledger, limited("2", B, 1), counted={SCOPE: 0}) == [False]

    def test_a_new_day_begins_with_nothing_and_keeps_counting(self, ledger: Ledger) -> None:
        tomorrow = TODAY + timedelta(days=1)
        ledger.claim_alone([limited("1", A, 1)], TODAY, {})
        (first,) = ledger.claim_alone([limited("2", B, 1)], tomorrow, {})
        (second,) = ledger.claim_alone([limited("3", C, 1)], tomorrow, {})
        assert (first.granted, second.granted) == (True, False)

    def test_exits_count_as_no_trade(self, ledger: Ledger) -> None:
        assert granted_alone(ledger, exit_claim("1", A), exit_claim("2", B)) == [True, True]
        assert ledger.recall("3", TODAY, {}).trades_today == {}

    async def test_an_undone_approval_makes_room_again(self, ledger: Ledger, redis: FakeRedis) -> None:
        redis.stop()
        granted_alone(ledger, limited("1", A, 1))
        await ledger.release([limited("1", A, 1)], TODAY)
        assert granted_alone(ledger, limited("1", B, 1)) == [True]


class TestCatchingUp:
    async def test_what_was_approved_alone_is_entered_before_the_next_claim(
        self, ledger: Ledger, redis: FakeRedis
    ) -> None:
        redis.stop()
        granted_alone(ledger, claim("1", A), exit_claim("2", B))
        assert ledger.unsettled == 2
        redis.recover()
        assert await granted(ledger, claim("1", C)) == [False]
        assert (redis.holder("1"), redis.holder("2"), ledger.unsettled) == (A, B, 0)
        assert redis.made(TODAY, SCOPE) == 1

    async def test_the_store_can_be_told_without_waiting_for_a_claim(
        self, ledger: Ledger, redis: FakeRedis, store: FakeLedgerStore
    ) -> None:
        await ledger.settle()
        assert (store.batches, store.released) == ([], [])
        granted_alone(ledger, claim("1", A))
        redis.stop()
        await ledger.settle()
        assert ledger.unsettled == 1
        redis.recover()
        await ledger.settle()
        assert (redis.holder("1"), ledger.unsettled) == (A, 0)

    async def test_what_was_approved_alone_is_entered_beyond_the_limit_too(
        self, ledger: Ledger, redis: FakeRedis, store: FakeLedgerStore
    ) -> None:
        await ledger_over(store, redis.clock).claim([claim("0", C)], TODAY)
        redis.stop()
        granted_alone(ledger, limited("1", A, 1))
        redis.recover()
        await ledger.claim([], TODAY)
        assert (redis.holder("1"), redis.made(TODAY, SCOPE)) == (A, 2)

    async def test_each_approval_is_entered_on_its_own_day(self, ledger: Ledger, redis: FakeRedis) -> None:
        tomorrow = TODAY + timedelta(days=1)
        ledger.claim_alone([claim("1", A)], TODAY, {})
        ledger.claim_alone([claim("2", B)], tomorrow, {})
        await ledger.claim([], tomorrow)
        assert (redis.made(TODAY, SCOPE), redis.made(tomorrow, SCOPE)) == (1, 1)

    async def test_a_long_outage_is_caught_up_with_in_few_round_trips(
        self, ledger: Ledger, redis: FakeRedis, store: FakeLedgerStore
    ) -> None:
        granted_alone(ledger, *(claim(str(number), f"{number:032x}") for number in range(10 * CATCH_UP)))
        await ledger.claim([], TODAY)
        assert redis.made(TODAY, SCOPE) == 10 * CATCH_UP
        assert len(store.batches) == 11

    async def test_what_the_store_did_not_take_stays_to_be_entered(self, ledger: Ledger, redis: FakeRedis) -> None:
        granted_alone(ledger, claim("1", A))
        redis.hang(carries_out_late=True)
        with pytest.raises(StoreTimeoutError):
            await ledger.claim([], TODAY)
        assert ledger.unsettled == 1
        redis.recover()
        await ledger.claim([], TODAY)
        assert (redis.holder("1"), redis.made(TODAY, SCOPE), ledger.unsettled) == (A, 1, 0)

    async def test_an_approval_undone_before_the_store_was_back_is_never_entered(
        self, ledger: Ledger, redis: FakeRedis
    ) -> None:
        redis.stop()
        granted_alone(ledger, claim("1", A))
        await ledger.release([claim("1", A)], TODAY)
        redis.recover()
        assert await granted(ledger, claim("1", B)) == [True]
        assert (redis.holder("1"), redis.made(TODAY, SCOPE)) == (B, 1)

    async def test_an_approval_that_may_have_been_entered_is_undone_there_too(
        self, ledger: Ledger, redis: FakeRedis
    ) -> None:
        granted_alone(ledger, claim("1", A))
        redis.hang(carries_out_late=True)
        with pytest.raises(StoreTimeoutError):
            await ledger.claim([], TODAY)
        await ledger.release([claim("1", A)], TODAY)
        redis.recover()
        await ledger.claim([], TODAY)
        assert (redis.holder("1"), redis.made(TODAY, SCOPE)) == (None, 0)

    async def test_claims_of_unknown_fate_are_undone_before_the_next_claim(
        self, ledger: Ledger, redis: FakeRedis
    ) -> None:
        redis.hang(carries_out_late=True)
        with pytest.raises(StoreTimeoutError):
            await ledger.claim([claim("1", A)], TODAY)
        ledger.forget([claim("1", A)], TODAY)
        redis.recover()
        assert await granted(ledger, claim("1", B)) == [True]
        assert redis.made(TODAY, SCOPE) == 1

    async def test_a_release_that_fails_is_made_up_for(
        self, ledger: Ledger, redis: FakeRedis, log_events: list[MutableMapping[str, Any]]
    ) -> None:
        await ledger.claim([claim("1", A)], TODAY)
        redis.stop()
        await ledger.release([claim("1", A)], TODAY)
        assert log_events[-1]["event"] == "ledger_release_postponed"
        assert redis.holder("1") == A
        redis.recover()
        await ledger.claim([], TODAY)
        assert redis.holder("1") is None

    async def test_two_tasks_that_catch_up_at_once_lose_nothing(self, ledger: Ledger, redis: FakeRedis) -> None:
        claims = [claim(str(number), f"{number:032x}") for number in range(3 * CATCH_UP)]
        await ledger.claim(claims, TODAY)
        redis.stop()
        await ledger.release(claims[: 2 * CATCH_UP], TODAY)
        granted_alone(ledger, claim("alone", A))
        redis.recover()
        await asyncio.gather(
            ledger.claim([], TODAY), *(ledger.undo(each.decision_id) for each in claims[2 * CATCH_UP :])
        )
        assert redis.identities.keys() == {"alone"}
        assert redis.made(TODAY, SCOPE) == 1

    async def test_an_approval_released_while_it_is_being_entered_is_undone(
        self, ledger: Ledger, redis: FakeRedis
    ) -> None:
        granted_alone(ledger, claim("1", A))
        await asyncio.gather(ledger.claim([], TODAY), ledger.undo(A))
        assert (redis.holder("1"), redis.made(TODAY, SCOPE), ledger.unsettled) == (None, 0, 0)

    async def test_two_replicas_that_approved_the_same_alone_are_found_out_and_both_trades_count(
        self, ledger: Ledger, store: FakeLedgerStore, redis: FakeRedis, log_events: list[MutableMapping[str, Any]]
    ) -> None:
        other = ledger_over(store, redis.clock)
        granted_alone(ledger, claim("1", A))
        granted_alone(other, claim("1", B))
        await ledger.claim([], TODAY)
        await other.claim([], TODAY)
        assert (redis.holder("1"), redis.made(TODAY, SCOPE)) == (A, 2)
        (event,) = [event for event in log_events if event["event"] == "approved_twice_while_alone"]
        assert (event["first"], event["second"]) == (A, B)


class TestMemory:
    async def test_it_is_bounded_and_the_oldest_is_forgotten_first(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ledger_module, "MEMORY", 2)
        granted_alone(ledger, claim("1", A), claim("2", B), claim("3", C))
        assert [ledger.recall(identity, TODAY, {}).taken_by for identity in "123"] == [None, B, C]
        assert ledger.unsettled == 2

    async def test_only_recent_approvals_can_be_undone(
        self, ledger: Ledger, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ledger_module, "RECENT", 1)
        await ledger.claim([claim("1", A), claim("2", B)], TODAY)
        await ledger.undo(A)
        await ledger.undo(B)
        assert (redis.holder("1"), redis.holder("2")) == (A, None)
