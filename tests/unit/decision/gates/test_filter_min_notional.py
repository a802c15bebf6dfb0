from typing import Any

import pytest

from cio_decision.context import Context
from cio_decision.evaluation import evaluate
from cio_decision.gates import filter_min_notional
from petrosa_contracts import Code
from tests.builders import ago, breached, context, intent, market_state, market_view, passes, quote, symbol_rules


def marked(price: float | str, **state: Any) -> Context:
    return context(market=market_view(market_state(mark=quote(price), **state)))


@pytest.mark.parametrize("quantity", [0, 0.0001, 0.003])
def test_what_engines_raise_is_worth_enough_at_the_price_it_was_sized_with(quantity: float) -> None:
    assert passes(filter_min_notional.check(intent(quantity=quantity), marked(50_000)))


@pytest.mark.parametrize(("mark", "passing"), [("33333.34", True), (33_333, False)])
def test_an_order_that_is_worth_less_at_the_mark_price_is_vetoed(mark: float | str, passing: bool) -> None:
    # 1.05 x 100 USD at 50,000 is raised to 0.003, which is worth 100 USD from 33,333.34 on.
    assert passes(filter_min_notional.check(intent(quantity=0), marked(mark))) is passing


def test_an_order_worth_exactly_the_minimum_passes() -> None:
    assert passes(filter_min_notional.check(intent(quantity=0.01), marked(10_000)))
    breach = breached(filter_min_notional.check(intent(quantity=0.01), marked(9_999)))
    assert (breach.code, breach.measured, breach.limit) == (Code.FILTER_MIN_NOTIONAL, 99.99, 100.0)
    assert breach.unit == "USD"
    assert "99.99" in breach.message


@pytest.mark.parametrize(("seconds", "passing"), [(15, False), (15.1, True)])
def test_a_mark_price_that_is_lost_values_nothing(seconds: float, passing: bool) -> None:
    view = market_view(market_state(mark=quote(9_999, ago(seconds))))
    found = filter_min_notional.check(intent(quantity=0.01), context(market=view))
    assert (found is None) is passing


def test_a_limit_order_is_worth_what_its_own_price_says() -> None:
    assert passes(filter_min_notional.check(intent(quantity=0, order_type="limit"), marked(9_999)))


def test_an_engine_may_order_the_minimum_in_spite_of_a_quantity_where_a_share_is_given() -> None:
    assert passes(filter_min_notional.check(intent(quantity=0.01), marked(20_000)))
    assert not passes(filter_min_notional.check(intent(quantity=0.01, position_size_pct=0.01), marked(20_000)))


@pytest.mark.parametrize(
    "view",
    [
        None,
        market_view(known=False),
        market_view(market_state(mark=None)),
        market_view(market_state(rules=symbol_rules(min_notional=None))),
    ],
)
def test_without_rule_or_mark_price_the_gate_has_nothing_to_say(view: object) -> None:
    assert filter_min_notional.check(intent(), context(market=view)) is None


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    verdict = evaluate(intent(action=action, quantity=0), marked(30_000))
    assert Code.FILTER_MIN_NOTIONAL not in {breach.code for breach in verdict.breaches}
    assert verdict.approved
