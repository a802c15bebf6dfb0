from decimal import Decimal

import pytest

from devstack.exchange.orders import Order, OrderType, Side, Status, TimeInForce
from devstack.exchange.positions import PositionSide
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.world import World
from tests.unit.devstack.exchange.exchanges import BTC, move, still_world

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
D = Decimal


@pytest.fixture
def world() -> World:
    return still_world()


def place(world: World, side: str, quantity: str, price: str | None = None, **fields: object) -> Order:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    order = Order(BTC, Side(side), kind, D(quantity), D(price or 0), **fields)
    return world.desk.place(order, world.clock.now)


def reason_of(world: World, *arguments: str, **fields: object) -> Reason:
    with pytest.raises(RefusedError) as refusal:
        place(world, *arguments, **fields)
    return refusal.value.reason


def amount(world: World, side: PositionSide = PositionSide.BOTH) -> Decimal:
    return world.account.position(BTC, side).amount


def test_a_market_order_executes_at_the_best_price_of_the_other_side(world: World) -> None:
    assert place(world, "BUY", "0.1").average == D("60000.10")
    assert place(world, "SELL", "0.1").average == D("60000.00")
    assert world.account.wallet == D("9999.99")
    assert [each.kind for each in world.account.incomes] == ["TRANSFER", "REALIZED_PNL"]


def test_fees_are_taken_from_the_wallet_when_there_are_any() -> None:
    world = still_world(taker_fee=D("0.001"), maker_fee=D("0.0005"))
    place(world, "SELL", "0.1")
    assert world.account.wallet == D("9994")
    place(world, "BUY", "0.1", "59000")
    move(world, BTC, "58000")
    assert world.account.wallet == D("9994") + D(100) - D("2.95")


def test_a_limit_order_rests_until_its_price_comes_and_executes_at_it(world: World) -> None:
    order = place(world, "BUY", "0.1", "59000")
    move(world, BTC, "59000")
    assert order.status is Status.NEW
    move(world, BTC, "58000")
    assert (order.status, order.average, amount(world)) == (Status.FILLED, D(59000), D("0.1"))
    assert world.desk.open_orders == []


def test_a_limit_order_beyond_the_best_price_executes_at_the_best_price(world: World) -> None:
    assert place(world, "BUY", "0.1", "61000").average == D("60000.10")


def test_times_in_force_do_what_they_say(world: World) -> None:
    immediate = place(world, "BUY", "0.1", "59000", time_in_force=TimeInForce.IOC)
    assert (immediate.status, immediate.filled) == (Status.EXPIRED, 0)
    assert reason_of(world, "BUY", "0.1", "59000", time_in_force=TimeInForce.FOK) is Reason.FOK_REJECTED
    assert reason_of(world, "BUY", "0.1", "61000", time_in_force=TimeInForce.GTX) is Reason.POST_ONLY_REJECTED
    assert place(world, "BUY", "0.1", "61000", time_in_force=TimeInForce.FOK).status is Status.FILLED
    assert place(world, "BUY", "0.1", "59000", time_in_force=TimeInForce.GTX).status is Status.NEW


def test_in_one_way_mode_a_sale_turns_the_position_round(world: World) -> None:
    place(world, "BUY", "0.1")
    place(world, "SELL", "0.3")
    assert amount(world) == D("-0.2")
    assert world.account.position(BTC, PositionSide.BOTH).entry == D(60000)


def test_reduce_only_never_turns_a_position_round(world: World) -> None:
    place(world, "BUY", "0.1")
    assert place(world, "SELL", "0.3", reduce_only=True).filled == D("0.1")
    assert amount(world) == 0
    assert reason_of(world, "SELL", "0.1", reduce_only=True) is Reason.REDUCE_ONLY_REJECTED


def test_resting_reduce_only_orders_go_with_their_position(world: World) -> None:
    place(world, "BUY", "0.1")
    resting = place(world, "SELL", "0.1", "61000", reduce_only=True)
    place(world, "SELL", "0.1")
    assert resting.status is Status.EXPIRED


