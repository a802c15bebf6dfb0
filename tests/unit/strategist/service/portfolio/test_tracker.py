import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cio_strategist.domain.portfolio.reading import Reading
from cio_strategist.ports import ShownPortfolio
from cio_strategist.service.portfolio import tracker as module
from cio_strategist.service.portfolio.tracker import PortfolioTracker
from cio_strategist.service.portfolio.watch import PortfolioWatch
from petrosa_contracts import PortfolioState
from tests.integration.nurse.polling import eventually
from tests.portfolio_fakes import CountedTracking, FakeAccount, FakePortfolioStore, KeptAlerts
from tests.readings import NOON, book_of, event, holding, reading, shown
from tests.strategist_fakes import SetClock

EVERY = 5.0


@dataclass
class World:
    """A tracker whose sleeps end at once and move the clock."""

    clock: SetClock = field(default_factory=lambda: SetClock(NOON))
    store: FakePortfolioStore = field(default_factory=FakePortfolioStore)
    alerts: KeptAlerts = field(default_factory=KeptAlerts)
    metrics: CountedTracking = field(default_factory=CountedTracking)
    equity: Decimal | None = Decimal(10_000)
    holdings: tuple[Any, ...] = ()
    away: bool = False
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.account = FakeAccount(self._reading)
        self.tracker = self.new_tracker()

    def new_tracker(self) -> PortfolioTracker:
        return PortfolioTracker(
            self.account,
            self.store,
            clock=self.clock,
            read_seconds=EVERY,
            watch=PortfolioWatch(self.alerts),
            metrics=self.metrics,
        )

    def _reading(self) -> Reading | None:
        if self.away:
            return None
        return reading(0, self.equity, *self.holdings, began_at=self.clock.now())

    @asynccontextmanager
    async def running(self, tracker: PortfolioTracker | None = None) -> AsyncIterator[None]:
        tracker = tracker or self.tracker
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(tracker.read_forever()), tasks.create_task(tracker.publish_forever())]
            yield
            for task in running:
                task.cancel()

    async def until(self, condition: Callable[[PortfolioState], bool]) -> PortfolioState:
        def look() -> PortfolioState | None:
            state = self.store.shown.state
            return state if state is not None and condition(state) else None

        return await eventually(look, what=str(self.store.shown))

    async def hear(self, **fields: Any) -> None:
        await self.tracker.hear("execution.events.x", event(**fields).model_dump_json().encode())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        world.waits.append(seconds)
        if seconds > 1:
            world.clock.advance(seconds=seconds)
        await real(0.001)

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    return world


async def test_the_first_state_rests_on_three_quick_readings(world: World) -> None:
    async with world.running():
        state = await world.until(lambda state: True)
    assert (state.revision, state.equity, state.day_equity) == (1, 10_000, 10_000)
    assert world.waits.count(module.SETTLING_SECONDS) == 2


async def test_every_reading_is_published_with_a_revision_of_its_own(world: World) -> None:
    async with world.running():
        await world.until(lambda state: state.revision >= 4)
    revisions = [state.revision for state in world.store.published]
    assert revisions == list(range(1, len(revisions) + 1))


async def test_a_loss_is_latched_and_a_new_process_goes_on_with_it(world: World) -> None:
    async with world.running():
        await world.until(lambda state: True)
        world.equity = Decimal(9_000)
        await world.until(lambda state: state.daily_loss_latched == 1_000)
    world.equity = Decimal(9_900)
    async with world.running(world.new_tracker()):
        state = await world.until(lambda state: state.equity == 9_900)
    assert (state.day_equity, state.daily_loss_latched) == (10_000, 1_000)
    assert world.account.known_until is not None


async def test_while_the_exchange_is_away_waits_grow_and_as_of_stands(world: World) -> None:
    async with world.running():
        before = await world.until(lambda state: True)
        world.away = True
        asked = world.account.asked
        await eventually(lambda: world.account.asked > asked + 6)
        before = world.store.shown.state or before
        await world.hear()
        state = await world.until(lambda state: bool(state.positions))
    assert state.as_of == before.as_of
    assert state.revision > before.revision
    waits = [wait for wait in world.waits if wait >= EVERY]
    assert max(waits) == module.LONGEST_WAIT_SECONDS
    assert world.alerts.actions == ["portfolio_not_read"]
    assert "reading" in world.tracker.troubles


async def test_the_exchange_may_ask_for_a_longer_wait(world: World) -> None:
    world.away, world.account.retry_after_seconds = True, 300.0
    async with world.running():
        await eventually(lambda: 300.0 in world.waits)


