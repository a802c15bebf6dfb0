"""What gates measure of an intent that they let pass."""

from typing import Any

import pytest

from cio_decision.breaches import plain
from cio_decision.context import Context
from cio_decision.evaluation import examine
from cio_decision.gates import GATES
from petrosa_contracts import Code, Mode
from petrosa_contracts.primal import BUILT_IN
from tests.builders import (
    context,
    intent,
    market_view,
    passes,
    policy,
    portfolio_view,
    regime_view,
)

EVERYTHING_ON: dict[str, Any] = {
    "market": market_view(),
    "regime": regime_view(),
    "portfolio": portfolio_view(),
    "primal": BUILT_IN,
    "max_orders_per_second": 100,
    "policy": policy(allowed_symbols=["BTCUSDT", "ETHUSDT"], portfolio_leverage_cap=50),
}
FULL = {"stop_loss": 49_000.0, "position_size_pct": 0.002, "order_type": "limit"}


def readings(fields: dict[str, Any], circumstances: Context) -> dict[Code, tuple[Any, Any]]:
    found = examine(intent(**fields), circumstances)
    assert found.breaches == ()
    return dict(found.measured)


def test_every_gate_that_applies_tells_what_it_measured() -> None:
    safe = context(**EVERYTHING_ON, system_mode=Mode.CONSERVATIVE)
    silent = {Code.AUDIT_UNAVAILABLE}
    assert readings(FULL, safe).keys() == {gate.code for gate in GATES} - silent


@pytest.mark.parametrize(
    ("code", "measured", "limit"),
    [
        (Code.FROZEN, "ACTIVE", "BLIND"),
        (Code.HALT_ACTIVE, "ACTIVE", "CONSERVATIVE"),
        (Code.INTENT_STALE, 0.0, 300),
        (Code.INTENT_FUTURE, 0.0, 2.0),
        (Code.STRATEGY_DISABLED, "momentum_v1", True),
        (Code.SIDE_DISABLED, "LONG", True),
        (Code.SYMBOL_NOT_ALLOWED, "BTCUSDT", "BTCUSDT, ETHUSDT"),
        (Code.CONFIDENCE_LOW, 0.9, 0.5),
        (Code.ORDER_NOTIONAL_MAX, 500, 1000),
        (Code.ORDER_NOTIONAL_MIN, 500, 10),
        (Code.POSITION_SIZE_MAX, 0.002, 0.1),
        (Code.LEVERAGE_MAX, 10, 125),
        (Code.STOP_INVALID, 49_000.0, 50_000.0),
        (Code.DAILY_TRADES, 0, 100),
        (Code.RATE_LIMIT, 0, 90),
        (Code.PRICE_PHANTOM, 0, 0.1),
        (Code.PRICE_INCONSISTENT, 0, 5),
        (Code.FILTER_PERCENT_PRICE, 50_000, 52_500),
        (Code.REGIME_SIZE, 500, 1000),
        (Code.REGIME_INCREASE, False, True),
        (Code.REGIME_ENTRY, "normal", "high"),
        (Code.PRIMAL_LIMIT, 500, 1000),
        (Code.DEADLINE_EXCEEDED, 0.0, 50.0),
    ],
)
def test_what_is_measured_and_what_it_is_held_against(code: Code, measured: Any, limit: Any) -> None:
    found = readings(FULL, context(**EVERYTHING_ON))[code]
    assert [plain(each) for each in found] == [measured, limit]


def test_an_exit_is_measured_by_the_gates_that_look_at_it() -> None:
    codes = readings({"action": "close"}, context(**EVERYTHING_ON)).keys()
    assert {Code.PRICE_PHANTOM, Code.PRIMAL_LIMIT, Code.SYMBOL_UNKNOWN} <= codes
    assert not codes & {Code.ORDER_NOTIONAL_MAX, Code.EXPOSURE_MAX, Code.REGIME_SIZE}


def test_a_gate_that_is_off_measures_nothing() -> None:
    off = context()
    for gate in GATES:
        assert passes(gate.check(intent(), off))
    assert not readings({}, off).keys() & {Code.PRICE_PHANTOM, Code.REGIME_SIZE, Code.EXPOSURE_MAX, Code.PRIMAL_LIMIT}
