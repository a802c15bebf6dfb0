from datetime import timedelta
from decimal import Decimal

from cio_strategist.domain.portfolio.book import RECENT, Latch, PortfolioBook
from cio_strategist.domain.portfolio.income import Income
from petrosa_contracts import PortfolioState, Side
from tests.readings import BTC_LONG, NOON, at, book_of, event, holding, income, reading, shown

MIDNIGHT = NOON + timedelta(hours=12)


def _told(state: PortfolioState) -> PortfolioState:
    """Return what another process reads of it."""
    return PortfolioState.model_validate_json(state.model_dump_json())


def test_nothing_is_published_before_three_readings_settle_the_start():
    assert not PortfolioBook().is_settled
    assert PortfolioBook().state(1) is None
    assert not book_of("10000", "10000").is_settled
    assert book_of("10000", "10000", "10000").is_settled


def test_a_reading_is_shown_as_it_is():
    book = PortfolioBook()
    position = holding("0.5", entry_price=Decimal(49000), leverage=Decimal(10), unrealised=Decimal(500))
    book.read(reading(0, "10500", position, unrealised=Decimal(500), incomes=(income("COMMISSION", "-2"),)))
    state = shown(book, revision=7)
    assert (state.as_of, state.revision, state.day) == (NOON, 7, NOON.date())
    assert (state.equity, state.day_equity, state.peak_equity) == (10500, 10500, 10500)
    assert (state.daily_loss, state.drawdown, state.realised, state.unrealised) == (0, 0, -2, 500)
    (shown_position,) = state.positions
    assert (shown_position.quantity, shown_position.notional, shown_position.leverage) == (Decimal("0.5"), 25000, 10)


def test_an_unknown_balance_is_unknown_and_keeps_what_is_latched():
    book = book_of("10000", "10000", "10000", "9000", "9000", "9000", None)
    state = shown(book)
    assert (state.equity, state.daily_loss, state.drawdown) == (None, None, None)
    assert state.daily_loss_latched == 1000
    assert state.day_equity == 10000
    assert book_of(None, None, None).is_settled


def test_an_unknown_balance_between_losses_does_not_hide_them():
    assert shown(book_of("10000", "10000", "10000", "9000", None, "9000", "9000")).daily_loss_latched == 1000


def test_a_fill_moves_the_position_at_once_and_is_attributed():
    book = book_of("10000")
    assert book.hear(event(fill_qty="0.2"), at(1))
    (position,) = shown(book).positions
    assert (position.symbol, position.side, position.quantity) == ("BTCUSDT", Side.LONG, Decimal("0.2"))
    assert position.notional == 10000
    assert position.strategies == {"momentum": Decimal("0.2")}
    assert not book.hear(event("placed"), at(2))


def test_adding_averages_the_entry_and_values_at_the_mark():
    book = PortfolioBook()
    book.read(reading(0, "10000", holding("1", price="52000", entry_price=Decimal(50000), unrealised=Decimal(2000))))
    book.hear(event(fill_price=54000), at(1))
    (position,) = shown(book).positions
    assert (position.quantity, position.entry_price) == (2, 52000)
    assert (position.notional, position.unrealised) == (104000, 0)


def test_an_exit_makes_the_position_smaller_and_then_ends_it():
    book = PortfolioBook()
    book.read(reading(0, "10000", holding("1", unrealised=Decimal(100))))
    book.hear(event(order_id="2", side="sell", pnl=40, fill_qty="0.4"), at(1))
    (position,) = shown(book).positions
    assert (position.quantity, position.unrealised) == (Decimal("0.6"), 60)
    book.hear(event(order_id="3", side="close", fill_qty="0.6"), at(2))
    assert shown(book).positions == ()


def test_the_reading_wins_over_what_events_told():
    book = book_of("10000")
    book.hear(event(), at(1))
    book.read(reading(5, "10000", holding("0.9")))
    (position,) = shown(book).positions
    assert position.quantity == Decimal("0.9")
    assert position.strategies == {"momentum": Decimal("0.9")}


def test_a_fill_heard_while_the_reading_was_made_is_kept_on_top_of_it():
    book = book_of("10000")
    book.hear(event(fill_time=at(5.2).isoformat()), at(5.3))
    book.read(reading(5, "10000"))
    assert shown(book).positions[0].quantity == 1


def test_a_fill_heard_while_the_reading_was_made_is_not_counted_twice_if_the_row_is_newer():
    book = book_of("10000")
    book.hear(event(fill_time=at(5.2).isoformat()), at(5.3))
    book.read(reading(5, "10000", holding("1", updated_at=at(5.2))))
    assert shown(book).positions[0].quantity == 1


def test_a_fill_told_long_after_a_reading_showed_it_is_attributed_and_not_added():
    book = book_of("10000")
    book.read(reading(5, "10000", holding("1", updated_at=at(3))))
    book.hear(event(fill_time=at(3).isoformat()), at(9))
    (position,) = shown(book).positions
    assert position.quantity == 1
    assert position.strategies == {"momentum": 1}


