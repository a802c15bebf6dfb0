import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import order_notional_min
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes, policy


def at_least(usd: float) -> object:
    return context(policy=policy(scope="strategy:momentum_v1", version=6, min_position_size_usd=usd))


@pytest.mark.parametrize(
    ("quantity", "price", "limit"),
    [(0.0006, 50_000.0, 30.0), (0.1, 3000.0, 300.0), (0.3, 100.1, 30.03), (2.3, 19.9, 45.77), (0.57, 110.0, 62.7)],
)
def test_an_order_worth_exactly_the_minimum_in_decimal_passes(quantity: float, price: float, limit: float) -> None:
    asked = intent(quantity=quantity, price=price, current_price=price)
    assert passes(order_notional_min.check(asked, at_least(limit)))


def test_binary_rounding_alone_is_no_breach() -> None:
    assert 2.3 * 19.9 < 45.77
    assert passes(order_notional_min.check(intent(quantity=2.3, price=19.9, current_price=19.9), at_least(45.77)))


def test_an_order_worth_less_than_asked_for_is_vetoed_although_engines_would_raise_it() -> None:
    breach = breached(order_notional_min.check(intent(quantity=0.000599999), at_least(30.0)))
    assert (breach.code, breach.limit, breach.unit) == (Code.ORDER_NOTIONAL_MIN, 30.0, "USD")
    assert (breach.scope, breach.version) == ("strategy:momentum_v1", 6)
    assert breach.measured == 29.99995
    assert "29.99995 USD" in breach.message
    assert "30." in breach.message


def test_a_quantity_of_zero_leaves_the_amount_to_the_engine_and_passes() -> None:
    assert passes(order_notional_min.check(intent(quantity=0), at_least(100.0)))


def test_what_the_engine_would_order_must_reach_the_minimum_too() -> None:
    breach = breached(order_notional_min.check(intent(quantity=0), at_least(100.01)))
    assert breach.measured == 100.0


def test_by_default_ten_dollars_are_the_least() -> None:
    assert passes(order_notional_min.check(intent(quantity=0.0002), context()))
    breach = breached(order_notional_min.check(intent(quantity=0.0001), context()))
    assert (breach.scope, breach.version, breach.limit) == ("defaults", 0, 10.0)


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action, quantity=0.00001), at_least(10_000.0)).approved
