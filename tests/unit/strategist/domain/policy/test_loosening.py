"""Loosening: what raises risk, how far, and what of it a budget covers."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.loosening import (
    BEYOND_MEASURE,
    WHOLE,
    Budgets,
    Loosened,
    budget_uses,
    direction_between,
    exceeded,
    relative_loosening,
    same_value,
)
from cio_strategist.domain.policy.outcome import BudgetUse, Direction
from petrosa_contracts import CATALOGUE
from petrosa_contracts.parameters.definition import Risk, read_only

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
BUDGETS = Budgets(agent=0.2, operator=2.0)
TIGHTENS, LOOSENS, MIXED, NEUTRAL = Direction.TIGHTENS, Direction.LOOSENS, Direction.MIXED, Direction.NEUTRAL


def weighed(name: str, before: Any, after: Any) -> tuple[Direction, float]:
    parameter = CATALOGUE[name]
    return direction_between(parameter, before, after), relative_loosening(parameter, before, after)


@pytest.mark.parametrize(
    ("name", "before", "after", "loosening"),
    [
        ("leverage", 10, 12, 0.2),
        ("leverage", 5, 10, 1.0),
        ("leverage", 1, 125, 124.0),
        ("min_confidence_threshold", 0.6, 0.5, 0.2),
        ("min_confidence_threshold", 0.5, 0.0, BEYOND_MEASURE),
        ("max_retries", 0, 1, BEYOND_MEASURE),
        ("slippage_tolerance_pct", 0.0, 5e-324, BEYOND_MEASURE),
        ("override_step_size", 1e-6, 1.0, 999_999.0),
        ("override_min_qty", 1e-6, 1000.0, BEYOND_MEASURE),
        ("enabled", False, True, WHOLE),
        ("risk_management_enabled", True, False, WHOLE),
        ("margin_type", "isolated", "cross", WHOLE),
        ("same_direction_conflict_resolution", "reject_duplicates", "accumulate", WHOLE),
        ("allowed_symbols", ["BTCUSDT"], ["BTCUSDT", "ETHUSDT"], WHOLE),
        ("allowed_symbols", ["BTCUSDT"], [], WHOLE),
        ("portfolio_leverage_cap", 10, 20, 1.0),
        ("portfolio_leverage_cap", 10_000, 0, BEYOND_MEASURE),
    ],
)
def test_what_raises_risk_loosens_and_its_reverse_tightens(
    name: str, before: Any, after: Any, loosening: float
) -> None:
    direction, amount = weighed(name, before, after)
    assert (direction, amount) == (LOOSENS, pytest.approx(loosening))
    assert weighed(name, after, before) == (TIGHTENS, 0.0)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("leverage", 10, 10),
        ("take_profit_pct", 1.0, 50.0),
        ("default_order_type", "market", "limit"),
        ("strategy_weights", {"default": 1.0}, {"default": 5.0}),
        ("allowed_symbols", ["BTCUSDT", "ETHUSDT"], ["ETHUSDT", "BTCUSDT"]),
        ("allowed_symbols", (), []),
        ("override_min_qty", None, None),
    ],
)
def test_what_carries_no_risk_or_changes_nothing_is_neutral(name: str, before: Any, after: Any) -> None:
    assert weighed(name, before, after) == weighed(name, after, before) == (NEUTRAL, 0.0)


@pytest.mark.parametrize(("before", "after"), [(None, 5.0), (5.0, None)])
def test_null_and_a_number_cannot_be_compared_so_both_ways_loosen(before: Any, after: Any) -> None:
    assert weighed("override_min_notional", before, after) == (LOOSENS, WHOLE)


def test_other_symbols_than_before_are_mixed_and_count_as_loosened() -> None:
    assert weighed("allowed_symbols", ["BTCUSDT", "ETHUSDT"], ["ETHUSDT", "SOLUSDT"]) == (MIXED, WHOLE)


def test_lists_and_maps_that_lower_risk_would_be_understood_too() -> None:
    protecting = replace(CATALOGUE["allowed_symbols"], name="blocked_symbols", risk=Risk.LOWERS)
    assert direction_between(protecting, ["BTCUSDT"], ["BTCUSDT", "ETHUSDT"]) is TIGHTENS
    assert direction_between(protecting, ["BTCUSDT"], []) is LOOSENS
    risky = replace(CATALOGUE["strategy_weights"], risk=Risk.RAISES)
    assert direction_between(risky, {"a": 1.0}, {"a": 2.0}) is LOOSENS
    assert direction_between(risky, {"a": 2.0}, {"a": 1.0}) is LOOSENS
    assert relative_loosening(risky, {"a": 2.0}, {"a": 1.0}) == WHOLE


def test_the_smallest_step_between_two_numbers_counts() -> None:
    assert relative_loosening(CATALOGUE["position_size_pct"], 0.4999999999999999, 0.49999999999999994) > 0


def test_values_are_the_same_whatever_holds_them() -> None:
    assert same_value(["BTCUSDT"], ("BTCUSDT",))
    assert same_value({"a": 1.0}, read_only({"a": 1}))
    assert same_value(5, 5.0)
    assert not same_value(True, 1)
    assert not same_value(None, 0)


def record(minutes_ago: float, amount: float = 0.1, **fields: Any) -> Loosened:
    given = {"kind": CallerClass.AGENT, "parameter": "leverage", **fields}
    return Loosened(at=NOW - timedelta(minutes=minutes_ago), amount=amount, **given)


def test_only_what_this_class_loosened_of_this_parameter_within_the_hour_is_used() -> None:
    records = [
        record(60, 0.4),
        record(59.99, 0.125),
        record(1, 0.25),
        record(-1, 0.5),
        record(1, 0.7, kind=CallerClass.OPERATOR),
        record(1, 0.9, parameter="max_retries"),
    ]
    (leverage, size) = budget_uses(
        records, CallerClass.AGENT, {"leverage": 0.2, "position_size_pct": 0.3}, NOW, BUDGETS
    )
    assert leverage == BudgetUse(parameter="leverage", asked=0.2, used=1.109375, allowed=0.2)
    assert size == BudgetUse(parameter="position_size_pct", asked=0.3, used=0.0, allowed=0.2)
    (of_operator,) = budget_uses(records, CallerClass.OPERATOR, {"leverage": 1.0}, NOW, BUDGETS)
    assert of_operator == BudgetUse(parameter="leverage", asked=1.0, used=0.7, allowed=2.0)


def test_a_budget_may_be_used_up_exactly_and_not_beyond() -> None:
    def use(used: float, asked: float, allowed: float = 0.3) -> BudgetUse:
        return BudgetUse(parameter="leverage", asked=asked, used=used, allowed=allowed)

    assert 0.1 + 0.1 * 1.1 > 0.21  # in floats
    assert exceeded([use(0.1, 0.1, 0.21), use(0.0, 0.3)]) == ()
    assert exceeded([use(0.1, 0.2)]) == (use(0.1, 0.2),)
    assert exceeded([use(0.0, 0.300001)]) == (use(0.0, 0.300001),)
    assert exceeded([use(0.0, 1e-15, 0.0)]) == (use(0.0, 1e-15, 0.0),)
    assert exceeded([use(0.5, 0.0)]) == ()
    assert exceeded([use(0.0, BEYOND_MEASURE, 1000.0)]) != ()


def test_what_is_beyond_measure_survives_json() -> None:
    asked = {"max_retries": relative_loosening(CATALOGUE["max_retries"], 0, 10)}
    (use,) = budget_uses([], CallerClass.AGENT, asked, NOW, BUDGETS)
    assert BudgetUse.model_validate(json.loads(use.model_dump_json())) == use
    assert use.asked == BEYOND_MEASURE


@pytest.mark.parametrize("budget", [-0.1, math.inf, math.nan])
def test_a_budget_is_finite_and_not_negative(budget: float) -> None:
    with pytest.raises(ValueError, match="loosening budget"):
        Budgets(agent=budget, operator=1.0)
    with pytest.raises(ValueError, match="loosening budget"):
        Budgets(agent=0.0, operator=budget)
