"""Control: halts and modes per scope, set by people and watchdogs."""

import pytest

from petrosa_contracts import Code, Mode
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.nurse.store import CONTROL, Store

pytestmark = pytest.mark.servers

SCOPES = ["global", "symbol:BTCUSDT", "strategy:momentum_v1"]
ELSEWHERE = {"strategy_id": "elsewhere", "symbol": "ETHUSDT", "price": 2000.0, "current_price": 2000.0}
"""An order worth 20 that touches neither the symbol nor the strategy of the scopes."""


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_halt_lets_exits_through_and_nothing_else_of_its_scope(
    gate: Gate, bus: Bus, store: Store, engine: Engine, scope: str
) -> None:
    await gate.at_epoch(store.set_control(scope, Mode.HALTED, reason="looks wrong"))
    for action in ("buy", "sell"):
        verdict = await bus.ask(intent(action=action))
        assert (verdict.code, verdict.mode, verdict.breaches[0].scope) == (Code.HALT_ACTIVE, Mode.HALTED, scope)
        assert "looks wrong" in verdict.message
    for action in ("close", "hold"):
        assert (await bus.ask(intent(action=action))).approved
    assert (await bus.ask(intent(**ELSEWHERE))).approved == (scope != "global")

    await gate.at_epoch(store.remove(CONTROL, scope))
    assert (await bus.ask(intent())).approved


@pytest.mark.parametrize("scope", SCOPES)
async def test_frozen_lets_nothing_of_its_scope_through(
    gate: Gate, bus: Bus, store: Store, engine: Engine, scope: str
) -> None:
    await gate.at_epoch(store.set_control(scope, Mode.FROZEN))
    for action in ("buy", "sell", "close", "hold"):
        verdict = await bus.ask(intent(action=action))
        assert (verdict.code, verdict.mode, verdict.breaches[0].scope) == (Code.FROZEN, Mode.FROZEN, scope)
    assert (await bus.ask(exit_of(**ELSEWHERE))).approved == (scope != "global")
    await bus.settle()
    assert [payload["strategy_id"] for payload in engine.payloads] == ([] if scope == "global" else ["elsewhere"])


@pytest.mark.parametrize("scope", SCOPES)
async def test_safe_holds_the_failsafe_limits_on_top_of_policy(
    gate: Gate, bus: Bus, store: Store, engine: Engine, scope: str
) -> None:
    store.set_policy("global", {"max_position_size_usd": 100_000.0})
    await gate.at_epoch(store.set_control(scope, Mode.SAFE))
    small = await bus.ask(intent(quantity=0.1))
    assert small.approved, small.message
    assert small.mode is Mode.SAFE
    large = await bus.ask(intent(quantity=0.1001))
    assert large.code is Code.FAILSAFE_LIMIT
    assert (large.breaches[0].measured, large.breaches[0].limit) == (5005.0, 5000.0)
    assert (await bus.ask(intent(recommended_leverage=11))).code is Code.FAILSAFE_LIMIT
    assert (await bus.ask(exit_of(quantity=1.0))).approved


async def test_safe_lets_no_new_symbol_in(gate: Gate, bus: Bus, store: Store, engine: Engine) -> None:
    assert (await bus.ask(intent())).approved
    await gate.at_epoch(store.set_control("global", Mode.SAFE))
    new = {"symbol": "NEVERSEENUSDT", "price": 1.0, "current_price": 1.0, "quantity": 100.0}

    verdict = await bus.ask(intent(**new))
    assert verdict.code is Code.FAILSAFE_LIMIT
    assert verdict.breaches[0].measured == "NEVERSEENUSDT"
    assert (await bus.ask(exit_of(**new))).approved
    assert (await bus.ask(intent())).approved


async def test_the_strictest_mode_of_all_scopes_wins(gate: Gate, bus: Bus, store: Store) -> None:
    store.set_control("global", Mode.SAFE)
    store.set_control("symbol:BTCUSDT", Mode.FROZEN)
    await gate.at_epoch(store.set_control("strategy:momentum_v1", Mode.HALTED))
    verdict = await bus.ask(exit_of())
    assert (verdict.code, verdict.breaches[0].scope) == (Code.FROZEN, "symbol:BTCUSDT")


async def test_a_halt_ends_by_itself_when_it_expires(gate: Gate, bus: Bus, store: Store, engine: Engine) -> None:
    await gate.at_epoch(store.set_control("strategy:brief", Mode.HALTED, expires_in=0.4))
    assert (await bus.ask(intent("brief"))).code is Code.HALT_ACTIVE

    async def approved() -> bool:
        return (await bus.ask(intent("brief"))).approved

    await eventually_answered(approved, what="the halt has ended")


async def test_a_halt_that_expired_before_it_was_seen_has_no_effect(
    gate: Gate, bus: Bus, store: Store, engine: Engine
) -> None:
    await gate.at_epoch(store.set_control("global", Mode.FROZEN, expires_in=-1))
    assert (await bus.ask(intent())).approved
    assert gate.mode == "ACTIVE"


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("stored", [b"not json", b'{"mode": "PAUSED"}', b"{}", b"\xff"])
async def test_an_unreadable_entry_halts_its_scope(
    *, gate: Gate, bus: Bus, store: Store, engine: Engine, scope: str, stored: bytes
) -> None:
    await gate.at_epoch(store.write(CONTROL, scope, stored))
    verdict = await bus.ask(intent())
    assert (verdict.code, verdict.breaches[0].scope) == (Code.HALT_ACTIVE, scope)
    assert (await bus.ask(exit_of())).approved
    assert (await bus.ask(intent(**ELSEWHERE))).approved == (scope != "global")
    await eventually(lambda: any(scope in event["fields"] for event in gate.events("control_entries_unreadable")))


@pytest.mark.parametrize("field", ["everything", "symbol:", "", "strategy"])
async def test_an_entry_for_no_known_scope_halts_everything(
    gate: Gate, bus: Bus, store: Store, engine: Engine, field: str
) -> None:
    await gate.at_epoch(store.write(CONTROL, field, b'{"mode": "SAFE"}'))
    assert (await bus.ask(intent(**ELSEWHERE))).code is Code.HALT_ACTIVE
    assert (await bus.ask(exit_of())).approved


@pytest.mark.parametrize(
    ("mode", "status"), [(Mode.SAFE, "DEGRADED"), (Mode.HALTED, "HALTED"), (Mode.FROZEN, "FROZEN")]
)
async def test_a_mode_that_holds_everywhere_is_in_the_heartbeat_and_in_readiness(
    gate: Gate, bus: Bus, store: Store, mode: Mode, status: str
) -> None:
    await gate.at_epoch(store.set_control("global", mode, reason="maintenance"))
    pulse = await bus.ping()
    assert (pulse.mode, pulse.status) == (mode, status)
    assert pulse.reasons == (f"{mode} by test: maintenance",)
    code, facts = gate.readiness()
    assert (code, facts["mode"], facts["reasons"]) == (200, mode, list(pulse.reasons))
    assert gate.metric("cio_nurse_mode", mode=mode) == 1
    assert gate.metric("cio_nurse_mode", mode="ACTIVE") == 0


async def test_control_and_policy_are_seen_together(gate: Gate, bus: Bus, store: Store, engine: Engine) -> None:
    store.set_policy("strategy:both", {"max_position_size_usd": 100.0})
    await gate.at_epoch(store.set_control("strategy:both", Mode.HALTED))
    verdict = await bus.ask(intent("both"))
    assert [breach.code for breach in verdict.breaches] == [Code.HALT_ACTIVE, Code.ORDER_NOTIONAL_MAX]
