from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cio_strategist.domain.portfolio.book import Latch, PortfolioBook
from cio_strategist.domain.portfolio.day import Day
from cio_strategist.domain.portfolio.drawdown import Drawdown
from petrosa_contracts import PortfolioState, Side
from tests.readings import NOON, event, holding, income, reading, shown

EQUITIES = st.lists(st.decimals("0", "20000", places=2), min_size=1, max_size=30)
QUANTITIES = st.decimals("0.001", "5", places=3)


def _agreed(values: list[Decimal]) -> Decimal:
    """Return the largest value that three in a row reached, by the definition."""
    return max((min(values[first : first + 3]) for first in range(len(values) - 2)), default=Decimal(0))


def _day(equities: list[Decimal]) -> Day:
    day = Day.resumed(NOON.date(), Decimal(10000), Decimal(0))
    for equity in equities:
        day = day.read(equity)
    return day


def _drawdown(equities: list[Decimal]) -> Drawdown:
    drawdown = Drawdown()
    for equity in equities:
        drawdown = drawdown.read(equity)
    return drawdown


@given(EQUITIES)
def test_the_latched_loss_is_the_largest_that_three_readings_in_a_row_agree_on(equities: list[Decimal]):
    losses = [max(Decimal(0), 10000 - equity) for equity in equities]
    assert _day(equities).latched == _agreed(losses)


@given(EQUITIES)
def test_the_peak_is_the_highest_that_three_readings_in_a_row_reached(equities: list[Decimal]):
    expected = _agreed(equities) if len(equities) > 2 else min(equities)
    assert _drawdown(equities).peak == expected


@given(
    equity=st.decimals("1", "100000", places=2),
    wrong=st.decimals("-100000", "1000000", places=2),
    before=st.integers(0, 6),
    after=st.integers(2, 6),
)
def test_one_wrong_reading_latches_nothing(equity: Decimal, wrong: Decimal, before: int, after: int):
    equities = [equity] * before + [wrong] + [equity] * after
    day = Day(NOON.date())
    for each in equities:
        day = day.read(each)
    assert day.latched == _drawdown(equities).latched == 0
    assert before + after < 3 or day.equity == equity


@given(EQUITIES, st.lists(st.tuples(st.integers(0, 29), st.decimals("-5000", "5000", places=2)), max_size=4))
def test_transfers_change_no_loss(equities: list[Decimal], transfers: list[tuple[int, Decimal]]):
    day, moved = Day.resumed(NOON.date(), Decimal(10000), Decimal(0)), Decimal(0)
    for number, equity in enumerate(equities):
        for amount in (amount for position, amount in transfers if position == number):
            day, moved = day.moved(amount), moved + amount
        day = day.read(equity + moved)
        assert day.loss == max(Decimal(0), 10000 - equity)
    assert day.latched == _day(equities).latched


@given(
    equities=st.lists(st.decimals("100", "20000", places=2), min_size=4, max_size=12),
    share=st.decimals("-0.9", "3", places=2),
)
def test_a_transfer_changes_no_drawdown(equities: list[Decimal], share: Decimal):
    plain = _drawdown(equities)
    amount = equities[-1] * share
    assert plain.fall is not None
    moved = plain.moved(amount, equities[-1]).read(equities[-1] + amount)
    assert moved.fall is not None
    assert abs(moved.fall - plain.read(equities[-1]).falls[-1]) < Decimal("1e-20")
    assert moved.latched - plain.read(equities[-1]).latched < Decimal("1e-20")


class _Tracked(RuleBasedStateMachine):
    """A tracker that is told anything, is restarted, and sees its clock jump."""

    @initialize()
    def begin(self) -> None:
        self.now = NOON
        self.book = PortfolioBook()
        self.incomes: tuple[Any, ...] = ()
        self.orders = 0
        self.book.read(reading(0, "10000"))
        self.before: PortfolioState = shown(self.book)
        self.cleared: set[Latch] = set()

    @rule(
        seconds=st.sampled_from([5, 60, 40_000, 90_000, -3600]),
        equity=st.none() | st.decimals("0", "20000", places=2),
        held=st.lists(st.tuples(QUANTITIES, st.sampled_from(Side)), max_size=2, unique_by=lambda each: each[1]),
        moved=st.sampled_from(["0", "0", "500", "-500"]),
    )
    def read(self, seconds: int, equity: Decimal | None, held: list[tuple[Decimal, Side]], moved: str) -> None:
        self.now += timedelta(seconds=seconds)
        if moved != "0":
            self.incomes = (*self.incomes, income("TRANSFER", moved, key=str(len(self.incomes)), when=self.now))
        holdings = tuple(holding(str(quantity), side) for quantity, side in held)
        self.book.read(reading(0, equity, *holdings, began_at=self.now, incomes=self.incomes))

    @rule(
        kind=st.sampled_from(["filled", "partial_fill", "rejected", "placed"]),
        side=st.sampled_from(["buy", "sell", "close", ""]),
        quantity=QUANTITIES,
        strategy=st.sampled_from(["a", "b", "unknown"]),
        again=st.booleans(),
        late=st.sampled_from([0, 0, -30]),
    )
    def hear(self, kind: str, side: str, quantity: Decimal, strategy: str, again: bool, late: int) -> None:
        self.orders += not again
        told = event(
            kind,
            side=side,
            fill_qty=str(quantity),
            strategy_id=strategy,
            order_id=str(self.orders),
            fill_time=(self.now + timedelta(seconds=late)).isoformat(),
        )
        before = shown(self.book)
        self.book.hear(told, self.now)
        after = shown(self.book)
        assert self.book.hear(told, self.now) is (kind in {"filled", "rejected"})
        assert shown(self.book).positions == after.positions
        assert (before.equity, before.as_of) == (after.equity, after.as_of)

    @rule(latch=st.sampled_from(Latch))
    def clear(self, latch: Latch) -> None:
        self.now += timedelta(seconds=1)
        if self.book.clear(latch, self.now):
            self.cleared.add(latch)

    @rule()
    def restart(self) -> None:
        self.book = PortfolioBook(PortfolioState.model_validate_json(shown(self.book).model_dump_json()))
        self.now += timedelta(seconds=10)
        self.book.read(reading(0, None, began_at=self.now, incomes=self.incomes))

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "book"):
            return
        state, before = shown(self.book), self.before
        assert state.day >= before.day
        if state.day == before.day and Latch.DAILY_LOSS not in self.cleared:
            assert state.daily_loss_latched >= before.daily_loss_latched
        if Latch.DRAWDOWN not in self.cleared:
            assert state.drawdown_latched >= before.drawdown_latched
        if state.equity is None:
            assert state.daily_loss is None
            assert state.drawdown is None
        for position in state.positions:
            assert sum(position.strategies.values()) <= position.quantity
        self.before, self.cleared = state, set()


_Tracked.TestCase.__name__ = "TestTracked"
TestTracked = _Tracked.TestCase
