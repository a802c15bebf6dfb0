import asyncio
import json
from collections.abc import Callable

import pytest

from cio_strategist.domain.policy.edit import PatchParameters
from cio_strategist.domain.policy.layer_change import LayerChange, edit_layer
from cio_strategist.domain.policy.stored import Change, StoredPolicy, Write
from cio_strategist.errors import RefusedError, StoreUnreachableError
from petrosa_contracts import Mode
from tests.ports.authority_worlds import PolicyWorld
from tests.strategist_fakes import NOON, writing
from tests.strategist_records import BTC, BTC_LONG, GLOBAL, STRATEGY, control_write, entry, layer_write


def patching(scope: str = GLOBAL, **parameters: object) -> Callable[[StoredPolicy], LayerChange]:
    edit = PatchParameters(parameters=parameters)
    return lambda stored: edit_layer(stored, edit, scope=scope, by="anna", now=NOON)


async def test_a_store_that_nobody_wrote_to_has_no_epoch(policy: PolicyWorld) -> None:
    stored = await policy.store.read()
    assert stored == StoredPolicy(None, {}, {}, {}, (), {})


async def test_an_empty_write_makes_an_empty_policy(policy: PolicyWorld) -> None:
    committed = await policy.store.commit(writing(Write(scope=None)))
    assert committed.epoch == 1
    assert await policy.store.read() == StoredPolicy(1, {}, {}, {}, (), {})


@pytest.mark.parametrize("scope", [GLOBAL, BTC, BTC_LONG, STRATEGY])
async def test_a_layer_is_read_as_it_was_written(policy: PolicyWorld, scope: str) -> None:
    write = layer_write(scope, 3, leverage=5, stop_loss_pct=2.5, allowed_symbols=["BTCUSDT"], enable_shorts=False)
    await policy.store.commit(writing(write))
    stored = await policy.store.read()
    assert stored.layers == write.layers
    assert stored.versions == {scope: "3"}


async def test_a_layer_is_replaced_whole_and_removed_with_its_version_remembered(policy: PolicyWorld) -> None:
    await policy.store.commit(writing(layer_write(BTC, 1, leverage=5)))
    replacing = layer_write(BTC, 2, max_daily_trades=7)
    await policy.store.commit(writing(replacing))
    assert (await policy.store.read()).layers == replacing.layers
    await policy.store.commit(writing(Write(scope=BTC, layers={BTC: None}, versions={BTC: 3})))
    stored = await policy.store.read()
    assert (stored.layers, stored.versions, stored.epoch) == ({}, {BTC: "3"}, 3)


async def test_scopes_do_not_touch_each_other(policy: PolicyWorld) -> None:
    scopes = [GLOBAL, BTC, "symbol:ETHUSDT", BTC_LONG, "symbol_side:BTCUSDT:SHORT", STRATEGY, "strategy:b"]
    for number, scope in enumerate(scopes, 1):
        await policy.store.commit(writing(layer_write(scope, number, leverage=number)))
    stored = await policy.store.read()
    leverage = {scope: json.loads(text)["parameters"]["leverage"] for scope, text in stored.layers.items()}
    assert leverage == {scope: number for number, scope in enumerate(scopes, 1)}
    assert stored.epoch == len(scopes)


async def test_control_is_kept_byte_for_byte_and_lifted(policy: PolicyWorld) -> None:
    halt = entry(at=NOON.replace(microsecond=123456), until=NOON.replace(hour=13, microsecond=1))
    write = control_write(STRATEGY, halt)
    await policy.store.commit(writing(write))
    await policy.store.commit(writing(control_write(GLOBAL, entry(Mode.SAFE))))
    stored = await policy.store.read()
    assert stored.control[STRATEGY] == write.control[STRATEGY]
    await policy.store.commit(writing(control_write(STRATEGY, None)))
    assert set((await policy.store.read()).control) == {GLOBAL}


async def test_removing_what_is_not_there_is_no_error(policy: PolicyWorld) -> None:
    gone = Write(scope=BTC, layers={BTC: None}, control={BTC: None})
    assert (await policy.store.commit(writing(gone))).epoch == 1


async def test_a_decision_to_write_nothing_writes_nothing(policy: PolicyWorld) -> None:
    assert (await policy.store.commit(lambda _: Change(None))).epoch is None
    await policy.store.commit(patching(leverage=5))
    committed = await policy.store.commit(patching(leverage=5))
    assert (committed.change.version, committed.epoch) == (1, 1)
    assert (await policy.store.read()).epoch == 1


async def test_what_a_decision_raises_comes_out_and_nothing_is_written(policy: PolicyWorld) -> None:
    def refuse(_: StoredPolicy) -> Change:
        raise RefusedError("no")

    with pytest.raises(RefusedError, match="no"):
        await policy.store.commit(refuse)
    assert (await policy.store.read()).epoch is None


async def test_writers_at_once_lose_nothing_and_versions_have_no_gaps(policy: PolicyWorld) -> None:
    await policy.store.commit(writing(Write(scope=None)))
    names, rounds = ("max_daily_trades", "max_concurrent_positions"), 6

    async def write_all(name: str, number: int) -> list[int]:
        store = (policy.store, policy.another_store)[number]
        return [(await store.commit(patching(**{name: value}))).change.version for value in range(1, rounds + 1)]

    written = await asyncio.gather(*(write_all(name, number) for number, name in enumerate(names)))
    assert sorted(version for versions in written for version in versions) == list(range(1, 2 * rounds + 1))
    stored = await policy.store.read()
    assert json.loads(stored.layers[GLOBAL])["parameters"] == dict.fromkeys(names, rounds)
    assert stored.epoch == 1 + 2 * rounds


async def test_an_away_store_is_unreachable_until_it_is_back(policy: PolicyWorld) -> None:
    await policy.store.commit(patching(leverage=5))
    await policy.stop()
    with pytest.raises(StoreUnreachableError):
        await policy.store.read()
    with pytest.raises(StoreUnreachableError):
        await policy.store.commit(patching(leverage=6))
    await policy.start()
    stored = await until_back(policy)
    assert json.loads(stored.layers[GLOBAL])["parameters"] == {"leverage": 5}
    assert (await policy.store.commit(patching(leverage=6))).change.version == 2


async def until_back(policy: PolicyWorld) -> StoredPolicy:
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        try:
            return await policy.store.read()
        except StoreUnreachableError:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)
