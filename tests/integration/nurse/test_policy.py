"""Policy: how soon a change holds, and what happens to one that cannot be believed."""

import json
import time

import pytest

from petrosa_contracts import Code, Mode
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import EPOCH, POLICY, Store

pytestmark = pytest.mark.servers

TINY = {"max_position_size_usd": 100.0}


async def seconds_until_vetoed(bus: Bus, *, at_most: float) -> float:
    """Send orders worth 500 until one is vetoed, and return how long that took."""
    began = time.monotonic()
    while (await bus.ask(intent("watched"))).approved:
        assert time.monotonic() - began < at_most, "the new limit does not hold yet"
    return time.monotonic() - began


async def test_an_announced_change_holds_within_a_second(gate: Gate, bus: Bus, store: Store, engine: Engine) -> None:
    await gate.at_epoch(store.set_policy("strategy:watched", {"max_daily_trades": 10_000}))
    epoch = store.set_policy("strategy:watched", {**TINY, "max_daily_trades": 10_000}, version=2)
    assert await seconds_until_vetoed(bus, at_most=1.0) < 1.0
    assert (await bus.ask(intent("watched"))).epoch == epoch


async def test_an_unannounced_change_holds_within_a_second_and_a_half(
    gate: Gate, bus: Bus, store: Store, engine: Engine
) -> None:
    await gate.at_epoch(store.set_policy("strategy:watched", {"max_daily_trades": 10_000}))
    epoch = store.set_policy("strategy:watched", {**TINY, "max_daily_trades": 10_000}, version=2, announce=False)
    assert await seconds_until_vetoed(bus, at_most=1.5) < 1.5
    assert (await bus.ask(intent("watched"))).epoch == epoch


async def test_an_empty_policy_with_an_epoch_is_a_policy(gate: Gate, bus: Bus, engine: Engine) -> None:
    status, facts = gate.readiness()
    assert (status, facts["ready"], facts["mode"]) == (200, True, "ACTIVE")
    assert (await bus.ask(intent())).approved


@pytest.mark.parametrize(
    "stored",
    [
        b"not json",
        b"\xff",
        json.dumps({"scope": "global", "version": 2}).encode(),
        json.dumps({"scope": "symbol:BTCUSDT", "version": 2, "parameters": {}}).encode(),
        json.dumps({"scope": "global", "version": 0, "parameters": {}}).encode(),
        json.dumps({"scope": "global", "version": 2, "parameters": {"max_position_size_usd": "many"}}).encode(),
        json.dumps({"scope": "global", "version": 2, "parameters": {"max_position_size_usd": 1e9}}).encode(),
        b'{"scope": "global", "version": 2, "parameters": {"max_position_size_usd": NaN}}',
    ],
    ids=["no json", "no text", "no parameters", "another scope", "version 0", "text", "out of bounds", "NaN"],
)
async def test_a_layer_that_cannot_be_believed_leaves_the_last_good_policy_under_the_failsafe_limits(
    gate: Gate, bus: Bus, store: Store, engine: Engine, stored: bytes
) -> None:
    good = store.set_policy("global", {"max_position_size_usd": 9000.0}, version=1)
    await gate.at_epoch(good)
    store.write(POLICY, "global", stored)
    await gate.in_mode("CONSERVATIVE")

    within = await bus.ask(intent(quantity=0.09))
    assert within.approved, within.message
    assert (within.mode, within.epoch) == (Mode.CONSERVATIVE, good)
    assert (await bus.ask(intent(quantity=0.11))).code is Code.FAILSAFE_LIMIT
    above_policy = await bus.ask(intent(quantity=0.19))
    assert [breach.code for breach in above_policy.breaches] == [Code.ORDER_NOTIONAL_MAX, Code.FAILSAFE_LIMIT]
    assert above_policy.breaches[0].limit == 9000.0
    assert (await bus.ask(exit_of(quantity=1.0))).approved
    pulse = await bus.ping()
    assert pulse.status == "DEGRADED"
    assert "global" in pulse.reasons[0]
    assert gate.readiness()[0] == 200

    mended = store.set_policy("global", {"max_position_size_usd": 8000.0}, version=3)
    await gate.in_mode("ACTIVE")
    assert (await bus.ask(intent(quantity=0.16))).epoch == mended


async def test_a_parameter_from_a_newer_version_has_no_effect_and_is_said(
    gate: Gate, bus: Bus, store: Store, engine: Engine
) -> None:
    before = len(gate.events("policy_parameters_unknown"))
    await gate.at_epoch(store.set_policy("global", {"max_moonshots": 3}))
    assert (await bus.ask(intent())).approved
    event = await gate.logged("policy_parameters_unknown", after=before)
    assert event["parameters"] == ["global/max_moonshots"]


async def test_an_epoch_that_was_lost_is_not_taken_for_an_empty_policy(
    gate: Gate, bus: Bus, store: Store, engine: Engine
) -> None:
    await gate.at_epoch(store.set_policy("global", TINY))
    epoch = int(store.client.get(EPOCH))
    store.client.delete(EPOCH, POLICY)
    await gate.in_mode("CONSERVATIVE")
    assert (await bus.ask(intent())).breaches[0].limit == 100.0
    store.client.set(EPOCH, epoch)
    store.set_policy("global", TINY)
    await gate.in_mode("ACTIVE")


async def test_without_any_policy_the_gate_is_blind_and_only_exits_pass(
    new_gate, bus: Bus, store: Store, engine: Engine
) -> None:
    store.forget()
    gate = new_gate(NATS_TOPIC_INTENTS="blind.>").start()
    await eventually(lambda: gate.readiness()[1]["subscribed"])
    status, facts = gate.readiness()
    assert (status, facts["ready"], facts["policy_loaded"], facts["mode"]) == (503, False, False, "BLIND")
    assert gate.get("/healthz")[0] == 200

    entry = await bus.ask(intent(), subject="blind.x")
    assert (entry.code, entry.mode, entry.epoch) == (Code.HALT_ACTIVE, Mode.BLIND, None)
    leaving = await bus.ask(exit_of(), subject="blind.x")
    assert leaving.approved
    await engine.received(leaving.decision_id)

    store.reset()
    await gate.logged("ready")
    assert gate.readiness()[0] == 200
    assert (await bus.ask(intent(), subject="blind.x")).approved
