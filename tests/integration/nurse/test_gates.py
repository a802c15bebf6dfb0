"""Each gate once, end to end: policy in Redis on one side, the veto and its provenance on the other."""

import asyncio
from typing import Any, NamedTuple

import pytest

from petrosa_contracts import Code
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent, timestamp
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers

SYMBOL = "ADAUSDT"
PRICED = {"symbol": SYMBOL, "price": 50.0, "current_price": 50.0, "quantity": 10.0}
"""An order worth 500."""


class Rule(NamedTuple):
    """A layer that vetoes an intent, what the breach then says, and how the same layer lets one pass."""

    code: Code
    scope: str
    parameters: dict[str, Any]
    fields: dict[str, Any]
    measured: Any
    limit: Any
    unit: str
    passes_with: dict[str, Any]
    """Parameters under which the same intent is exactly at the limit."""


RULES = [
    Rule(Code.STRATEGY_DISABLED, "strategy:gated", {"enabled": False}, {}, "gated", False, "bool", {"enabled": True}),
    Rule(
        Code.SIDE_DISABLED,
        f"symbol:{SYMBOL}",
        {"enable_longs": False},
        {},
        "LONG",
        False,
        "bool",
        {"enable_shorts": False},
    ),
    Rule(
        Code.SIDE_DISABLED,
        f"symbol_side:{SYMBOL}:SHORT",
        {"enable_shorts": False},
        {"action": "sell"},
        "SHORT",
        False,
        "bool",
        {"enable_longs": False},
    ),
    Rule(
        Code.SYMBOL_NOT_ALLOWED,
        "global",
        {"allowed_symbols": ["BTCUSDT", "ETHUSDT"]},
        {},
        SYMBOL,
        "BTCUSDT, ETHUSDT",
        "",
        {"allowed_symbols": ["BTCUSDT", SYMBOL]},
    ),
    Rule(
        Code.CONFIDENCE_LOW,
        f"symbol_side:{SYMBOL}:LONG",
        {"min_confidence_threshold": 0.91},
        {},
        0.9,
        0.91,
        "fraction",
        {"min_confidence_threshold": 0.9},
    ),
    Rule(
        Code.ORDER_NOTIONAL_MAX,
        "strategy:gated",
        {"max_position_size_usd": 499.99},
        {},
        500.0,
        499.99,
        "USD",
        {"max_position_size_usd": 500},
    ),
    Rule(
        Code.ORDER_NOTIONAL_MIN,
        f"symbol:{SYMBOL}",
        {"min_position_size_usd": 500.01},
        {},
        500.0,
        500.01,
        "USD",
        {"min_position_size_usd": 500.0},
    ),
    Rule(
        Code.POSITION_SIZE_MAX,
        "global",
        {"position_size_pct": 0.05},
        {"position_size_pct": 0.06},
        0.06,
        0.05,
        "fraction",
        {"position_size_pct": 0.06},
    ),
    Rule(Code.LEVERAGE_MAX, "strategy:gated", {"max_leverage_bound": 9}, {}, 10, 9, "x", {"max_leverage_bound": 10}),
    Rule(
        Code.LEVERAGE_MAX,
        f"symbol_side:{SYMBOL}:LONG",
        {"max_leverage_bound": 12},
        {"recommended_leverage": 13},
        13,
        12,
        "x",
        {"max_leverage_bound": 13},
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code} by {rule.scope}")
async def test_a_limit_in_policy_is_enforced_and_named(
    gate: Gate, bus: Bus, store: Store, engine: Engine, rule: Rule
) -> None:
    await gate.at_epoch(store.set_policy(rule.scope, rule.parameters, version=7))
    verdict = await bus.ask(intent("gated", **{**PRICED, **rule.fields}))
    assert verdict.code is rule.code, verdict.message
    (breach,) = verdict.breaches
    assert (breach.measured, breach.limit, breach.scope, breach.version) == (
        rule.measured,
        rule.limit,
        rule.scope,
        7,
    )
    assert breach.unit == (rule.unit or breach.unit) != ""
    assert breach.gate == rule.code.lower()

    assert (await bus.ask(exit_of("gated", **PRICED))).approved

    await gate.at_epoch(store.set_policy(rule.scope, rule.passes_with, version=8))
    verdict = await bus.ask(intent("gated", **{**PRICED, **rule.fields}))
    assert verdict.approved, verdict.message


async def test_an_old_intent_is_stale_and_an_old_exit_passes(
    gate: Gate, bus: Bus, store: Store, engine: Engine
) -> None:
    await gate.at_epoch(store.set_policy("global", {"max_signal_age_seconds": 30}, version=2))
    verdict = await bus.ask(intent(timestamp=timestamp(seconds=-31)))
    assert verdict.code is Code.INTENT_STALE
    (breach,) = verdict.breaches
    assert 31 <= breach.measured < 40
    assert (breach.limit, breach.scope, breach.version) == (30, "global", 2)
    assert (await bus.ask(exit_of(timestamp=timestamp(seconds=-3600)))).approved
    assert (await bus.ask(intent(timestamp=timestamp(seconds=-20)))).approved


@pytest.mark.parametrize("action", ["buy", "close"])
async def test_an_intent_from_the_future_is_vetoed_exits_included(
    gate: Gate, bus: Bus, engine: Engine, action: str
) -> None:
    verdict = await bus.ask(intent(action=action, timestamp=timestamp(seconds=10)))
    assert verdict.code is Code.INTENT_FUTURE
    assert verdict.breaches[0].limit == 2.0
    assert (await bus.ask(intent(action=action, timestamp=timestamp(seconds=1)))).approved


@pytest.mark.parametrize("action", ["buy", "sell", "close", "hold"])
async def test_a_repetition_is_vetoed_and_names_the_original(gate: Gate, bus: Bus, engine: Engine, action: str) -> None:
    sent = intent(action=action)
    original = await bus.ask(sent)
    assert original.approved
    again = await bus.ask({**sent, "timestamp": timestamp(), "price": 50001.0})
    assert again.code is Code.INTENT_DUPLICATE
    assert again.breaches[0].limit == original.decision_id
    assert engine.decisions == [original.decision_id]


async def test_ids_are_those_of_a_strategy_and_an_action(gate: Gate, bus: Bus, engine: Engine) -> None:
    sent = intent("first")
    assert (await bus.ask(sent)).approved
    assert (await bus.ask({**sent, "strategy_id": "second"})).approved
    assert (await bus.ask({**sent, "action": "close"})).approved
    assert (await bus.ask({**sent, "action": "close"})).code is Code.INTENT_DUPLICATE


async def test_without_an_id_the_bytes_are_the_identity(gate: Gate, bus: Bus, engine: Engine) -> None:
    sent = intent(without=["intent_id"])
    assert (await bus.ask(sent)).approved
    assert (await bus.ask(sent)).code is Code.INTENT_DUPLICATE
    assert (await bus.ask({**sent, "timestamp": timestamp()})).approved


async def test_a_vetoed_intent_may_be_sent_again(gate: Gate, bus: Bus, engine: Engine) -> None:
    sent = intent()
    assert (await bus.ask({**sent, "confidence": 0.1})).code is Code.CONFIDENCE_LOW
    assert (await bus.ask(sent)).approved


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"stop_loss": 50000.01}, 50000.0),
        ({"action": "sell", "stop_loss": 49999.99}, 50000.0),
        ({"take_profit": 49999.0}, 50000.0),
        ({"stop_loss": -1.0}, 0.0),
        ({"stop_loss_pct": 0.51}, 0.5),
        ({"stop_loss_pct": 2.0}, 0.5),
        ({"take_profit_pct": 0.0}, 0.0),
    ],
)
async def test_a_stop_that_cannot_do_its_work_is_vetoed(
    gate: Gate, bus: Bus, engine: Engine, fields: dict[str, Any], limit: float
) -> None:
    verdict = await bus.ask(intent(**fields))
    assert verdict.code is Code.STOP_INVALID, verdict.message
    assert verdict.breaches[0].limit == limit
    assert (await bus.ask({**intent(**fields), "action": "close", "stop_loss_pct": None})).approved