def test_reduce_only_needs_no_minimum_notional_and_no_margin() -> None:
    world = still_world(balance=D(310))
    place(world, "BUY", "0.1")
    assert world.account.available(world.desk.open_orders) < D(10)
    assert reason_of(world, "SELL", "0.001") is Reason.NOTIONAL_BELOW_MIN
    assert place(world, "SELL", "0.001", reduce_only=True).status is Status.FILLED


def test_margin_bounds_what_can_be_opened(world: World) -> None:
    world.account.leverages[BTC] = 2
    assert reason_of(world, "BUY", "0.34") is Reason.MARGIN_INSUFFICIENT
    place(world, "BUY", "0.3")
    assert reason_of(world, "BUY", "0.1", "59000") is Reason.MARGIN_INSUFFICIENT
    assert place(world, "SELL", "0.6").status is Status.FILLED


def test_resting_orders_bind_margin(world: World) -> None:
    place(world, "BUY", "0.1", "58000")
    assert world.account.available(world.desk.open_orders) == D(10000) - D(5800) / 20
    place(world, "SELL", "0.1", "62000")
    assert world.account.available(world.desk.open_orders) == D(10000) - D(6200) / 20


def test_hedge_mode_holds_both_sides_at_once(world: World) -> None:
    world.account.hedge = True
    place(world, "BUY", "0.2", position_side=LONG)
    place(world, "SELL", "0.1", position_side=SHORT)
    assert (amount(world, LONG), amount(world, SHORT)) == (D("0.2"), D("-0.1"))
    place(world, "SELL", "0.2", position_side=LONG)
    assert (amount(world, LONG), amount(world, SHORT)) == (0, D("-0.1"))
    assert reason_of(world, "BUY", "0.2", position_side=SHORT) is Reason.REDUCE_ONLY_REJECTED


def test_an_order_of_the_other_position_mode_is_refused(world: World) -> None:
    assert reason_of(world, "BUY", "0.1", position_side=LONG) is Reason.POSITION_SIDE_MISMATCH
    world.account.hedge = True
    assert reason_of(world, "BUY", "0.1") is Reason.POSITION_SIDE_MISMATCH


def test_filters_hold_orders(world: World) -> None:
    assert reason_of(world, "BUY", "0.1", "63100") is Reason.PRICE_ABOVE_BAND
    assert reason_of(world, "SELL", "0.1", "56900") is Reason.PRICE_BELOW_BAND
    assert reason_of(world, "BUY", "0.1", "59000.05") is Reason.PRICE_OFF_TICK
    assert reason_of(world, "BUY", "121") is Reason.QUANTITY_ABOVE_MAX
    assert reason_of(world, "BUY", "0.001") is Reason.NOTIONAL_BELOW_MIN


def test_a_symbol_that_does_not_trade_lets_only_out(world: World) -> None:
    place(world, "BUY", "0.1")
    world.market.statuses[BTC] = "SETTLING"
    assert reason_of(world, "BUY", "0.1") is Reason.SYMBOL_NOT_OPEN
    assert place(world, "SELL", "0.1", reduce_only=True).status is Status.FILLED


def test_a_client_id_names_one_open_order(world: World) -> None:
    first = place(world, "BUY", "0.01", "59000", client_id="mine")
    assert reason_of(world, "BUY", "0.01", "59000", client_id="mine") is Reason.DUPLICATE_CLIENT_ID
    world.desk.cancel(first, world.clock.now)
    assert place(world, "BUY", "0.01", "59000", client_id="mine").status is Status.NEW


def test_isolated_positions_hold_a_part_of_the_wallet(world: World) -> None:
    world.account.isolated.add(BTC)
    place(world, "SELL", "0.1")
    held = world.account.isolated_wallet(world.account.position(BTC, PositionSide.BOTH))
    assert held == D(300)
    assert world.account.cross_wallet() == D(9700)
    move(world, BTC, "61000")
    assert world.account.unrealised() == D(-100)
    assert world.account.available(world.desk.open_orders) == D(9700)