def test_a_fill_that_nothing_values_waits_for_the_reading():
    book = book_of("10000")
    book.hear(event(fill_price=None), at(1))
    assert shown(book).positions == ()
    assert book.decisions_over() == ()
    book.read(reading(5, "10000", holding("1")))
    assert book.decisions_over() == ("d1",)


def test_a_fill_that_does_not_say_of_what_or_is_told_again_waits_for_the_reading_too():
    book = book_of("10000")
    book.hear(event(symbol=None), at(1))
    book.hear(event(decision_id="d2", order_id="2", fill_price=None), at(1))
    book.hear(event(decision_id="d2", order_id="2", fill_price=None), at(2))
    assert book.decisions_over() == ()
    book.read(reading(5, "10000", holding("2")))
    assert book.decisions_over() == ("d1", "d2")


def test_a_fill_that_only_its_own_time_puts_into_the_reading_is_settled_with_the_next_one():
    # The engine's clock is behind: its fill seems older than a reading that does not have it.
    book = book_of("10000")
    book.hear(event(fill_time=at(-30).isoformat()), at(1))
    assert shown(book).positions == ()
    assert book.decisions_over() == ()
    book.read(reading(5, "10000", holding("1")))
    assert shown(book).positions[0].quantity == 1
    assert book.decisions_over() == ("d1",)


def test_a_decision_is_over_once_its_fill_is_shown_or_it_was_refused():
    book = book_of("10000")
    book.hear(event("partial_fill", decision_id="part", order_id="9", fill_qty="0.1"), at(1))
    book.hear(event(), at(1))
    book.hear(event(), at(2))
    book.hear(event("rejected", decision_id="d2", order_id=""), at(2))
    book.hear(event("rejected", decision_id="", order_id=""), at(2))
    assert book.decisions_over() == ("d1", "d2")
    assert book.decisions_over() == ()


def test_what_nobody_told_is_named_after_three_readings_and_for_a_while():
    book = book_of("10000")
    book.hear(event(symbol="ETHUSDT"), at(1))
    for seconds in (5, 10, 15):
        assert shown(book).differences == ()
        book.read(reading(seconds, "10000", holding("0.5"), holding("1", symbol="ETHUSDT")))
    assert shown(book).differences == ("BTCUSDT LONG: 0.5 on the exchange, 0 by execution events",)
    book.read(reading(700, "10000", holding("0.5"), holding("1", symbol="ETHUSDT")))
    assert shown(book).differences == ()


def test_an_event_that_comes_late_explains_a_difference():
    book = book_of("10000")
    book.hear(event(symbol="ETHUSDT", order_id="7"), at(1))
    for seconds in (5, 10):
        book.read(reading(seconds, "10000", holding("1", updated_at=at(4)), holding("1", symbol="ETHUSDT")))
    book.hear(event(fill_time=at(4).isoformat()), at(12))
    book.read(reading(15, "10000", holding("1", updated_at=at(4)), holding("1", symbol="ETHUSDT")))
    assert shown(book).differences == ()


def test_an_engine_without_events_makes_no_differences():
    book = book_of("10000")
    for seconds in (5, 10, 15, 20):
        book.read(reading(seconds, "10000", holding("0.5")))
    assert shown(book).differences == ()


def test_a_restart_keeps_start_peak_latches_and_attribution():
    first = book_of("10000", "10000", "10000", "9000", "9000", "9000")
    first.hear(event(), at(26))
    first.read(reading(30, "9500", holding("1")))
    before = _told(shown(first))
    second = PortfolioBook(before)
    second.read(reading(60, "9600", holding("1")))
    state = shown(second)
    assert second.is_settled
    assert (state.day_equity, state.peak_equity) == (10000, 10000)
    assert (state.daily_loss, state.daily_loss_latched, state.drawdown_latched) == (400, 1000, Decimal("0.1"))
    assert state.positions[0].strategies == {"momentum": 1}


def test_midnight_starts_from_the_last_equity_and_ends_the_days_latch_only():
    book = PortfolioBook()
    for seconds, equity in ((-30, "10000"), (-25, "10000"), (-20, "10000"), (-15, "9000"), (-10, "9000"), (-5, "9000")):
        book.read(reading(0, equity, began_at=MIDNIGHT + timedelta(seconds=seconds)))
    assert shown(book).daily_loss_latched == 1000
    book.read(reading(0, "8900", began_at=MIDNIGHT))
    state = shown(book)
    assert state.day == MIDNIGHT.date()
    assert (state.day_equity, state.daily_loss, state.daily_loss_latched) == (9000, 100, 0)
    assert state.drawdown_latched == Decimal("0.1")


