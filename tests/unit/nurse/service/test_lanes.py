import asyncio

import pytest

from cio_nurse.service.lanes import Arrival, Lanes
from petrosa_contracts import Code
from tests.builders import arrival, intent
from tests.fakes import settled


def entry(number: int, symbol: str = "BTCUSDT") -> Arrival:
    return arrival(intent(symbol=symbol, intent_id=f"{symbol}-{number}"))


def leaving(number: int, symbol: str = "BTCUSDT") -> Arrival:
    return arrival(intent(symbol=symbol, intent_id=f"{symbol}-{number}", action="close"))


def ids(taken: list[Arrival]) -> list[str]:
    return [each.intent.payload["intent_id"] for each in taken]


def filled(lanes: Lanes, *arrivals: Arrival) -> Lanes:
    assert [lanes.offer(each) for each in arrivals] == [None] * len(arrivals)
    return lanes


async def test_arrivals_of_one_symbol_leave_in_the_order_in_which_they_came() -> None:
    lanes = filled(Lanes(lane_capacity=100, queue_capacity=100), *(entry(number) for number in range(20)))
    assert ids(await lanes.take(20)) == [f"BTCUSDT-{number}" for number in range(20)]


async def test_symbols_take_turns_so_that_a_loud_one_does_not_hold_up_the_others() -> None:
    lanes = filled(Lanes(lane_capacity=100, queue_capacity=100), *(entry(number) for number in range(5)))
    filled(lanes, entry(0, "ETHUSDT"), entry(1, "ETHUSDT"), entry(0, "SOLUSDT"))
    assert ids(await lanes.take(4)) == ["BTCUSDT-0", "ETHUSDT-0", "SOLUSDT-0", "BTCUSDT-1"]
    assert ids(await lanes.take(10)) == ["ETHUSDT-1", "BTCUSDT-2", "BTCUSDT-3", "BTCUSDT-4"]


async def test_no_more_is_taken_than_asked_for() -> None:
    lanes = filled(Lanes(lane_capacity=100, queue_capacity=100), *(entry(number) for number in range(5)))
    assert len(await lanes.take(2)) == 2
    assert lanes.waiting == 3


async def test_taking_waits_until_something_comes() -> None:
    lanes = Lanes(lane_capacity=100, queue_capacity=100)
    taking = asyncio.create_task(lanes.take(10))
    await settled()
    assert not taking.done()
    filled(lanes, entry(0))
    assert ids(await taking) == ["BTCUSDT-0"]


async def test_emptied_lanes_make_the_next_taker_wait_again() -> None:
    lanes = filled(Lanes(lane_capacity=100, queue_capacity=100), entry(0))
    await lanes.take(10)
    taking = asyncio.create_task(lanes.take(10))
    await settled()
    assert not taking.done()
    taking.cancel()


def test_entries_fill_nine_tenths_of_a_lane_and_exits_the_rest() -> None:
    lanes = filled(Lanes(lane_capacity=10, queue_capacity=100), *(entry(number) for number in range(9)))
    breach = lanes.offer(entry(9))
    assert breach is not None
    assert (breach.code, breach.measured, breach.limit) == (Code.OVERLOADED, 9, 9)
    assert "the lane of BTCUSDT" in breach.message
    filled(lanes, leaving(10))
    breach = lanes.offer(leaving(11))
    assert breach is not None
    assert (breach.measured, breach.limit) == (10, 10)


def test_entries_fill_nine_tenths_of_the_gate_and_exits_the_rest() -> None:
    lanes = filled(Lanes(lane_capacity=10, queue_capacity=10), *(entry(0, f"S{number}") for number in range(9)))
    breach = lanes.offer(entry(0, "NEW"))
    assert breach is not None
    assert (breach.measured, breach.limit) == (9, 9)
    assert "the gate" in breach.message
    filled(lanes, leaving(0, "NEW"))
    assert lanes.offer(leaving(0, "NEWER")) is not None


def test_a_full_lane_leaves_other_symbols_open() -> None:
    lanes = filled(Lanes(lane_capacity=10, queue_capacity=100), *(entry(number) for number in range(9)))
    filled(lanes, entry(0, "ETHUSDT"))


async def test_what_was_refused_was_not_queued_and_room_opens_again() -> None:
    lanes = filled(Lanes(lane_capacity=10, queue_capacity=100), *(entry(number) for number in range(9)))
    assert lanes.offer(entry(9)) is not None
    assert lanes.waiting == 9
    await lanes.take(1)
    filled(lanes, entry(10))
    assert ids(await lanes.take(100))[-1] == "BTCUSDT-10"


async def test_depths_are_known() -> None:
    lanes = Lanes(lane_capacity=100, queue_capacity=100)
    assert (lanes.waiting, lanes.deepest) == (0, 0)
    filled(lanes, entry(0), entry(1), entry(0, "ETHUSDT"))
    assert (lanes.waiting, lanes.deepest) == (3, 2)
    await lanes.take(2)
    assert (lanes.waiting, lanes.deepest) == (1, 1)


@pytest.mark.parametrize("capacity", [10, 20, 30, 70, 110, 1000, 4000])
def test_the_reserve_is_a_whole_tenth_in_spite_of_binary_fractions(capacity: int) -> None:
    lanes = Lanes(lane_capacity=capacity, queue_capacity=10 * capacity)
    accepted = sum(lanes.offer(each) is None for each in [entry(0)] * capacity)
    assert accepted == capacity * 9 // 10
