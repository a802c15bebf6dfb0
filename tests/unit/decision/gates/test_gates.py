"""The list of gates: complete, in the order of the specification, and each as its row says."""

import importlib
import pkgutil
from decimal import Decimal
from typing import Any

import pytest

from cio_decision import gates
from cio_decision.context import LedgerView, Reserved
from cio_decision.evaluation import examine
from cio_decision.gates import FOR_CLOSES, FOR_REDUCING_ORDERS, GATES
from petrosa_contracts import Code, Mode, Trend, VolatilityPhase
from petrosa_contracts.primal import BUILT_IN
from tests.builders import (
    ABSENT,
    ago,
    codes,
    context,
    control,
    intent,
    market_state,
    market_view,
    policy,
    portfolio_state,
    portfolio_view,
    position,
    quote,
    regime_status,
    regime_view,
)

ROWS = [
    {Code.PAYLOAD_INVALID},
    {Code.HALT_ACTIVE, Code.FROZEN},
    {Code.INTENT_STALE, Code.INTENT_FUTURE},
    {Code.INTENT_DUPLICATE},
    {Code.STRATEGY_DISABLED, Code.SIDE_DISABLED},
    {Code.SYMBOL_NOT_ALLOWED},
    {Code.CONFIDENCE_LOW},
    {Code.ORDER_NOTIONAL_MAX, Code.ORDER_NOTIONAL_MIN},
    {Code.POSITION_SIZE_MAX},
    {Code.LEVERAGE_MAX},
    {Code.STOP_INVALID},
    {Code.DAILY_TRADES},
    {Code.RATE_LIMIT, Code.OVERLOADED},
    {Code.SYMBOL_UNKNOWN, Code.SYMBOL_NOT_TRADING},
    {Code.PRICE_PHANTOM, Code.PRICE_INCONSISTENT},
    {Code.FILTER_TICK, Code.FILTER_LOT, Code.FILTER_MIN_NOTIONAL, Code.FILTER_PERCENT_PRICE},
    {Code.MARKET_STALE, Code.REGIME_STALE, Code.PORTFOLIO_STALE},
    {Code.REGIME_SIZE, Code.REGIME_INCREASE, Code.REGIME_ENTRY},
    {Code.DAILY_LOSS, Code.DRAWDOWN},
    {Code.EXPOSURE_MAX, Code.POSITIONS_MAX, Code.LEVERAGE_TOTAL},
    {Code.FAILSAFE_LIMIT},
    {Code.PRIMAL_LIMIT},
    {Code.AUDIT_UNAVAILABLE, Code.DEADLINE_EXCEEDED},
]
"""The codes as the design's table groups and orders them."""

BEFORE_EVALUATION = {Code.PAYLOAD_INVALID, Code.OVERLOADED}
"""What is found before there is an intent to evaluate."""

NOT_EXEMPT = {
    Code.FROZEN,
    Code.INTENT_FUTURE,
    Code.INTENT_DUPLICATE,
    Code.SYMBOL_UNKNOWN,
    Code.FILTER_TICK,
    Code.FILTER_LOT,
    Code.FILTER_PERCENT_PRICE,
    Code.PRIMAL_LIMIT,
}
"""What an exit has to pass, besides being readable."""

NOTED = {Code.PRICE_PHANTOM, Code.PRICE_INCONSISTENT}
"""What is recorded about an exit and lets it pass."""

NOTED_ABOUT_CLOSES = NOTED | {Code.FILTER_TICK, Code.FILTER_LOT, Code.FILTER_PERCENT_PRICE}
"""What is only recorded about a close, whose amount and price no engine takes from the intent."""

LIMIT_ORDER = {"order_type": "limit"}
HIGH, EXTREME = VolatilityPhase.HIGH, VolatilityPhase.EXTREME
ON_ITS_WAY = LedgerView(reserved=Reserved(opens_this=True))

