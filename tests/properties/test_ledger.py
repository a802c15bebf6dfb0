"""The ledger of two replicas over one store against a model, through outages, timeouts, releases and midnight."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from cio_nurse.errors import StoreTimeoutError, StoreUnavailableError
from cio_nurse.ports import Claim, ClaimAnswer
from cio_nurse.service.ledger import Ledger
from tests.builders import NOW
from tests.fakes import FakeClock
from tests.redis_fakes import RESERVATION_SECONDS, FakeLedgerStore, FakeRedis

LIMIT = 4
IDENTITIES = ["i1", "i2", "i3", "i4", "i5", "i6"]
STRATEGIES = ["s1", "s2"]
WINDOW = timedelta(hours=24)


@dataclass
class Approval:
    claim: Claim
    day: date
    replica: int
    until: float
    in_store: bool


class LedgerAgainstAModel(RuleBasedStateMachine):
    """Approvals are those that were granted and not released since.

    `doubled` holds the identities that a replica alone approved while the store still had another's approval, live or
    about to be undone. That cannot be helped then; what is still asked of the ledger is that it counts both trades.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FakeClock(NOW)
        self.redis = FakeRedis(self.clock)
        self.ledgers = [
            Ledger(FakeLedgerStore(self.redis), self.clock, reservation_seconds=RESERVATION_SECONDS) for _ in range(2)
        ]
        self.counted: list[tuple[date, Mapping[str, int]]] = [(NOW.date(), {}), (NOW.date(), {})]
        self.approvals: list[Approval] = []
        self.decisions = 0
        self.doubled: set[str] = set()

    def teardown(self) -> None:
        self.redis.recover()
        for replica in range(2):
            self.note_conflicts()
            self.runner.run(self.ledgers[replica].claim([], self.today))
            assert self.ledgers[replica].unsettled == 0
        self.runner.close()
        self.check_that_the_store_knows(self.approvals)
        self.check_that_it_counts_nothing_else()

    @property
    def today(self) -> date:
        return self.clock.now().date()

    @property
    def answers(self) -> bool:
        return self.redis.up and not self.redis.hangs

    def live(self, identity: str) -> list[Approval]:
        now = self.clock.seconds()
        return [each for each in self.approvals if each.claim.identity == identity and each.until > now]

    def check_that_the_store_knows(self, approvals: list[Approval]) -> None:
        counts: Counter[tuple[date, str]] = Counter()
        for each in approvals:
            counts.update((each.day, scope) for scope in each.claim.scopes)
        for (day, scope), count in counts.items():
            assert self.redis.made(day, scope) >= count
        for each in approvals:
            if each.until > self.clock.seconds() and each.claim.identity not in self.doubled:
                assert self.redis.holder(each.claim.identity) == each.claim.decision_id

    def check_that_it_counts_nothing_else(self) -> None:
        counts: Counter[tuple[date, str]] = Counter()
        for each in self.approvals:
            counts.update((each.day, scope) for scope in each.claim.scopes)
        for day, made in self.redis.trades.items():
            for scope, count in made.items():
                assert count == counts[day, scope] or (self.doubled and count > counts[day, scope])

    def new_claim(self, identity: str, strategy: str, *, leaves: bool) -> Claim:
        self.decisions += 1
        decision_id = f"{self.decisions:032x}"
        if leaves:
            return Claim(identity=identity, decision_id=decision_id)
        scope = f"strategy:{strategy}"
        return Claim(
            identity=identity,
            decision_id=decision_id,
            scopes=("global", scope),
            limited_scope=scope,
            limit=LIMIT,
        )

    @rule(
        replica=st.integers(0, 1),
        identities=st.lists(st.sampled_from(IDENTITIES), min_size=1, max_size=3),
        strategy=st.sampled_from(STRATEGIES),
        leaves=st.booleans(),
    )
    def claim(self, replica: int, identities: list[str], strategy: str, leaves: bool) -> None:
        claims = [self.new_claim(identity, strategy, leaves=leaves) for identity in identities]
        ledger = self.ledgers[replica]
        self.note_conflicts()
        try:
            answers = self.runner.run(ledger.claim(claims, self.today))
        except StoreTimeoutError:
            if leaves:
                self.note_alone(replica, claims)
            else:
                ledger.forget(claims, self.today)
        except StoreUnavailableError:
            self.note_alone(replica, claims)
        else:
            for approval in self.approvals:
                approval.in_store |= approval.replica == replica
            for each, answer in zip(claims, answers, strict=True):
                self.note_answer(replica, each, answer)
            self.check_that_the_store_knows([each for each in self.approvals if each.in_store])

    def note_answer(self, replica: int, claim: Claim, answer: ClaimAnswer) -> None:
        """Check an answer that came from the store."""
        known = [each for each in self.live(claim.identity) if each.in_store]
        if answer.granted:
            assert known == [] or claim.identity in self.doubled
            assert claim.limit is None or answer.trades < claim.limit
            self.approve(replica, claim, in_store=True)
        elif answer.taken_by is None:
            assert claim.limit is not None
            assert answer.trades >= claim.limit

    def note_alone(self, replica: int, claims: list[Claim]) -> None:
        """Have claims settled on memory, and check what memory says."""
        day, counted = self.counted[replica]
        shown = counted if day == self.today else {}
        for claim in claims:
            (answer,) = self.ledgers[replica].claim_alone([claim], self.today, shown)
            own = [each for each in self.live(claim.identity) if each.replica == replica]
            if claim.limited_scope is not None:
                made = sum(
                    claim.limited_scope in each.claim.scopes and (each.replica, each.day) == (replica, self.today)
                    for each in self.approvals
                )
                assert answer.trades >= max(made, shown.get(claim.limited_scope, 0))
            if answer.granted:
                assert own == [] or claim.identity in self.doubled
                assert claim.limit is None or answer.trades < claim.limit
                self.approve(replica, claim, in_store=False)
            elif own and claim.identity not in self.doubled:
                assert answer.taken_by in {each.claim.decision_id for each in own}

    def approve(self, replica: int, claim: Claim, *, in_store: bool) -> None:
        if self.live(claim.identity):
            self.doubled.add(claim.identity)
        until = self.clock.seconds() + WINDOW.total_seconds()
        self.approvals.append(Approval(claim, self.today, replica, until, in_store))

    def note_conflicts(self) -> None:
        """Note what the store will refuse to take when a replica catches up."""
        for each in self.approvals:
            holder = self.redis.holder(each.claim.identity)
            if not each.in_store and holder not in {None, each.claim.decision_id}:
                self.doubled.add(each.claim.identity)

    @precondition(lambda self: self.approvals)
    @rule(data=st.data(), undo=st.booleans())
    def release(self, data: st.DataObject, undo: bool) -> None:
        approval = data.draw(st.sampled_from(self.approvals))
        ledger = self.ledgers[approval.replica]
        self.note_conflicts()
        if undo:
            self.runner.run(ledger.undo(approval.claim.decision_id))
        else:
            self.runner.run(ledger.release([approval.claim], approval.day))
        self.approvals.remove(approval)

    @precondition(lambda self: len(self.approvals) >= 2)
    @rule(data=st.data())
    def release_two_at_once(self, data: st.DataObject) -> None:
        pair = data.draw(st.lists(st.sampled_from(self.approvals), min_size=2, max_size=2, unique_by=id))

        async def both() -> None:
            await asyncio.gather(*(self.ledgers[each.replica].undo(each.claim.decision_id) for each in pair))

        self.note_conflicts()
        self.runner.run(both())
        for each in pair:
            self.approvals.remove(each)

    @rule(replica=st.integers(0, 1))
    def settle(self, replica: int) -> None:
        self.note_conflicts()
        self.runner.run(self.ledgers[replica].settle())
        if self.answers:
            assert self.ledgers[replica].unsettled == 0

    @rule(replica=st.integers(0, 1))
    def read_the_counts(self, replica: int) -> None:
        if self.answers:
            self.counted[replica] = (self.today, dict(self.redis.trades.get(self.today, {})))

    @rule()
    def store_goes_away(self) -> None:
        self.redis.stop()

    @rule(carries_out_late=st.booleans())
    def store_hangs(self, carries_out_late: bool) -> None:
        self.redis.hang(carries_out_late=carries_out_late)

    @rule()
    def store_comes_back(self) -> None:
        self.redis.recover()

    @rule(minutes=st.sampled_from([1, 100]))
    def time_passes(self, minutes: int) -> None:
        self.clock.jump(60 * minutes)


TestLedger = LedgerAgainstAModel.TestCase
TestLedger.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
