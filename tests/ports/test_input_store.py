import asyncio

import pytest

from cio_nurse.errors import StoreContentError, StoreError, StoreTimeoutError, StoreUnavailableError
from tests.ports.worlds import Stores

MARKET = {"BTCUSDT": b'{"a": 1}', "ETHUSDT": "{ünreadable".encode(), "龙虾USDT": b"\xff"}


async def test_a_store_that_nobody_wrote_to_holds_nothing(stores: Stores) -> None:
    assert await stores.inputs.read_market() == {}
    assert await stores.inputs.read_market({"BTCUSDT"}) == {}
    assert await stores.inputs.read_regime() == {}
    assert await stores.inputs.read_portfolio() is None


async def test_what_is_stored_is_read_byte_for_byte(stores: Stores) -> None:
    await stores.write_market(MARKET)
    await stores.write_regime({"global": b"calm", "BTCUSDT": b"wild"})
    await stores.write_portfolio(b'{"positions": []}')
    assert await stores.inputs.read_market() == MARKET
    assert await stores.inputs.read_regime() == {"global": b"calm", "BTCUSDT": b"wild"}
    assert await stores.inputs.read_portfolio() == b'{"positions": []}'


async def test_some_symbols_are_read_alone_and_those_that_are_not_there_left_out(stores: Stores) -> None:
    await stores.write_market(MARKET)
    asked = {"BTCUSDT", "龙虾USDT", "DOGEUSDT"}
    assert await stores.inputs.read_market(asked) == {name: MARKET[name] for name in ("BTCUSDT", "龙虾USDT")}


async def test_listening_begins_with_an_empty_set_and_then_names_what_changed(stores: Stores) -> None:
    changes = stores.inputs.market_changes()
    assert await asyncio.wait_for(anext(changes), 5) == frozenset()
    await stores.write_market(MARKET, "BTCUSDT", "龙虾USDT")
    assert await asyncio.wait_for(anext(changes), 5) == {"BTCUSDT", "龙虾USDT"}
    await stores.write_market(MARKET)
    assert await asyncio.wait_for(anext(changes), 5) == frozenset()


async def test_listening_ends_with_an_error_when_the_store_goes_away(stores: Stores) -> None:
    changes = stores.inputs.market_changes()
    await asyncio.wait_for(anext(changes), 5)
    await stores.stop()
    with pytest.raises(StoreError):
        await asyncio.wait_for(anext(changes), 5)


async def test_a_key_that_holds_something_else_is_told_from_a_store_that_is_away(stores: Stores) -> None:
    await stores.write_wrong_types()
    for asked in (
        stores.inputs.read_market(),
        stores.inputs.read_market({"BTCUSDT"}),
        stores.inputs.read_regime(),
        stores.inputs.read_portfolio(),
    ):
        with pytest.raises(StoreContentError, match="WRONGTYPE"):
            await asked


async def test_an_away_store_is_unavailable_until_it_is_back(stores: Stores) -> None:
    await stores.write_market(MARKET)
    await stores.stop()
    with pytest.raises(StoreUnavailableError):
        await stores.inputs.read_market()
    with pytest.raises(StoreUnavailableError):
        await stores.inputs.read_portfolio()
    await stores.recover()
    assert await stores.inputs.read_market() == MARKET


async def test_a_store_that_hangs_times_out_until_it_answers_again(stores: Stores) -> None:
    await stores.write_regime({"global": b"calm"})
    await stores.hang()
    with pytest.raises(StoreTimeoutError):
        await stores.inputs.read_regime()
    await stores.recover()
    assert await stores.inputs.read_regime() == {"global": b"calm"}
