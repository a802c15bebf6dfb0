import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import filter_percent_price
from petrosa_contracts import Code
from tests.builders import ago, breached, context, intent, market_state, market_view, passes, quote, symbol_rules

LISTED = context(market=market_view())


@pytest.mark.parametrize(
    ("action", "price", "passing"),
    [
        ("buy", 52_500.0, True),
        ("buy", 52_500.1, False),
        ("buy", 1_000.0, True),
        ("sell", 47_500.0, True),
        ("sell", 47_499.9, False),
        ("sell", 90_000.0, True),
    ],
)
def test_no_bid_far_above_the_mark_price_and_no_offer_far_below(action: str, price: float, passing: bool) -> None:
    asked = intent(action=action, order_type="limit", current_price=price)
    assert passes(filter_percent_price.check(asked, LISTED)) is passing


@pytest.mark.parametrize(
    ("action", "price", "limit", "word"), [("buy", 53_000.0, 52_500.0, "above"), ("sell", 47_000.0, 47_500.0, "below")]
)
def test_the_breach_names_the_bound(action: str, price: float, limit: float, word: str) -> None:
    breach = breached(
        filter_percent_price.check(intent(action=action, order_type="limit", current_price=price), LISTED)
    )
    assert (breach.code, breach.measured, breach.limit) == (Code.FILTER_PERCENT_PRICE, price, limit)
    assert f"{word} {limit:,.0f}" in breach.message


@pytest.mark.parametrize("order_type", ["market", "stop", "take_profit", "conditional_stop"])
def test_an_order_at_the_market_carries_no_price(order_type: str) -> None:
    assert filter_percent_price.check(intent(order_type=order_type, current_price=90_000.0), LISTED) is None


@pytest.mark.parametrize(
    "view",
    [
        None,
        market_view(known=False),
        market_view(market_state(mark=None)),
        market_view(market_state(rules=symbol_rules(multiplier_up=None))),
    ],
)
def test_without_rule_or_mark_price_the_gate_has_nothing_to_say(view: object) -> None:
    asked = intent(order_type="limit", current_price=90_000.0)
    assert filter_percent_price.check(asked, context(market=view)) is None


@pytest.mark.parametrize(("seconds", "passing"), [(0, False), (15, False), (15.1, True), (3600, True)])
def test_a_mark_price_that_is_lost_bounds_nothing(seconds: float, passing: bool) -> None:
    view = market_view(market_state(mark=quote(46_000, ago(seconds))))
    verdict = evaluate(intent(order_type="limit"), context(market=view))
    assert (Code.FILTER_PERCENT_PRICE not in {breach.code for breach in verdict.breaches}) is passing
    assert verdict.live is not None
    assert (verdict.live.mark_price is None) is passing


@pytest.mark.parametrize("action", ["close", "hold"])
def test_a_close_has_no_direction_and_is_not_judged(action: str) -> None:
    verdict = evaluate(intent(action=action, order_type="limit", current_price=90_000.0), LISTED)
    assert verdict.approved
    assert Code.FILTER_PERCENT_PRICE not in {breach.code for breach in verdict.breaches}
