import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import filter_tick
from petrosa_contracts import Code
from tests.builders import (
    breached,
    context,
    intent,
    market_state,
    market_view,
    passes,
    policy,
    portfolio_state,
    portfolio_view,
    position,
    symbol_rules,
)

LISTED = context(market=market_view())
LIMITS = ["limit", "stop_limit", "take_profit_limit", "conditional_limit"]


@pytest.mark.parametrize("order_type", LIMITS)
@pytest.mark.parametrize(("price", "passing"), [(50_000.1, True), (50_000, True), (50_000.05, False)])
def test_a_limit_order_has_to_be_on_the_tick(order_type: str, price: float, passing: bool) -> None:
    asked = intent(order_type=order_type, current_price=price)
    assert passes(filter_tick.check(asked, LISTED)) is passing


def test_the_breach_names_price_and_tick() -> None:
    breach = breached(filter_tick.check(intent(order_type="limit", current_price=50_000.05), LISTED))
    assert (breach.code, breach.measured, breach.limit) == (Code.FILTER_TICK, 50_000.05, 0.1)
    assert "50,000.05" in breach.message
    assert "tick 0.1" in breach.message


@pytest.mark.parametrize(("price", "limit", "word"), [(99.9, 100.0, "lowest"), (1_000_000.1, 1_000_000.0, "highest")])
def test_a_limit_order_has_to_be_in_the_range_of_prices(price: float, limit: float, word: str) -> None:
    breach = breached(filter_tick.check(intent(order_type="limit", current_price=price), LISTED))
    assert (breach.measured, breach.limit) == (price, limit)
    assert word in breach.message


@pytest.mark.parametrize("price", [100.0, 1_000_000.0])
def test_the_ends_of_the_range_pass(price: float) -> None:
    assert passes(filter_tick.check(intent(order_type="limit", current_price=price), LISTED))


@pytest.mark.parametrize("order_type", ["market", "stop", "take_profit", "conditional_stop"])
def test_an_order_at_the_market_carries_no_price(order_type: str) -> None:
    asked = intent(order_type=order_type, price=50_000.123, current_price=50_000.123, conditional_price=50_000.123)
    assert filter_tick.check(asked, LISTED) is None


def test_stops_targets_and_the_strategys_own_price_are_not_the_orders_price() -> None:
    asked = intent(order_type="limit", price=50_000.123, stop_loss=49_000.123, take_profit=51_000.123)
    assert passes(filter_tick.check(asked, LISTED))


@pytest.mark.parametrize("price", [5e-324, 1.7e308, 0.30000000000000004])
def test_no_price_is_too_extreme_to_be_judged(price: float) -> None:
    rules = symbol_rules(min_price=0, max_price=None)
    filter_tick.check(
        intent(order_type="limit", current_price=price), context(market=market_view(market_state(rules=rules)))
    )


def test_without_a_rule_every_price_passes() -> None:
    rules = symbol_rules(tick=None, min_price=None, max_price=None)
    free = context(market=market_view(market_state(rules=rules)))
    assert passes(filter_tick.check(intent(order_type="limit", current_price=0.123456), free))


@pytest.mark.parametrize("view", [None, market_view(known=False)])
def test_without_rules_the_gate_is_off(view: object) -> None:
    assert filter_tick.check(intent(order_type="limit", current_price=50_000.05), context(market=view)) is None


def test_of_a_close_it_is_recorded_and_the_close_passes() -> None:
    verdict = evaluate(intent(action="close", order_type="limit", current_price=50_000.05), LISTED)
    assert verdict.approved
    assert [breach.code for breach in verdict.breaches] == [Code.FILTER_TICK]


def test_hold_is_not_judged() -> None:
    verdict = evaluate(intent(action="hold", order_type="limit", current_price=50_000.05), LISTED)
    assert verdict.breaches == ()


def test_an_order_out_of_a_position_is_subject_to_it() -> None:
    netting = context(
        market=market_view(),
        policy=policy(position_mode="one-way"),
        portfolio=portfolio_view(portfolio_state(position(quantity=1), position_mode="one-way")),
    )
    reducing = intent(action="sell", order_type="limit", current_price=50_000.05)
    assert evaluate(reducing, netting).code is Code.FILTER_TICK
    assert evaluate(intent(action="sell", order_type="limit", confidence=0.0), netting).approved
