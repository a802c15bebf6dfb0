"""Closing everything: whatever the account and the exchange are like, and whatever fails on the way."""

from decimal import Decimal
from typing import cast

import pytest

from canary.errors import RefusedError
from canary.model import MarketLot, Mode
from canary.result import Verdict
from canary.simulator.book import Book
from canary.simulator.door import Parameters
from canary.simulator.faults import Fault, Kind, Turn
from tests.canary_accounts import (
    ORDER,
    JumpingClock,
    WatchedBook,
    book,
    close_all,
    exchange_of,
    proved_flat,
    rest,
    sent,
)

POSITIONS = ("GET", "/fapi/v3/positionRisk")
LONG = {("BTCUSDT", "BOTH"): "2"}


def test_long_and_short_are_closed_in_one_way_mode(clock: JumpingClock) -> None:
    account = book({("BTCUSDT", "BOTH"): "2", ("ETHUSDT", "BOTH"): "-3.5"})
    assert close_all(exchange_of(account, clock), clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)


def test_both_sides_of_one_symbol_are_closed_in_hedge_mode(clock: JumpingClock) -> None:
    account = book({("BTCUSDT", "LONG"): "2", ("BTCUSDT", "SHORT"): "-1"}, hedge=True)
    assert close_all(exchange_of(account, clock), clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)


def test_orders_of_both_kinds_are_cancelled_before_anything_is_closed_and_once_more_at_the_end(
    clock: JumpingClock,
) -> None:
    account = book(LONG)
    rest(account, "ETHUSDT", "5")
    rest(account, "BTCUSDT", "-9", conditional=True)
    exchange = exchange_of(account, clock)
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)
    changes = [(path, symbol) for method, path, symbol in exchange.calls if method != "GET"]
    order = changes.index(("/fapi/v1/order", "BTCUSDT"))
    everything = {
        (path, symbol)
        for path in ("/fapi/v1/allOpenOrders", "/fapi/v1/algoOpenOrders")
        for symbol in ("BTCUSDT", "ETHUSDT")
    }
    assert set(changes[:order]) == everything
    assert set(changes[order + 1 :]) == everything


def test_a_position_is_split_by_the_market_lot(clock: JumpingClock) -> None:
    account = book({("BTCUSDT", "BOTH"): "25.005"})
    exchange = exchange_of(account, clock)
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert sent(exchange) == 3


def test_a_thin_book_takes_several_rounds(clock: JumpingClock) -> None:
    account = book(LONG, depth="0.7")
    exchange = exchange_of(account, clock)
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert sent(exchange) == 3


def test_dust_is_left_and_named_and_everything_else_is_closed(clock: JumpingClock) -> None:
    account = book({("BTCUSDT", "BOTH"): "2.0004", ("ETHUSDT", "BOTH"): "1"})
    run = close_all(exchange_of(account, clock), clock)
    assert run.result.verdict is Verdict.LEFT
    assert account.open_positions() == {("BTCUSDT", "BOTH"): Decimal("0.0004")}
    assert "0.0004 is less than a market order can be" in run.result.problems["BTCUSDT", "BOTH"].why


def test_an_order_that_fills_while_it_is_cancelled_is_closed_too(clock: JumpingClock) -> None:
    account = book(LONG)
    waiting = rest(account, "ETHUSDT", "5")
    exchange = exchange_of(account, clock)
    exchange.turns.append(Turn("DELETE", "/fapi/v1/allOpenOrders", lambda found: found.fill(waiting)))
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)


def test_an_order_that_arrives_at_the_very_end_is_found(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)

    def open_again(found: Book) -> None:
        found.fill(rest(found, "ETHUSDT", "-4"))

    # The last but one reading of a run without surprises: all looks closed already.
    exchange.turns.append(Turn(*POSITIONS, open_again, count=4, after=True))
    run = close_all(exchange, clock)
    assert run.result.verdict is Verdict.FLAT
    assert proved_flat(account)
    assert ("ETHUSDT", "BOTH") in run.result.first_seen


