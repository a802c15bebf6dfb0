"""Closing everything: orders whose fate is unknown, and questions that stay without an answer."""

from decimal import Decimal

import pytest

from canary.result import Verdict
from canary.simulator.book import Book
from canary.simulator.faults import Fault, Kind, Turn
from tests.canary_accounts import ORDER, JumpingClock, book, close_all, exchange_of, proved_flat, sent

POSITIONS = ("GET", "/fapi/v3/positionRisk")
LONG = {("BTCUSDT", "BOTH"): "2"}


@pytest.mark.parametrize("kind", [Kind.LOSE_AFTER, Kind.FAIL_AFTER, Kind.GARBLE])
def test_an_order_that_was_done_without_an_answer_is_not_sent_again(kind: Kind, clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(kind, *ORDER, status=503, code=-1007, message="Timeout waiting for response."))
    run = close_all(exchange, clock)
    assert run.result.verdict is Verdict.FLAT
    assert sent(exchange) == 1
    assert [order.status for order in run.result.sent] == ["FILLED"]


def test_an_order_without_an_answer_is_given_up_only_when_the_exchange_would_refuse_it_for_its_age(
    clock: JumpingClock,
) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(Kind.LOSE_BEFORE, *ORDER))
    sent_at: list[float] = []
    exchange.turns += [Turn(*ORDER, lambda _: sent_at.append(clock.now), count=number) for number in (1, 2)]
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert sent_at[1] - sent_at[0] > 5


@pytest.mark.parametrize("kind", [Kind.LOSE_BEFORE, Kind.REFUSE])
def test_an_order_that_never_arrived_is_looked_up_before_another_is_sent(kind: Kind, clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(kind, *ORDER, status=503, message="Unknown error"))
    run = close_all(exchange, clock)
    assert run.result.verdict is Verdict.FLAT
    assert [order.status for order in run.result.sent] == ["NEVER ARRIVED", "FILLED"]
    calls = [(method, path) for method, path, _ in exchange.calls]
    between = calls[calls.index(ORDER) + 1 : len(calls) - calls[::-1].index(ORDER) - 1]
    assert ("GET", "/fapi/v1/order") in between
    assert POSITIONS in between


def test_while_an_order_cannot_be_looked_up_none_is_sent(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults += [
        Fault(Kind.LOSE_AFTER, *ORDER),
        Fault(Kind.UNREACHABLE, "GET", "/fapi/v1/order", times=1000),
        Fault(Kind.UNREACHABLE, *POSITIONS, times=0),
    ]
    account.symbols["BTCUSDT"].depth = Decimal(1)
    run = close_all(exchange, clock, seconds=60)
    assert run.result.verdict is Verdict.LEFT
    assert sent(exchange) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.REFUSE, *ORDER, status=400, code=-1008, message="Server is currently overloaded."),
        Fault(Kind.REFUSE, *ORDER, status=429, code=-1003, message="Too many.", headers={"retry-after": "7"}),
        Fault(Kind.REFUSE, *ORDER, status=418, code=-1003, message="Banned.", headers={"retry-after": "30"}),
        Fault(Kind.REFUSE, *ORDER, status=503, code=-1000, message="Service Unavailable."),
        Fault(Kind.REFUSE, *ORDER, status=400, code=-1021, message="Timestamp outside of recvWindow."),
        Fault(Kind.REFUSE, *ORDER, status=403),
        Fault(Kind.UNREACHABLE, *ORDER),
    ],
    ids=lambda fault: f"{fault.kind.name} {fault.status} {fault.code}",
)
def test_what_surely_was_not_done_is_asked_for_again(fault: Fault, clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(**{name: getattr(fault, name) for name in Fault.__slots__}))
    started = clock.now
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)
    assert clock.now - started >= float(fault.headers.get("retry-after", 0))


def test_it_is_not_flat_while_conditional_orders_cannot_be_read(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults.append(Fault(Kind.REFUSE, "GET", "/fapi/v1/openAlgoOrders", times=10_000, status=502))
    run = close_all(exchange, clock, seconds=60)
    assert run.result.verdict is Verdict.UNKNOWN
    assert not account.open_positions()


def test_the_network_may_be_gone_for_a_while_in_the_middle(clock: JumpingClock) -> None:
    account = book({(f"COIN{number}USDT", "BOTH"): "2" for number in range(6)})
    exchange = exchange_of(account, clock)

    def cut(_: Book) -> None:
        exchange.faults.append(Fault(Kind.LOSE_BEFORE, times=60))

    exchange.turns.append(Turn(*ORDER, cut, count=3))
    assert close_all(exchange, clock).result.verdict is Verdict.FLAT
    assert proved_flat(account)


def test_at_the_end_what_is_left_is_read_even_if_an_order_cannot_be_looked_up(clock: JumpingClock) -> None:
    account = book(LONG, depth="0.5")
    exchange = exchange_of(account, clock)
    exchange.faults += [Fault(Kind.LOSE_AFTER, *ORDER), Fault(Kind.LOSE_BEFORE, "GET", "/fapi/v1/order", times=10_000)]
    exchange.turns += [
        Turn("GET", "/fapi/v1/order", lambda _: clock.sleep(5), count=number) for number in range(1, 500)
    ]
    run = close_all(exchange, clock, seconds=60)
    assert run.result.verdict is Verdict.LEFT
    assert [str(position.amount) for position in run.result.last.positions or ()] == ["1.5"]


def test_at_the_end_one_part_that_hangs_does_not_hide_the_positions(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.faults += [
        Fault(Kind.LOSE_BEFORE, "GET", "/fapi/v1/openAlgoOrders", times=10_000),
        Fault(Kind.REFUSE, *ORDER, times=10_000, code=-2022),
    ]
    exchange.turns += [
        Turn("GET", "/fapi/v1/openAlgoOrders", lambda _: clock.sleep(5), count=number) for number in range(1, 500)
    ]
    run = close_all(exchange, clock, seconds=60)
    assert run.result.verdict is Verdict.LEFT
    assert [str(position) for position in run.result.last.positions or ()] == ["BTCUSDT long 2"]


def test_an_outage_without_end_is_told_as_unknown(clock: JumpingClock) -> None:
    account = book(LONG)
    exchange = exchange_of(account, clock)
    exchange.turns.append(
        Turn(*ORDER, lambda _: exchange.faults.append(Fault(Kind.LOSE_BEFORE, times=100_000)), after=False)
    )
    started = clock.now
    run = close_all(exchange, clock, seconds=60)
    assert run.result.verdict is Verdict.UNKNOWN
    assert clock.now - started < 120
