import asyncio
from datetime import timedelta

import pytest

from cio_nurse.errors import StoreContentError, StoreError, StoreTimeoutError, StoreUnavailableError
from petrosa_contracts import Mode
from tests.builders import TODAY, claim, control_entry, layer, stored_control, stored_policy
from tests.ports.worlds import Stores

POLICY = stored_policy(layer("global", max_daily_trades=5), layer("strategy:ä b:c", version=9, enabled=False))
CONTROL = stored_control(**{"global": control_entry(Mode.SAFE, reason="ünïcode")})


async def test_a_store_that_nobody_wrote_to_has_no_epoch(stores: Stores) -> None:
    stored = await stores.policy.read_policy()
    assert (stored.epoch, stored.policy, stored.control) == (None, {}, {})
    pulse = await stores.policy.read_pulse(TODAY)
    assert (pulse.epoch, pulse.today, pulse.trades_yesterday, pulse.trades_today) == (None, TODAY, {}, {})


async def test_an_empty_policy_has_an_epoch(stores: Stores) -> None:
    await stores.write(policy={}, control={})
    stored = await stores.policy.read_policy()
    assert (stored.epoch, stored.policy, stored.control) == (1, {}, {})


async def test_policy_and_control_are_read_byte_for_byte_with_their_epoch(stores: Stores) -> None:
    await stores.write(policy={}, control={})
    await stores.write(policy=POLICY, control=CONTROL)
    stored = await stores.policy.read_policy()
    assert (stored.epoch, stored.policy, stored.control) == (2, POLICY, CONTROL)
    assert (await stores.policy.read_pulse(TODAY)).epoch == 2


async def test_what_was_read_does_not_change_afterwards(stores: Stores) -> None:
    await stores.write(policy=POLICY, control=CONTROL)
    stored = await stores.policy.read_policy()
    await stores.write(policy={}, control={})
    assert (stored.epoch, stored.policy, stored.control) == (1, POLICY, CONTROL)


async def test_the_pulse_counts_the_trades_of_yesterday_and_today_alone(stores: Stores) -> None:
    for days_ago in range(4):
        claims = [
            claim(f"{days_ago}-{number}", scopes=("symbol:BTCUSDT",), limited_scope=None)
            for number in range(days_ago + 1)
        ]
        await stores.ledger.claim(claims, TODAY - timedelta(days=days_ago))
    pulse = await stores.policy.read_pulse(TODAY)
    assert (pulse.trades_today, pulse.trades_yesterday) == ({"symbol:BTCUSDT": 1}, {"symbol:BTCUSDT": 2})


async def test_listening_begins_with_one_turn_and_every_announcement_is_another(stores: Stores) -> None:
    changes = stores.policy.changes()
    await asyncio.wait_for(anext(changes), 5)
    await stores.write(policy=POLICY, control={})
    await asyncio.wait_for(anext(changes), 5)
    await stores.announce()
    await asyncio.wait_for(anext(changes), 5)


async def test_listening_ends_with_an_error_when_the_store_goes_away(stores: Stores) -> None:
    changes = stores.policy.changes()
    await asyncio.wait_for(anext(changes), 5)
    await stores.stop()
    with pytest.raises(StoreError):
        await asyncio.wait_for(anext(changes), 5)


async def test_listening_to_an_away_store_is_an_error(stores: Stores) -> None:
    await stores.stop()
    with pytest.raises(StoreError):
        await asyncio.wait_for(anext(stores.policy.changes()), 5)


async def test_an_away_store_is_unavailable_until_it_is_back(stores: Stores) -> None:
    await stores.write(policy=POLICY, control=CONTROL)
    await stores.stop()
    with pytest.raises(StoreUnavailableError):
        await stores.policy.read_policy()
    with pytest.raises(StoreUnavailableError):
        await stores.policy.read_pulse(TODAY)
    await stores.recover()
    assert (await stores.policy.read_policy()).policy == POLICY


@pytest.mark.parametrize("name", ["policy", "control"])
async def test_a_key_of_another_type_is_named_and_told_from_a_store_that_is_away(stores: Stores, name: str) -> None:
    await stores.write_wrong_type_of(name)
    with pytest.raises(StoreContentError, match=f"^cio:{name} in Redis holds another type of value than it should$"):
        await stores.policy.read_policy()


async def test_an_epoch_that_is_no_number_is_named(stores: Stores) -> None:
    await stores.write_epoch_text("seven")
    for asked in (stores.policy.read_policy(), stores.policy.read_pulse(TODAY)):
        with pytest.raises(StoreContentError, match="no whole number: 'seven'"):
            await asked


async def test_a_store_that_hangs_times_out_until_it_answers_again(stores: Stores) -> None:
    await stores.write(policy=POLICY, control=CONTROL)
    await stores.hang()
    with pytest.raises(StoreTimeoutError):
        await stores.policy.read_pulse(TODAY)
    await stores.recover()
    assert (await stores.policy.read_pulse(TODAY)).epoch == 1