def test_a_position_that_flips_between_reading_and_closing_never_grows(clock: JumpingClock) -> None:
    plain = book(LONG)
    account = WatchedBook(plain.hedge, plain.symbols, plain.positions)
    exchange = exchange_of(account, clock)

    def flip(found: Book) -> None:
        found.positions["BTCUSDT", "BOTH"] = Decimal(-3)

    exchange.turns.append(Turn(*ORDER, flip))
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)
    assert account.grown == []
    assert sent(exchange) == 2


@pytest.mark.parametrize("code", [-2022, -4164, -4131, -4061, -4140])
def test_a_refusal_of_one_symbol_does_not_stop_the_others_and_is_named(code: int, clock: JumpingClock) -> None:
    account = book({("BTCUSDT", "BOTH"): "2", ("ETHUSDT", "BOTH"): "-3"})
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(Kind.REFUSE, *ORDER, times=1000, symbol="BTCUSDT", code=code, message="no"))
    run = close_all(exchange, clock, seconds=60)
    assert run.result.verdict is Verdict.LEFT
    assert account.open_positions() == {("BTCUSDT", "BOTH"): Decimal(2)}
    assert str(code) in run.result.problems["BTCUSDT", "BOTH"].why


def test_a_position_that_cannot_be_read_does_not_keep_the_others_open(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    whole = exchange.routes[POSITIONS]

    def with_an_odd_row(parameters: Parameters) -> object:
        odd = {"symbol": "ODDUSDT", "positionSide": "BOTH", "positionAmt": "many"}
        return [odd, *cast("list[object]", whole(parameters))]

    exchange.routes[POSITIONS] = with_an_odd_row
    run = close_all(exchange, clock, seconds=30)
    assert run.result.verdict is Verdict.UNKNOWN
    assert not account.open_positions()
    assert any("positionAmt" in why for why in run.result.last.problems)


def test_orders_that_cannot_be_read_are_cancelled_for_every_symbol_that_is_known(clock: JumpingClock) -> None:
    account = book(LONG)
    rest(account, "BTCUSDT", "-9", conditional=True)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(Kind.REFUSE, "GET", "/fapi/v1/openAlgoOrders", times=20, status=502))
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)


def test_an_order_that_moves_on_while_the_account_is_read_is_not_missed(clock: JumpingClock) -> None:
    """A stop triggers after the conditional orders were read for the last time, and fills after the orders were."""
    account = book(LONG)
    exchange = exchange_of(account, clock)
    moved: list[int] = []

    def trigger(found: Book) -> None:
        moved.append(rest(found, "ETHUSDT", "-4"))

    exchange.turns += [
        Turn("GET", "/fapi/v1/openAlgoOrders", trigger, count=4, after=True),
        Turn("GET", "/fapi/v1/openOrders", lambda found: found.fill(moved[0]), count=4),
    ]
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert moved
    assert proved_flat(account)


def test_a_part_that_hangs_does_not_hold_up_the_closing_of_the_rest(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    started = clock.now
    closed: list[float] = []

    def hang(_: Book) -> None:
        clock.sleep(5)

    exchange.turns += [Turn("GET", "/fapi/v1/openAlgoOrders", hang, count=number) for number in range(1, 200)]
    exchange.turns.append(Turn(*ORDER, lambda _: closed.append(clock.now - started), after=True))
    exchange.faults.append(Fault(Kind.LOSE_BEFORE, "GET", "/fapi/v1/openAlgoOrders", times=10_000))
    assert close_all(exchange, clock, seconds=60).result.verdict is Verdict.UNKNOWN
    assert not account.open_positions()
    assert closed[0] < 30


@pytest.mark.parametrize("skew", [-3600.0, 2.0, 86_400.0])
def test_the_exchange_s_own_time_is_used(skew: float, clock: JumpingClock) -> None:
    account = book(LONG)
    assert close_all(exchange_of(account, clock, skew=skew), clock).result.verdict is Verdict.FLAT


def test_the_weight_limit_is_kept_by_waiting(clock: JumpingClock) -> None:
    account = book({(f"COIN{number}USDT", "BOTH"): "2" for number in range(30)})
    exchange = exchange_of(account, clock)
    exchange.weight_limit = 250
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)


