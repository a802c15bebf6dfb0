import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from cio_strategist.domain.record.accounting import TOLERANCE, Account, Seen
from cio_strategist.domain.record.recording import StreamedMessage, payload_digest
from cio_strategist.errors import StoreUnreadableError, TransportUnavailableError
from cio_strategist.service.record.accounting import GRACE, Accountant, Accounting
from cio_strategist.service.record.leadership import Leadership
from tests.chains import NOON, chained, draft
from tests.fakes import eventually
from tests.recorder_fakes import CountedMetrics, FakeChainStore, FakeIntents, FakeLease, FakeSource, ToldAlerts
from tests.strategist_fakes import SetClock

SUBJECT = "cio.intent.trading.x"


class World:
    """An accountant, and intents of which some have records."""

    def __init__(self, store: FakeChainStore | None = None) -> None:
        self.clock, self.store, self.intents = SetClock(), store or FakeChainStore(), FakeIntents()
        self.records, self.alerts, self.metrics = FakeSource(), ToldAlerts(), CountedMetrics()
        self.accounting = Accounting(self.intents, self.store, self.records, clock=self.clock)
        self.leadership = Leadership(FakeLease())
        self.accountant = Accountant(
            self.accounting,
            leadership=self.leadership,
            clock=self.clock,
            metrics=self.metrics,
            alerts=self.alerts,
            every_seconds=60,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        await asyncio.sleep(0)

    def came(self, *numbers: int) -> None:
        """Intents that came so many seconds after noon."""
        self.intents.seen += [
            Seen(SUBJECT, payload_digest(b"%d" % number), NOON + timedelta(seconds=number), f"intent {number}")
            for number in numbers
        ]

    def recorded(self, *numbers: int) -> None:
        """The records of intents that came so many seconds after noon: all that there are."""
        told = [draft(number, subject=SUBJECT, payload=payload_digest(b"%d" % number)) for number in numbers]
        self.store.entries = chained(told)


@pytest.fixture
def world() -> World:
    return World()


async def test_the_periodic_account_goes_on_where_it_ended(world: World) -> None:
    world.came(0, 1, 2)
    world.recorded(0, 1, 2, 70)
    world.clock.advance(seconds=60)
    await world.accountant.account()
    assert world.accountant.done_until == world.clock.now() - GRACE - TOLERANCE
    world.came(70)
    world.clock.advance(seconds=60)
    await world.accountant.account()
    assert [account.matched for account in world.metrics.accounts] == [3, 1]
    assert world.alerts.told == []


async def test_what_does_not_agree_is_told_once(world: World) -> None:
    world.came(0, 1, 2, 400)
    world.recorded(0, 2, 3)
    world.clock.advance(seconds=500)
    await world.accountant.account()
    await world.accountant.account()
    assert [(alert.action, alert.severity) for alert in world.alerts.told] == [
        ("record_missing", "critical"),
        ("record_surplus", "critical"),
        ("intents_unanswered", "warning"),
    ]
    assert "1 intents that a gate must have taken have no record: the first is intent 1" in world.alerts.told[0].message


async def test_records_that_wait_in_the_stream_are_not_missing(world: World) -> None:
    world.came(0, 1, 2)
    world.recorded(0)
    world.records.messages = [StreamedMessage("CIO_DECISIONS", 2, "", {}, b"", NOON + timedelta(seconds=1))]
    world.clock.advance(seconds=60)
    assert await world.accounting.known_until() == NOON + timedelta(seconds=1) - GRACE
    await world.accountant.account()
    assert world.alerts.told == []


async def test_an_alert_that_cannot_be_told_is_found_again(world: World) -> None:
    world.came(0)
    world.clock.advance(seconds=60)
    world.alerts.up = False
    with pytest.raises(TransportUnavailableError):
        await world.accountant.account()
    world.alerts.up = True
    await world.accountant.account()
    assert [alert.action for alert in world.alerts.told] == ["intents_unanswered"]


class _RefusesOnce(FakeChainStore):
    """Refuses the first question, as a server does that a question takes too long."""

    refused = False

    async def decisions(self, since: datetime, until: datetime) -> Sequence[Seen]:
        if not self.refused:
            self.refused = True
            raise StoreUnreadableError("MongoDB refuses: operation exceeded time limit")
        return await super().decisions(since, until)


async def test_a_store_that_refuses_is_asked_again() -> None:
    world = World(_RefusesOnce())
    world.came(0)
    world.recorded(0)
    world.clock.advance(seconds=60)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(world.leadership.run()), tasks.create_task(world.accountant.run())]
        await eventually(lambda: world.accountant.done_until is not None)
        for task in running:
            task.cancel()
    assert world.metrics.accounts[0].matched == 1


async def test_a_long_time_is_accounted_for_span_by_span(world: World) -> None:
    world.came(*range(0, 3600, 30))
    world.recorded(*range(0, 3600, 30))
    until = NOON + timedelta(hours=1)
    accounts = [account async for account in world.accounting.over(NOON, until)]
    assert len(accounts) == 6
    whole = accounts[0]
    for account in accounts[1:]:
        whole = whole.and_then(account)
    assert whole == Account(NOON, until, matched=120)
