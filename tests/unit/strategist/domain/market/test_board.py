"""The board: the newest of every listed symbol, and of nothing else."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from cio_strategist.domain.market.board import MarketBoard
from cio_strategist.domain.market.listing import Listing, read_listing
from cio_strategist.domain.market.observation import Drop, Observation, PriceKind
from petrosa_contracts.market import MarketState
from tests.fleet_market import exchange_info, listed
from tests.strategist_fakes import NOON


def listing(*symbols: str | dict[str, object]) -> Listing:
    read = read_listing(exchange_info(*symbols))
    assert read is not None
    return read


def last(price: str, *, at: datetime = NOON, symbol: str = "BTCUSDT") -> Observation:
    return Observation(symbol, at, {PriceKind.LAST: Decimal(price)})


@pytest.fixture
def board() -> MarketBoard:
    board = MarketBoard()
    board.take_listing(listing("BTCUSDT", "ETHUSDT"), read_at=NOON)
    board.take_changed(10)
    return board


def state(board: MarketBoard) -> MarketState:
    return next(each for each in board.everything() if each.symbol == "BTCUSDT")


def test_a_price_is_taken_and_waits_to_be_written(board: MarketBoard) -> None:
    assert board.observe(last("5.0")) is None
    assert board.waiting == 1
    (written,) = board.take_changed(10)
    assert written.last is not None
    assert (written.last.price, written.last.as_of, board.newest) == (Decimal("5.0"), NOON, NOON)
    assert board.take_changed(10) == []


def test_of_many_changes_of_one_symbol_the_newest_waits(board: MarketBoard) -> None:
    for second in range(1000):
        board.observe(last(str(second + 1), at=NOON + timedelta(seconds=second)))
    (written,) = board.take_changed(10)
    assert written.last is not None
    assert written.last.price == Decimal(1000)


def test_what_is_older_or_the_same_changes_nothing(board: MarketBoard) -> None:
    board.observe(last("5.0"))
    board.take_changed(10)
    assert board.observe(last("4.0", at=NOON - timedelta(milliseconds=1))) is Drop.LATE
    assert board.observe(last("5.0")) is None
    assert board.waiting == 0
    assert board.observe(last("6.0")) is None
    assert state(board).last.price == Decimal("6.0")


def test_each_price_is_as_old_as_itself(board: MarketBoard) -> None:
    board.observe(last("5.0", at=NOON + timedelta(seconds=9)))
    both = {PriceKind.LAST: Decimal("4.0"), PriceKind.MARK: Decimal("4.5")}
    assert board.observe(Observation("BTCUSDT", NOON, both)) is None
    assert state(board).last.price == Decimal("5.0")
    assert (state(board).mark.price, state(board).mark.as_of) == (Decimal("4.5"), NOON)


def test_ten_thousand_symbols_that_are_not_listed_leave_no_trace(board: MarketBoard) -> None:
    for number in range(10_000):
        assert board.observe(last("5.0", symbol=f"BOGUS{number}")) is Drop.UNLISTED
    assert (len(board), board.waiting, board.newest) == (2, 0, None)


def test_a_delisted_symbol_goes_and_a_new_one_comes_without_prices(board: MarketBoard) -> None:
    board.observe(last("5.0"))
    assert board.take_listing(listing("ETHUSDT", "SOLUSDT"), read_at=NOON) == {"BTCUSDT"}
    assert "BTCUSDT" not in board
    assert {each.symbol for each in board.take_changed(10)} == {"ETHUSDT", "SOLUSDT"}


def test_prices_stay_when_the_listing_is_read_again(board: MarketBoard) -> None:
    board.observe(last("5.0"))
    later = NOON + timedelta(minutes=5)
    board.take_listing(listing(listed("BTCUSDT", status="SETTLING"), "ETHUSDT"), read_at=later)
    assert (state(board).status, state(board).rules_as_of, state(board).last.price) == ("SETTLING", later, Decimal(5))


def test_unreadable_rules_leave_a_symbol_as_it_was_and_bring_no_new_one(board: MarketBoard) -> None:
    broken = [listed(symbol, LOT_SIZE={"stepSize": "x"}) for symbol in ("BTCUSDT", "SOLUSDT")]
    assert board.take_listing(listing("ETHUSDT", *broken), read_at=NOON + timedelta(hours=1)) == frozenset()
    assert {each.symbol: each.rules_as_of - NOON for each in board.everything()} == {
        "BTCUSDT": timedelta(0),
        "ETHUSDT": timedelta(hours=1),
    }


def test_what_could_not_be_written_waits_again_with_the_newest(board: MarketBoard) -> None:
    board.observe(last("5.0"))
    taken = board.take_changed(10)
    board.observe(last("6.0"))
    board.give_back(taken)
    (again,) = board.take_changed(10)
    assert again.last.price == Decimal("6.0")


def test_those_that_wait_longest_are_written_first(board: MarketBoard) -> None:
    board.observe(last("5.0"))
    board.observe(last("5.0", symbol="ETHUSDT"))
    assert [each.symbol for each in board.take_changed(1)] == ["BTCUSDT"]
    board.observe(last("6.0"))
    assert [each.symbol for each in board.take_changed(1)] == ["ETHUSDT"]


def test_what_an_earlier_process_wrote_serves_until_the_listing_is_read(board: MarketBoard) -> None:
    board.observe(last("5.0"))
    kept = state(board)
    fresh = MarketBoard()
    fresh.restore([kept], now=NOON)
    assert (state(fresh), fresh.waiting) == (kept, 0)
    assert fresh.observe(last("4.0", at=NOON - timedelta(seconds=1))) is Drop.LATE
    board.restore([kept.model_copy(update={"symbol": "OLDUSDT"})], now=NOON)
    assert "OLDUSDT" not in board


def test_a_price_that_was_written_with_a_time_to_come_keeps_nothing_away(board: MarketBoard) -> None:
    board.observe(last("5.0", at=NOON + timedelta(days=365)))
    fresh = MarketBoard()
    fresh.restore(board.everything(), now=NOON)
    assert state(fresh).last is None
    assert fresh.observe(last("6.0")) is None
