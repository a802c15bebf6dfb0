"""Whatever happens, what counts as on its way is the sum of what was reserved and is neither over nor shown."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from redis import Redis as Client

from cio_decision.context import Reserved
from cio_decision.reservation import Entry, Exit, Reservation
from cio_nurse.adapters.redis import RedisLedgerStore
from cio_nurse.domain.reservations import Reservations
from cio_nurse.ports import Claim, ClaimAnswer
from devstack import DevStack
from petrosa_contracts.reservations import KEYS, SETTLE, settle_arguments
from tests.builders import NOW, TODAY
from tests.fakes import FakeClock
from tests.redis_fakes import RESERVATION_SECONDS, FakeLedgerStore, FakeRedis

NAMES = ("BTCUSDT:LONG", "BTCUSDT:SHORT", "ETHUSDT:LONG")
AMOUNTS = st.integers(1, 5_000_000)
ROOMS = st.none() | st.integers(0, 10_000_000)
REVISIONS = st.integers(1, 4)
DECISIONS = tuple(f"{number:032x}" for number in range(12))

ENTRIES = st.builds(
    Entry,
    name=st.sampled_from(NAMES),
    notional=AMOUNTS,
    leverage=AMOUNTS,
    opens=st.booleans(),
    may_add=st.booleans(),
    notional_left=ROOMS,
    leverage_left=ROOMS,
    positions_left=st.none() | st.integers(0, 3),
    revision=REVISIONS,
    open_names=st.frozensets(st.sampled_from(NAMES)),
)
EXITS = st.builds(
    Exit, symbol=st.sampled_from(["BTCUSDT", "ETHUSDT"]), quantity=AMOUNTS, quantity_left=ROOMS, revision=REVISIONS
)


class Held:
    """One reservation of the model."""

    def __init__(self, order: Reservation, until: int) -> None:
        self.order, self.until = order, until
        self.shown_by: int | None = None


class ReservationsAgainstAList(RuleBasedStateMachine):
    """The book with its running sums, against a list that is added up anew for every question."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Reservations()
        self.model: dict[str, Held] = {}
        self.now = 0

    @rule(decision=st.sampled_from(DECISIONS), order=ENTRIES | EXITS, lasts=st.integers(1, 50))
    def take(self, decision: str, order: Reservation, lasts: int) -> None:
        self.book.take(decision, order, until=self.now + lasts)
        self.model.setdefault(decision, Held(order, self.now + lasts))

    @rule(decision=st.sampled_from(DECISIONS))
    def give_back(self, decision: str) -> None:
        self.book.give_back(decision)
        self.model.pop(decision, None)

    @rule(decision=st.sampled_from(DECISIONS), revision=REVISIONS, lasts=st.integers(1, 50))
    def settle(self, decision: str, revision: int, lasts: int) -> None:
        self.book.settle(decision, revision, until=self.now + lasts)
        held = self.model.get(decision)
        if held is not None and held.shown_by is None:
            held.shown_by, held.until = revision, self.now + lasts

    @rule(seconds=st.integers(1, 30))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        self.book.end_expired(self.now)
        self.model = {decision: held for decision, held in self.model.items() if held.until > self.now}

    @invariant()
    def the_same_decisions_are_held(self) -> None:
        assert set(self.book) == set(self.model)

    @rule(asked=ENTRIES | EXITS)
    def the_sums_are_those_of_the_list(self, asked: Reservation) -> None:
        counted = [
            held.order for held in self.model.values() if held.shown_by is None or held.shown_by > asked.revision
        ]
        if isinstance(asked, Exit):
            leaving = sum(each.quantity for each in counted if isinstance(each, Exit) and each.symbol == asked.symbol)
            assert self.book.beside(asked) == Reserved(exiting=Decimal(leaving).scaleb(-6))
            return
        entries = [each for each in counted if isinstance(each, Entry)]
        opening = {each.name for each in entries}
        assert self.book.beside(asked) == Reserved(
            notional=Decimal(sum(each.notional for each in entries)).scaleb(-6),
            leverage=Decimal(sum(each.leverage for each in entries)).scaleb(-6),
            positions=len(opening - asked.open_names - {asked.name}),
            opens_this=asked.name in opening,
        )


TestReservations = ReservationsAgainstAList.TestCase
TestReservations.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


class Steps:
    """What a sequence of steps does to a ledger: claims, releases and settlements by number of decision."""

    CLAIM = st.tuples(st.just("claim"), st.lists(st.tuples(st.sampled_from(DECISIONS), ENTRIES | EXITS), max_size=4))
    RELEASE = st.tuples(st.just("release"), st.sampled_from(DECISIONS))
    SETTLE = st.tuples(st.just("settle"), st.tuples(st.sampled_from(DECISIONS), REVISIONS))
    ANY = st.lists(CLAIM | RELEASE | SETTLE, max_size=25)


def claim_of(decision: str, order: Reservation) -> Claim:
    return Claim(identity=decision, decision_id=decision, reserves=order)


@pytest.fixture(scope="module")
def client(servers: DevStack) -> Iterator[Client]:
    client = Client.from_url(servers.redis.url)
    yield client
    client.close()


@pytest.mark.servers
@given(steps=Steps.ANY)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_script_answers_as_the_book_does(steps: list[tuple[str, Any]], servers: DevStack, client: Client) -> None:
    client.flushall()
    asyncio.run(carry_out_on_both(steps, servers.redis.url, client))


async def carry_out_on_both(steps: list[tuple[str, Any]], url: str, client: Client) -> None:
    """Carry out the steps on a real Redis and on the fake one, and compare every answer."""
    fake = FakeRedis(FakeClock(NOW))
    real, model = (
        RedisLedgerStore(url, deadline_seconds=5, reservation_seconds=RESERVATION_SECONDS),
        FakeLedgerStore(fake),
    )
    orders: dict[str, Reservation] = {}
    try:
        for kind, what in steps:
            if kind == "claim":
                claims = [claim_of(decision, order) for decision, order in what]
                found: list[ClaimAnswer] = list(await real.claim(claims, TODAY))
                assert found == list(await model.claim(claims, TODAY))
                orders.update(
                    {c.decision_id: c.reserves for c, answer in zip(claims, found, strict=True) if answer.granted}
                )
            elif kind == "release":
                undone = [claim_of(what, orders[what])] if what in orders else []
                await real.release(undone, TODAY)
                await model.release(undone, TODAY)
            else:
                decision, revision = what
                client.eval(SETTLE, len(KEYS), *KEYS, *settle_arguments(revision, [decision]))
                fake.settle(revision, decision)
    finally:
        await real.close()