@pytest.mark.parametrize("scope", ["global", "symbol:TRXUSDT", "strategy:counted", "symbol_side:TRXUSDT:LONG"])
async def test_the_daily_trades_of_the_scope_that_set_the_limit_count(
    gate: Gate, bus: Bus, store: Store, engine: Engine, scope: str
) -> None:
    made = store.trades_of(scope)
    await gate.at_epoch(store.set_policy(scope, {"max_daily_trades": made + 2}, version=3))
    trade = {"symbol": "TRXUSDT", "price": 0.1, "current_price": 0.1, "quantity": 1000.0}
    for _ in range(2):
        verdict = await bus.ask(intent("counted", **trade))
        assert verdict.approved, verdict.message
    verdict = await bus.ask(intent("counted", **trade))
    assert verdict.code is Code.DAILY_TRADES
    (breach,) = verdict.breaches
    assert (breach.measured, breach.limit, breach.scope, breach.version) == (made + 2, made + 2, scope, 3)
    assert (await bus.ask(exit_of("counted", **trade))).approved
    await gate.at_epoch(store.set_policy(scope, {"max_daily_trades": made + 3}, version=4))
    assert (await bus.ask(intent("counted", **trade))).approved


async def test_the_narrowest_scope_wins_key_by_key(gate: Gate, bus: Bus, store: Store, engine: Engine) -> None:
    scopes = ["global", f"symbol:{SYMBOL}", "strategy:gated", f"symbol_side:{SYMBOL}:LONG"]
    for version, scope in enumerate(scopes, start=1):
        limit = 100.0 * version
        await gate.at_epoch(store.set_policy(scope, {"max_position_size_usd": limit}, version=version))
        verdict = await bus.ask(intent("gated", **PRICED))
        (breach,) = verdict.breaches
        assert (breach.code, breach.limit, breach.scope, breach.version) == (
            Code.ORDER_NOTIONAL_MAX,
            limit,
            scope,
            version,
        )
    verdict = await bus.ask(intent("gated", **PRICED, action="sell"))
    assert verdict.breaches[0].scope == "strategy:gated"
    verdict = await bus.ask(intent("another", **{**PRICED, "symbol": "XRPUSDT"}))
    assert verdict.breaches[0].scope == "global"


async def test_orders_leave_no_faster_than_the_rate_and_exits_are_not_held_up(
    new_gate, bus: Bus, engine: Engine
) -> None:
    gate = new_gate(NURSE_MAX_ORDERS_PER_SECOND="20", NATS_TOPIC_INTENTS="rated.>").start_ready()
    orders = [intent("rated") for _ in range(40)]
    exits = [exit_of("rated") for _ in range(10)]
    # All at once, so that they come within a second on a slow machine too.
    verdicts = await asyncio.gather(*(bus.ask(payload, subject="rated.x") for payload in [*orders, *exits]))
    refused = [verdict for verdict in verdicts[:40] if not verdict.approved]
    assert {verdict.code for verdict in refused} == {Code.RATE_LIMIT}
    assert refused[0].breaches[0].limit == 18
    assert len(refused) == 40 - 18
    assert all(verdict.approved for verdict in verdicts[40:])
    assert gate.metric("cio_nurse_verdicts_total", verdict="vetoed", code="RATE_LIMIT") == len(refused)