EACH_BREACHED: dict[Code, tuple[dict[str, Any], dict[str, Any]]] = {
    Code.FROZEN: ({}, {"control": control(Mode.FROZEN)}),
    Code.HALT_ACTIVE: ({}, {"control": control(Mode.HALTED)}),
    Code.INTENT_STALE: ({"timestamp": ABSENT}, {}),
    Code.INTENT_FUTURE: ({"timestamp": "2026-02-25T13:00:00Z"}, {}),
    Code.INTENT_DUPLICATE: ({}, {"ledger": LedgerView(taken_by="f" * 32)}),
    Code.STRATEGY_DISABLED: ({}, {"policy": policy(enabled=False)}),
    Code.SIDE_DISABLED: ({}, {"policy": policy(enable_longs=False)}),
    Code.SYMBOL_NOT_ALLOWED: ({}, {"policy": policy(allowed_symbols=["ETHUSDT"])}),
    Code.CONFIDENCE_LOW: ({"confidence": 0.1}, {}),
    Code.ORDER_NOTIONAL_MAX: ({"quantity": 1.0}, {}),
    Code.ORDER_NOTIONAL_MIN: ({"quantity": 0.0001}, {}),
    Code.POSITION_SIZE_MAX: ({"position_size_pct": 0.9}, {}),
    Code.LEVERAGE_MAX: ({"recommended_leverage": 126}, {}),
    Code.STOP_INVALID: ({"stop_loss": 60_000.0}, {}),
    Code.DAILY_TRADES: ({}, {"ledger": LedgerView(trades_today={"strategy:momentum_v1": 100})}),
    Code.RATE_LIMIT: ({}, {"max_orders_per_second": 10, "orders_last_second": 9}),
    Code.MARKET_STALE: ({}, {"market": market_view(market_state(as_of=ago(15.1)))}),
    Code.REGIME_STALE: ({}, {"regime": regime_view(symbol=None, market=None)}),
    Code.PORTFOLIO_STALE: ({}, {"portfolio": portfolio_view(portfolio_state(equity=None))}),
    Code.DAILY_LOSS: ({}, {"portfolio": portfolio_view(portfolio_state(daily_loss_latched=Decimal(5001)))}),
    Code.DRAWDOWN: ({}, {"portfolio": portfolio_view(portfolio_state(drawdown_latched=Decimal("0.21")))}),
    Code.EXPOSURE_MAX: ({}, {"portfolio": portfolio_view(portfolio_state(position(quantity=2)))}),
    Code.POSITIONS_MAX: ({}, {"portfolio": portfolio_view(), "ledger": LedgerView(reserved=Reserved(positions=10))}),
    Code.LEVERAGE_TOTAL: ({}, {"policy": policy(portfolio_leverage_cap=9), "portfolio": portfolio_view()}),
    Code.SYMBOL_UNKNOWN: ({}, {"market": market_view(known=False)}),
    Code.SYMBOL_NOT_TRADING: ({}, {"market": market_view(market_state(status="BREAK"))}),
    Code.PRICE_PHANTOM: ({"price": 50_100.0}, {"market": market_view()}),
    Code.PRICE_INCONSISTENT: ({"price": 52_525.0}, {"market": market_view(market_state(price=52_525))}),
    Code.FILTER_TICK: ({**LIMIT_ORDER, "price": 50_000.05, "current_price": 50_000.05}, {"market": market_view()}),
    Code.FILTER_LOT: ({"quantity": 0.0105}, {"market": market_view()}),
    Code.FILTER_MIN_NOTIONAL: ({"quantity": 0}, {"market": market_view(market_state(mark=quote(30_000)))}),
    Code.FILTER_PERCENT_PRICE: (LIMIT_ORDER, {"market": market_view(market_state(mark=quote(40_000)))}),
    Code.REGIME_SIZE: ({"quantity": 0.011}, {"regime": regime_view(symbol=regime_status(HIGH))}),
    Code.REGIME_INCREASE: ({}, {"regime": regime_view(symbol=regime_status(HIGH)), "ledger": ON_ITS_WAY}),
    Code.REGIME_ENTRY: (
        {"quantity": 0.005},
        {"regime": regime_view(symbol=regime_status(EXTREME, trend=Trend.DOWN)), "portfolio": portfolio_view()},
    ),
    Code.FAILSAFE_LIMIT: ({"recommended_leverage": 11}, {"system_mode": Mode.CONSERVATIVE}),
    Code.PRIMAL_LIMIT: ({"price": 60_000.0}, {"primal": BUILT_IN}),
    Code.AUDIT_UNAVAILABLE: ({}, {"audit_available": False}),
    Code.DEADLINE_EXCEEDED: ({}, {"decision_seconds": 1.0}),
}
"""For each gate, what makes an intent and its context breach this gate and no other."""


