"""The self-check over fakes: what each failure is called, and that nothing stays behind."""

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cio_decision.decoding import PayloadLimits
from cio_nurse.domain.dialects import DIALECTS
from cio_nurse.ports import Inbound
from cio_nurse.service import self_check
from cio_nurse.service.pipeline import DecisionLimits
from cio_nurse.service.recording import Recorder
from cio_nurse.service.rehearsal import PrivateTransport, Rehearsal
from cio_nurse.service.self_check import SelfCheck
from tests.builders import NOW
from tests.fakes import FakeClock, FakeTransport, eventually
from tests.redis_fakes import FakeLedgerStore, FakeRedis

PRIVATE = "_INBOX.mine"
WHOLE_WAY = ("decoded", "approved", "claimed", "recorded", "published", "released", "refused")


class Loop(FakeTransport):
    """Brings what is published below the private subject back, as a subscription of the gate's own does."""

    def __init__(self) -> None:
        super().__init__()
        self.check: SelfCheck | None = None
        self.loses = ""
        """Messages whose subject holds this do not come back."""
        self._returning: set[asyncio.Task[None]] = set()

    async def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        await super().publish(subject, payload, headers=headers)
        if self.check is not None and not (self.loses and self.loses in subject):
            task = asyncio.create_task(self.check.receive(Inbound(payload, subject, "", headers)))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)


class FakeProbe:
    """A stream that would keep records, unless `refusal` says why not."""

    def __init__(self) -> None:
        self.refusal = ""
        self.asked = 0

    async def refusal_of(self, subject: str, payload: bytes, record_id: str) -> str:
        self.asked += 1
        return self.refusal


class World:
    """A self-check and all that surrounds it."""

    def __init__(self, *, records: bool = True, dialect: str = "classic") -> None:
        self.clock = FakeClock(NOW)
        self.redis = FakeRedis(self.clock)
        self.store = FakeLedgerStore(self.redis)
        self.transport = Loop()
        self.probe = FakeProbe()
        self.limits = DecisionLimits(deadline_seconds=0.05, clock_tolerance_seconds=2.0, max_orders_per_second=None)
        self.records, self.dialect = records, dialect
        self.check = self.transport.check = SelfCheck(
            transport=self.transport,
            private=PRIVATE,
            store=self.store,
            rehearse=self.rehearse,
            records_needed=lambda: self.records,
            signals="signals.trading",
            clock=self.clock,
            reservation_seconds=90.0,
        )

    def rehearse(self, transport: PrivateTransport, ledger: Any) -> Rehearsal:
        return Rehearsal(
            transport=transport,
            ledger=ledger,
            records=self.probe,
            records_needed=lambda: self.records,
            recorder=Recorder(instance="nurse-1", version="0", primal_digest=None, limits=PayloadLimits()),
            dialect=DIALECTS[self.dialect],
            signals="signals.trading",
            clock=self.clock,
            limits=self.limits,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.check.run())
            yield
            task.cancel()

    @property
    def problem(self) -> str:
        return str(self.check.facts()["problem"])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "RETRY_SECONDS", (0.001,))
    monkeypatch.setattr(self_check, "ATTEMPT_SECONDS", 0.2)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_it_proves_the_whole_way_and_leaves_nothing_behind(dialect: str) -> None:
    world = World(dialect=dialect)
    async with world.running():
        await asyncio.wait_for(world.check.until_passed(), 5)
    facts = world.check.facts()
    assert (facts["passed"], facts["attempts"], facts["proved"]) == (True, 1, WHOLE_WAY)
    assert facts["passed_at"] == NOW.isoformat()
    assert all(message.subject.startswith(f"{PRIVATE}.") for message in world.transport.published)
    assert world.transport.signals == []
    assert world.redis.identities == {}
    assert not any(world.redis.trades.values())
    assert all(not claim.scopes and claim.reserves is None for batch in world.store.batches for claim in batch)


async def test_where_nothing_is_recorded_nothing_is_asked_of_the_stream() -> None:
    world = World(records=False)
    async with world.running():
        await asyncio.wait_for(world.check.until_passed(), 5)
    assert world.probe.asked == 0
    assert "recorded" not in world.check.facts()["proved"]


@pytest.mark.parametrize(
    ("breaks", "mends", "told"),
    [
        (lambda world: world.redis.stop(), lambda world: world.redis.recover(), "the ledger does not answer"),
        (lambda world: world.redis.hang(), lambda world: world.redis.recover(), "the ledger does not answer"),
        (
            lambda world: setattr(world.probe, "refusal", "there is no stream"),
            lambda world: setattr(world.probe, "refusal", ""),
            "no record would be kept: there is no stream",
        ),
        (
            lambda world: world.transport.disconnect(),
            lambda world: world.transport.connect(),
            "NATS is not connected",
        ),
        (
            lambda world: setattr(world.transport, "loses", "cio.verdict"),
            lambda world: setattr(world.transport, "loses", ""),
            "no verdict came back",
        ),
        (
            lambda world: setattr(world.transport, "loses", "signals.trading"),
            lambda world: setattr(world.transport, "loses", ""),
            "without a signal before it",
        ),
    ],
)
async def test_what_is_broken_is_named_and_it_passes_once_that_is_mended(
    breaks: Any, mends: Any, told: str, log_events: list[MutableMapping[str, Any]]
) -> None:
    world = World()
    breaks(world)
    async with world.running():
        await eventually(lambda: told in world.problem)
        assert not world.check.passed
        mends(world)
        await asyncio.wait_for(world.check.until_passed(), 5)
    assert world.problem == ""
    assert world.check.facts()["proved"] == WHOLE_WAY
    assert world.redis.identities == {}
    failures = [event for event in log_events if event["event"] == "self_check_failed"]
    assert next(event["log_level"] for event in failures) == "error"
    assert sum(event["log_level"] == "error" for event in failures) <= 2


async def test_a_claim_that_was_carried_out_late_is_undone_by_the_next_attempt() -> None:
    world = World()
    world.redis.hang(carries_out_late=True)
    async with world.running():
        await eventually(lambda: "the ledger does not answer" in world.problem)
        world.redis.recover()
        await asyncio.wait_for(world.check.until_passed(), 5)
    assert world.redis.identities == {}


async def test_a_gate_that_lets_everything_through_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "_TOO_LARGE", 0.01)
    world = World()
    async with world.running():
        await eventually(lambda: world.problem == "an order that is far too large got no veto")
    assert not world.check.passed


async def test_what_others_send_to_the_private_subject_changes_nothing() -> None:
    world = World()
    await world.check.receive(Inbound(b"\xff", f"{PRIVATE}.intent", "", None))
    async with world.running():
        await world.check.receive(Inbound(b"\xff", f"{PRIVATE}.cio.verdict.x", "", None))
        await asyncio.wait_for(world.check.until_passed(), 5)
