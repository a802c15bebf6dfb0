from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from devstack.exchange.orders import Order, OrderType, Side
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.server import Exchange
from devstack.exchange.settings import Settings
from devstack.exchange.weights import OrderCounts, Weights
from devstack.exchange.world import Store
from tests.unit.devstack.exchange.exchanges import BTC, START, settings, still_world


def test_what_was_saved_goes_on_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    world = store.load(settings())
    world.desk.place(Order(BTC, Side.BUY, OrderType.LIMIT, Decimal("0.1"), Decimal(59000)), world.clock.now)
    store.save(world)
    copy = store.load(settings(seed=99, balance=Decimal(1)))
    for each in (world, copy):
        each.clock.advance(120_000)
        each.catch_up()
    assert copy.market.last(BTC) == world.market.last(BTC)
    assert copy.account.wallet == Decimal(10_000)
    assert [each.as_json() for each in copy.desk.open_orders] == [each.as_json() for each in world.desk.open_orders]


def test_a_reset_world_is_as_new() -> None:
    world, new = still_world(), still_world()
    world.desk.place(Order(BTC, Side.BUY, OrderType.MARKET, Decimal("0.1")), world.clock.now)
    world.clock.advance(90_000)
    world.catch_up()
    world.reset()
    for each in (world, new):
        each.clock.advance(60_000)
        each.catch_up()
    assert world.market.last(BTC) == new.market.last(BTC)
    assert (world.account.wallet, world.desk.orders) == (Decimal(10_000), {})
    assert not any(world.account.open_positions())


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = settings(start=None, balance=Decimal("12.50"))
    written.write(tmp_path / "settings.json")
    assert Settings.read(tmp_path / "settings.json") == written
    assert (tmp_path / "settings.json").stat().st_mode & 0o077 == 0


def test_weight_is_counted_by_the_minute() -> None:
    weights = Weights(limit=50)
    weights.add(50, START)
    with pytest.raises(RefusedError) as refusal:
        weights.add(1, START + 1)
    assert (refusal.value.reason, refusal.value.status) == (Reason.TOO_MANY_REQUESTS, 429)
    weights.add(1, START + 60_000)
    assert weights.used == 1


def test_orders_are_counted_in_ten_seconds_and_in_a_minute() -> None:
    counts = OrderCounts()
    for _ in range(300):
        counts.add(START)
    assert counts.headers == {"X-MBX-ORDER-COUNT-10S": "300", "X-MBX-ORDER-COUNT-1M": "300"}
    with pytest.raises(RefusedError) as refusal:
        counts.add(START + 1)
    assert (refusal.value.code, refusal.value.status) == (-1015, 429)
    counts.add(START + 10_000)
    assert counts.short.used == 1


def test_a_start_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        Exchange(tmp_path, start=datetime(2024, 1, 1))  # noqa: DTZ001 - that is what is refused