NEVER_TOGETHER = {
    Code.FROZEN,
    Code.INTENT_FUTURE,
    Code.SYMBOL_UNKNOWN,
    Code.FILTER_MIN_NOTIONAL,
    Code.MARKET_STALE,
    Code.REGIME_STALE,
    Code.FAILSAFE_LIMIT,
}
"""What is never found beside a breach of HALT_ACTIVE, INTENT_STALE, SYMBOL_NOT_TRADING, FILTER_PERCENT_PRICE or
REGIME_SIZE, each of which excludes some of these."""


def test_every_code_has_a_module_named_after_it() -> None:
    modules = {module.name for module in pkgutil.iter_modules(gates.__path__)}
    assert modules == {code.lower() for code in Code}


def test_the_specification_and_the_code_know_the_same_codes() -> None:
    assert set.union(*ROWS) == set(Code)


def test_the_gates_are_in_the_order_of_the_specification() -> None:
    rows = [next(number for number, row in enumerate(ROWS) if gate.code in row) for gate in GATES]
    assert rows == sorted(rows)
    assert {gate.code for gate in GATES} == set(Code) - BEFORE_EVALUATION
    assert len(GATES) == len({gate.code for gate in GATES})


def test_each_gate_runs_the_check_of_its_own_module() -> None:
    for gate in GATES:
        module = importlib.import_module(f"cio_decision.gates.{gate.code.lower()}")
        assert gate.check is module.check


def test_an_order_out_of_a_position_is_noted_for_its_prices_and_held_to_the_exchanges_filters() -> None:
    assert {gate.code for gate in FOR_REDUCING_ORDERS.vetoing} == NOT_EXEMPT
    assert {gate.code for gate in FOR_REDUCING_ORDERS.noting} == NOTED


def test_a_close_is_noted_for_filters_as_well() -> None:
    assert {gate.code for gate in FOR_CLOSES.vetoing} == NOT_EXEMPT - NOTED_ABOUT_CLOSES
    assert {gate.code for gate in FOR_CLOSES.noting} == NOTED_ABOUT_CLOSES


def test_there_is_an_example_for_every_gate() -> None:
    assert EACH_BREACHED.keys() == {gate.code for gate in GATES}


@pytest.mark.parametrize("code", EACH_BREACHED)
def test_each_gate_finds_its_breach_and_no_other_gate_does(code: Code) -> None:
    fields, circumstances = EACH_BREACHED[code]
    (breach,) = examine(intent(**fields), context(**circumstances)).breaches
    assert (breach.code, breach.gate) == (code, code.lower())


def test_all_breaches_are_listed_in_the_order_of_the_gates() -> None:
    everything = context(
        control=control(Mode.HALTED),
        ledger=LedgerView(taken_by="f" * 32, trades_today={"global": 1}, reserved=Reserved(opens_this=True)),
        market=market_view(market_state(status="BREAK")),
        regime=regime_view(symbol=regime_status(EXTREME, trend=Trend.DOWN)),
        policy=policy(
            enabled=False,
            enable_longs=False,
            allowed_symbols=["ETHUSDT"],
            position_size_pct=0.01,
            leverage=20,
            max_leverage_bound=10,
            max_daily_trades=1,
            min_position_size_usd=10_000.0,
            max_concurrent_positions=1,
            portfolio_leverage_cap=10,
        ),
        portfolio=portfolio_view(
            portfolio_state(
                position(symbol="ETHUSDT"),
                equity=1000,
                as_of=ago(61),
                daily_loss_latched=Decimal(60),
                drawdown_latched=Decimal("0.3"),
            )
        ),
        max_orders_per_second=1,
        orders_last_second=1,
        audit_available=False,
        decision_seconds=1.0,
        primal=BUILT_IN,
    )
    worst = intent(
        **LIMIT_ORDER,
        timestamp=ABSENT,
        confidence=0.1,
        current_price=60_000.05,
        quantity=0.1005,
        position_size_pct=0.5,
        stop_loss=70_000.0,
    )
    found = codes(examine(worst, everything).breaches)
    order = [str(gate.code) for gate in GATES]
    assert found == [code for code in order if code not in NEVER_TOGETHER]