async def test_an_order_is_settled_with_the_revision_that_shows_its_fill(world: World) -> None:
    async with world.running():
        await world.until(lambda state: True)
        world.away = True
        await world.hear(decision_id="d1")
        await world.hear(kind="rejected", decision_id="d2", order_id="2")
        await eventually(lambda: {name for _, names in world.store.settled for name in names} == {"d1", "d2"})
    for revision, names in world.store.settled:
        state = next(state for state in world.store.published if state.revision == revision)
        assert "d1" not in names or state.positions


async def test_settling_is_tried_again_until_redis_is_back(world: World) -> None:
    async with world.running():
        await world.until(lambda state: True)
        world.store.up = False
        await world.hear(decision_id="d1")
        await eventually(lambda: "publishing" in world.tracker.troubles)
        assert not world.store.settled
        world.store.up = True
        await eventually(lambda: any("d1" in names for _, names in world.store.settled))
        await eventually(lambda: not world.tracker.troubles)


async def test_redis_away_at_the_start_is_waited_for(world: World) -> None:
    world.store.up = False
    async with world.running():
        await eventually(lambda: "resuming" in world.tracker.troubles)
        await world.hear()
        assert world.account.asked == 0
        world.store.up = True
        await world.until(lambda state: True)


async def test_another_trackers_newer_reading_is_left_alone_and_its_latch_taken_over(world: World) -> None:
    async with world.running():
        state = await world.until(lambda state: True)
        world.away = True
        ahead = state.model_copy(
            update={
                "revision": state.revision + 100,
                "as_of": world.clock.now() + timedelta(seconds=1),
                "daily_loss_latched": Decimal(777),
            }
        )
        world.store.shown = ShownPortfolio(ahead)
        await world.hear()
        await eventually(lambda: world.tracker.shown == ahead)
        assert world.store.shown.state == ahead
        world.away = False
        later = await world.until(lambda state: state.as_of > ahead.as_of)
    assert later.revision > ahead.revision
    assert later.daily_loss_latched == 777


async def test_a_reading_from_the_future_is_not_believed_to_be_newer(world: World) -> None:
    future = shown(book_of("10000", "10000", "10000")).model_copy(update={"as_of": NOON + timedelta(days=300)})
    async with world.running():
        await world.until(lambda state: True)
        world.store.shown = ShownPortfolio(future.model_copy(update={"revision": 500}))
        state = await world.until(lambda state: state.as_of < future.as_of)
    assert state.revision > 500


async def test_a_writer_in_between_makes_the_state_be_made_again(world: World) -> None:
    async with world.running():
        state = await world.until(lambda state: True)

        def interfere() -> None:
            world.store.before_write = lambda: None
            world.store.shown = ShownPortfolio(state.model_copy(update={"revision": 40}))

        world.store.before_write = interfere
        await world.until(lambda state: state.revision > 40)


async def test_an_operators_clearing_is_obeyed(world: World) -> None:
    async with world.running():
        await world.until(lambda state: True)
        world.equity = Decimal(9_000)
        await world.until(lambda state: state.daily_loss_latched == 1_000)
        cleared = {"daily-loss": world.clock.now()}
        world.store.shown = replace(world.store.shown, cleared=cleared)
        state = await world.until(lambda state: state.cleared == cleared)
        assert state.daily_loss_latched == 0
        state = await world.until(lambda later: later.revision > state.revision + 4)
    assert (state.daily_loss_latched, state.day_equity) == (0, 9_000)
    assert state.drawdown_latched == Decimal("0.1")


async def test_an_unknown_balance_is_told_once(world: World) -> None:
    world.equity = None
    async with world.running():
        state = await world.until(lambda state: state.revision >= 3)
    assert state.equity is None
    assert world.alerts.actions == ["portfolio_balance_unknown"]


async def test_what_events_did_not_tell_is_alerted_once(world: World) -> None:
    async with world.running():
        await world.until(lambda state: True)
        await world.hear(symbol="ETHUSDT")
        world.holdings = (holding("0.5"), holding("1", symbol="ETHUSDT"))
        await world.until(lambda state: bool(state.differences))
        await world.until(lambda state: state.revision > 12)
    assert world.alerts.actions == ["portfolio_differs"]
    assert "BTCUSDT LONG" in world.alerts.told[0].message


async def test_a_portfolio_that_cannot_be_read_is_told(world: World) -> None:
    world.store.shown = ShownPortfolio(None, problem="not JSON")
    async with world.running():
        await world.until(lambda state: True)
    assert world.alerts.actions == ["portfolio_lost"]


async def test_events_are_counted_and_unreadable_ones_too(world: World) -> None:
    for payload in (b"", b"[]", b"{}", b'{"event_type": "placed"}'):
        await world.tracker.hear("execution.events.x", payload)
    assert world.metrics.events == ["unreadable", "unreadable", "unreadable", "placed"]
