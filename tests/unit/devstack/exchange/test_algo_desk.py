from decimal import Decimal

import pytest

from devstack.exchange.orders import AlgoOrder, AlgoStatus, Order, OrderType, Side
from devstack.exchange.positions import PositionSide
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.world import World
from tests.unit.devstack.exchange.exchanges import BTC, move, still_world

D = Decimal


@pytest.fixture
def world() -> World:
    world = still_world()
    world.desk.place(Order(BTC, Side.BUY, OrderType.MARKET, D("0.1")), world.clock.now)
    return world


def wait_for(world: World, trigger: str, *, kind: OrderType = OrderType.STOP_MARKET, **fields: object) -> AlgoOrder:
    usual = {"quantity": D(0), "close_position": True, **fields}
    algo = AlgoOrder(Order(BTC, Side.SELL, kind, **usual), type=kind, trigger=D(trigger))
    return world.algo_desk.place(algo, world.clock.now)


def held(world: World) -> Decimal:
    return world.account.position(BTC, PositionSide.BOTH).amount


def test_a_stop_closes_the_position_when_its_price_comes(world: World) -> None:
    stop = wait_for(world, "58000")
    move(world, BTC, "58001")
    assert (stop.status, held(world)) == (AlgoStatus.NEW, D("0.1"))
    move(world, BTC, "57000")
    assert (stop.status, held(world)) == (AlgoStatus.FINISHED, 0)
    placed = world.desk.orders[int(str(stop.as_json()["actualOrderId"]))]
    assert placed.as_json()["origType"] == "STOP_MARKET"
    assert placed.average == D(57000)


def test_a_take_profit_waits_for_the_other_direction(world: World) -> None:
    target = wait_for(world, "62000", kind=OrderType.TAKE_PROFIT_MARKET)
    move(world, BTC, "57000")
    assert target.status is AlgoStatus.NEW
    move(world, BTC, "62000")
    assert (target.status, held(world)) == (AlgoStatus.FINISHED, 0)


def test_when_one_has_closed_the_position_the_other_expires(world: World) -> None:
    stop, target = wait_for(world, "58000"), wait_for(world, "62000", kind=OrderType.TAKE_PROFIT_MARKET)
    move(world, BTC, "62000")
    move(world, BTC, "60000")
    assert (stop.status, target.status) == (AlgoStatus.EXPIRED, AlgoStatus.FINISHED)


def test_a_stop_limit_rests_as_a_limit_order(world: World) -> None:
    wait_for(world, "58000", kind=OrderType.STOP, quantity=D("0.1"), close_position=False, price=D(59000))
    move(world, BTC, "57500")
    (resting,) = world.desk.open_orders
    assert (resting.type, resting.price) == (OrderType.LIMIT, D(59000))
    move(world, BTC, "59000")
    assert held(world) == 0


def test_an_order_that_is_refused_when_it_triggers_says_why(world: World) -> None:
    stop = wait_for(world, "58000", quantity=D("0.1"), close_position=False, reduce_only=True)
    world.desk.place(Order(BTC, Side.SELL, OrderType.MARKET, D("0.1")), world.clock.now)
    move(world, BTC, "57000")
    assert stop.status is AlgoStatus.REJECTED
    assert stop.as_json()["code"] == -2022


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ("60500", Reason.WOULD_TRIGGER),
        ("0", Reason.STOP_PRICE_NOT_POSITIVE),
        ("58000.05", Reason.PRICE_OFF_TICK),
        ("57000", Reason.CLOSE_POSITION_EXISTS),
    ],
)
def test_a_trigger_that_cannot_be_is_refused(world: World, trigger: str, reason: Reason) -> None:
    wait_for(world, "58000")
    with pytest.raises(RefusedError) as refusal:
        wait_for(world, trigger)
    assert refusal.value.reason is reason


def test_no_more_conditional_orders_than_the_symbol_allows(world: World) -> None:
    for step in range(10):
        wait_for(world, str(58000 + step), quantity=D("0.01"), close_position=False, reduce_only=True)
    with pytest.raises(RefusedError) as refusal:
        wait_for(world, "57000")
    assert refusal.value.reason is Reason.TOO_MANY_STOPS