def test_a_restart_over_midnight_starts_from_the_last_equity_if_that_is_recent():
    before = shown(book_of("10000", "10000", "10000")).model_copy(update={"as_of": MIDNIGHT - timedelta(minutes=1)})
    book = PortfolioBook(before)
    book.read(reading(0, "9800", began_at=MIDNIGHT + timedelta(minutes=1)))
    assert shown(book).daily_loss == 200
    late = PortfolioBook(before)
    late.read(reading(0, "9800", began_at=MIDNIGHT + RECENT))
    assert (shown(late).day_equity, shown(late).daily_loss) == (9800, 0)


def test_a_clock_that_goes_back_clears_nothing():
    book = book_of("10000", "10000", "10000", "9000", "9000", "9000")
    book.read(reading(0, "9000", began_at=NOON - timedelta(days=1)))
    state = shown(book)
    assert (state.day, state.daily_loss_latched) == (NOON.date(), 1000)


def test_a_deposit_and_a_withdrawal_change_neither_loss_nor_drawdown():
    book = book_of("10000", "10000", "10000", "9000", "9000", "9000")
    moved = income("TRANSFER", "-4500", when=at(29))
    for seconds in (30, 35, 40):
        book.read(reading(seconds, "4500", incomes=(moved,)))
    state = shown(book)
    assert (state.day_equity, state.daily_loss, state.daily_loss_latched) == (5500, 1000, 1000)
    assert (state.drawdown, state.drawdown_latched) == (Decimal("0.1"), Decimal("0.1"))


def test_an_account_that_is_lost_and_filled_up_again_and_again_is_still_shown():
    book = book_of("10000", "10000", "10000")
    deposits: tuple[Income, ...] = ()
    for round_number in range(1, 8):
        start = round_number * 60
        for seconds in (0, 5, 10):
            book.read(reading(start + seconds, "0.01", incomes=deposits))
        deposits += (income("TRANSFER", "1000", when=at(start + 14)),)
        book.read(reading(start + 15, "1000.01", incomes=deposits))
    state = _told(shown(book))
    assert (state.equity, state.drawdown) == (Decimal("1000.01"), 1)
    assert state.drawdown_latched == 1


def test_a_transfer_while_the_tracker_was_away_counts_once_it_is_back():
    book = PortfolioBook(shown(book_of("10000", "10000", "10000")))
    incomes = (income("TRANSFER", "5000", when=at(60)), income("TRANSFER", "1", when=at(-60)))
    book.read(reading(70, "14900", incomes=incomes))
    assert (shown(book).day_equity, shown(book).daily_loss) == (15000, 100)


def test_clearing_the_days_loss_counts_anew_from_there():
    book = book_of("10000", "10000", "10000", "9000", "9000", "9000")
    assert book.clear(Latch.DAILY_LOSS, at(27))
    assert shown(book).daily_loss_latched == 0
    for seconds in (30, 35, 40):
        book.read(reading(seconds, "9000"))
    state = shown(book)
    assert (state.day_equity, state.daily_loss, state.daily_loss_latched) == (9000, 0, 0)
    assert state.drawdown_latched == Decimal("0.1")
    assert state.cleared == {"daily-loss": at(27)}


def test_clearing_the_drawdown_begins_a_new_peak():
    book = book_of("10000", "10000", "10000", "9000", "9000", "9000")
    book.clear(Latch.DRAWDOWN, at(27))
    book.read(reading(30, "9000"))
    state = shown(book)
    assert (state.peak_equity, state.drawdown, state.drawdown_latched) == (9000, 0, 0)
    assert state.daily_loss_latched == 1000


def test_a_clearing_is_obeyed_once_also_after_a_restart():
    book = book_of("10000", "10000", "10000")
    assert book.clear(Latch.DRAWDOWN, at(12))
    assert not book.clear(Latch.DRAWDOWN, at(12))
    assert not PortfolioBook(_told(shown(book))).clear(Latch.DRAWDOWN, at(12))


def test_what_another_tracker_latched_is_taken_over_unless_it_was_cleared_since():
    other = shown(book_of("10000", "10000", "10000", "9000", "9000", "9000"))
    book = book_of("10000", "10000", "10000")
    book.absorb(other)
    assert (shown(book).daily_loss_latched, shown(book).drawdown_latched) == (1000, Decimal("0.1"))
    book.clear(Latch.DAILY_LOSS, at(40))
    book.absorb(other)
    assert shown(book).daily_loss_latched == 0


def test_positions_of_both_sides_and_many_symbols_are_in_order():
    book = PortfolioBook()
    book.read(reading(0, "1", holding(symbol="ETHUSDT"), holding(side=Side.SHORT), holding()))
    names = [(each.symbol, each.side) for each in shown(book).positions]
    assert names == [BTC_LONG, ("BTCUSDT", Side.SHORT), ("ETHUSDT", Side.LONG)]