def test_the_order_limit_is_kept_by_waiting(clock: JumpingClock) -> None:
    account = book({(f"COIN{number}USDT", "BOTH"): "2" for number in range(12)})
    exchange = exchange_of(account, clock)
    exchange.order_limit = 5
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.REFUSE, "GET", "/fapi/v1/positionSide/dual", times=1000, status=503),
        Fault(Kind.GARBLE, "GET", "/fapi/v1/positionSide/dual", times=1000),
    ],
    ids=["fails", "garbled"],
)
def test_nothing_is_touched_while_the_mode_cannot_be_determined(fault: Fault, clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(**{name: getattr(fault, name) for name in Fault.__slots__}))
    with pytest.raises(RefusedError, match="mode cannot be determined"):
        close_all(exchange, clock)
    assert {method for method, _, _ in exchange.calls} == {"GET"}


@pytest.mark.parametrize(
    ("fault", "help_"),
    [
        (Fault(Kind.REFUSE, times=1000, code=-2015, message="Invalid API-key"), "Check key and secret"),
        (Fault(Kind.REFUSE, times=1000, code=-1022, message="Signature"), "Check key and secret"),
        (Fault(Kind.REFUSE, status=418, code=-1003, headers={"retry-after": "7200"}), "Use another network"),
    ],
    ids=["key", "signature", "banned"],
)
def test_what_keeps_the_mode_unknown_is_told_with_what_helps_against_it(
    fault: Fault, help_: str, clock: JumpingClock
) -> None:
    exchange = exchange_of(book(LONG), clock)
    exchange.faults.append(Fault(**{name: getattr(fault, name) for name in Fault.__slots__}))
    with pytest.raises(RefusedError, match=f"^nothing is touched: .*{help_}") as refused:
        close_all(exchange, clock)
    assert "--mode" not in str(refused.value)
    assert {method for method, _, _ in exchange.calls} == {"GET"}


def test_a_mode_that_contradicts_the_positions_is_refused(clock: JumpingClock) -> None:
    account = book({("BTCUSDT", "LONG"): "2"}, hedge=False)
    exchange = exchange_of(account, clock)
    with pytest.raises(RefusedError, match="cannot be determined"):
        close_all(exchange, clock)
    assert sent(exchange) == 0


def test_a_person_can_state_the_mode_that_the_exchange_does_not_tell(clock: JumpingClock) -> None:
    account = book({("BTCUSDT", "LONG"): "2"}, hedge=True)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(Kind.REFUSE, "GET", "/fapi/v1/positionSide/dual", times=1000, status=503))
    assert close_all(exchange, clock, stated_mode=Mode.HEDGE).result.verdict is Verdict.FLAT


def test_without_the_exchange_s_rules_each_position_is_closed_by_one_order(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(Kind.REFUSE, "GET", "/fapi/v1/exchangeInfo", times=1000, status=503))
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT


def test_an_account_that_is_flat_already_stays_untouched(clock: JumpingClock) -> None:
    exchange = exchange_of(book({}), clock)
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert {method for method, _, _ in exchange.calls} == {"GET"}


def test_a_lot_whose_step_is_not_given_takes_the_amount_as_it_is(clock: JumpingClock) -> None:
    account = book(LONG, lot=MarketLot(Decimal(0), Decimal(0), Decimal(0)))
    assert close_all(exchange_of(account, clock), clock).result.verdict is Verdict.FLAT
