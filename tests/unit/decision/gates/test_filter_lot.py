from decimal import Decimal
from typing import Any

import pytest

from cio_decision.context import Context
from cio_decision.evaluation import evaluate
from cio_decision.gates import filter_lot
from petrosa_contracts import Code
from tests.builders import breached, context, intent, market_state, market_view, passes, symbol_rules


def ruled(**rules: Any) -> Context:
    return context(market=market_view(market_state(rules=symbol_rules(**rules))))


@pytest.mark.parametrize(
    ("quantity", "passing"), [(0.01, True), (0.011, True), (1, True), (0.0105, False), (0.010000000000000002, False)]
)
def test_a_quantity_has_to_be_a_multiple_of_the_step(quantity: float, passing: bool) -> None:
    assert passes(filter_lot.check(intent(quantity=quantity), ruled())) is passing


def test_noise_of_binary_arithmetic_is_vetoed_and_the_nearest_quantity_named() -> None:
    breach = breached(filter_lot.check(intent(quantity=0.1 + 0.2), ruled()))
    assert (breach.code, breach.measured, breach.limit) == (Code.FILTER_LOT, 0.30000000000000004, 0.001)
    assert "0.30000000000000004" in breach.message
    assert "the nearest is 0.3." in breach.message


@pytest.mark.parametrize(("order_type", "largest"), [("market", 120), ("limit", 1000), ("stop", 120)])
def test_an_order_at_the_market_has_a_maximum_of_its_own(order_type: str, largest: int) -> None:
    assert passes(filter_lot.check(intent(order_type=order_type, quantity=largest), ruled()))
    breach = breached(filter_lot.check(intent(order_type=order_type, quantity=largest + 0.001), ruled()))
    assert (breach.measured, breach.limit) == (largest + 0.001, largest)
    assert "most" in breach.message


def test_an_order_at_the_market_has_a_step_of_its_own() -> None:
    coarse = ruled(market_step="0.01")
    assert not passes(filter_lot.check(intent(quantity=0.011), coarse))
    assert passes(filter_lot.check(intent(quantity=0.011, order_type="limit"), coarse))


@pytest.mark.parametrize("quantity", [0.0001, 0.00123, 1e-300])
def test_what_engines_raise_to_the_smallest_order_is_judged_as_raised(quantity: float) -> None:
    # 1.05 x 100 USD at 50,000 is 0.0021: engines order 0.003 whatever smaller quantity is asked for.
    assert filter_lot.check(intent(quantity=quantity), ruled()) == (Decimal("0.003"), Decimal(120))


def test_the_smallest_order_at_the_market_may_be_larger_than_what_engines_raise_to() -> None:
    breach = breached(filter_lot.check(intent(quantity=0.003), ruled(market_min_quantity="0.01")))
    assert (breach.measured, breach.limit) == (0.003, 0.01)


@pytest.mark.parametrize("fields", [{"quantity": 0}, {"quantity": 0, "position_size_pct": 0.05}])
def test_an_amount_that_is_left_to_the_engine_is_not_judged(fields: dict[str, float]) -> None:
    assert filter_lot.check(intent(**fields), ruled()) is None


def test_without_a_rule_every_quantity_passes() -> None:
    free = ruled(step=None, max_quantity=None, market_step=None, market_max_quantity=None)
    assert passes(filter_lot.check(intent(quantity=1234.56789), free))


@pytest.mark.parametrize("quantity", [1.7e308, 123456789012345.67])
def test_no_quantity_is_too_extreme_to_be_judged(quantity: float) -> None:
    filter_lot.check(intent(quantity=quantity), ruled(max_quantity=None, market_max_quantity=None))


@pytest.mark.parametrize("view", [None, market_view(known=False)])
def test_without_rules_the_gate_is_off(view: object) -> None:
    assert filter_lot.check(intent(quantity=0.0105), context(market=view)) is None


def test_of_a_close_it_is_recorded_and_the_close_passes() -> None:
    verdict = evaluate(intent(action="close", quantity=0.0105), ruled())
    assert verdict.approved
    assert [breach.code for breach in verdict.breaches] == [Code.FILTER_LOT]


def test_hold_is_not_judged() -> None:
    assert evaluate(intent(action="hold", quantity=0.0105), ruled()).breaches == ()
