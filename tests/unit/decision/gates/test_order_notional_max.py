import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import order_notional_max
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes, policy, portfolio_state, portfolio_view


def limited_to(usd: float) -> object:
    return context(policy=policy(scope="symbol:BTCUSDT", version=12, max_position_size_usd=usd))


@pytest.mark.parametrize(
    ("quantity", "price", "limit"),
    [(0.02, 50_000.0, 1000.0), (0.07, 1100.0, 77.0), (1.1, 110.0, 121.0), (1.1, 300.3, 330.33), (0.1, 3000.0, 300.0)],
)
def test_an_order_worth_exactly_the_limit_in_decimal_passes(quantity: float, price: float, limit: float) -> None:
    asked = intent(quantity=quantity, price=price, current_price=price)
    assert passes(order_notional_max.check(asked, limited_to(limit)))


@pytest.mark.parametrize("price", [3000.0, 50_010.5, 0.07, 97_123.4])
def test_a_share_of_equity_worth_exactly_the_limit_passes_at_any_price(price: float) -> None:
    asked = intent(quantity=0, position_size_pct=0.1, price=price, current_price=price)
    known = portfolio_view(portfolio_state(equity=10_000))
    limits = policy(max_position_size_usd=1000.0)
    assert passes(order_notional_max.check(asked, context(policy=limits, portfolio=known)))
    richer = portfolio_view(portfolio_state(equity="10000.00000001"))
    breach = breached(order_notional_max.check(asked, context(policy=limits, portfolio=richer)))
    assert "1,000.000000001 USD" in breach.message


def test_binary_rounding_alone_is_no_breach() -> None:
    assert 1.1 * 110.0 > 121.0
    assert passes(order_notional_max.check(intent(quantity=1.1, price=110.0, current_price=110.0), limited_to(121.0)))


@pytest.mark.parametrize("quantity", [0.020000000001, 0.0200001, 0.03, 1e12])
def test_an_order_worth_more_than_the_limit_is_vetoed(quantity: float) -> None:
    breach = breached(order_notional_max.check(intent(quantity=quantity), limited_to(1000.0)))
    assert (breach.code, breach.limit, breach.unit) == (Code.ORDER_NOTIONAL_MAX, 1000.0, "USD")
    assert (breach.scope, breach.version) == ("symbol:BTCUSDT", 12)
    assert breach.measured == pytest.approx(quantity * 50_000)


def test_the_message_names_both_numbers() -> None:
    breach = breached(order_notional_max.check(intent(quantity=0.5), limited_to(1000.0)))
    assert "25,000 USD" in breach.message
    assert "1,000." in breach.message


def test_a_hair_above_the_limit_does_not_read_as_the_limit() -> None:
    breach = breached(order_notional_max.check(intent(quantity=0.0200000000000001), limited_to(1000.0)))
    assert "1,000.000000000005 USD" in breach.message


def test_a_quantity_that_engines_raise_to_the_exchange_minimum_counts_as_raised() -> None:
    # 1.05 times 20 USD at 50,000 is 0.00042 BTC; the smallest quantity times 1.05 is 0.00105, in steps of 0.001: 0.002.
    tiny = intent(quantity=0.0001)
    assert passes(order_notional_max.check(tiny, limited_to(100.0)))
    breach = breached(order_notional_max.check(tiny, limited_to(99.99)))
    assert breach.measured == 100.0


def test_a_quantity_of_zero_counts_as_what_engines_would_order() -> None:
    breach = breached(order_notional_max.check(intent(quantity=0), limited_to(99.0)))
    assert breach.measured == 100.0


@pytest.mark.parametrize(("price", "current_price"), [(60_000.0, 50_000.0), (50_000.0, 60_000.0)])
def test_the_higher_of_both_prices_counts(price: float, current_price: float) -> None:
    breach = breached(
        order_notional_max.check(intent(price=price, current_price=current_price, quantity=1), limited_to(1000.0))
    )
    assert breach.measured == 60_000.0


def test_leverage_is_not_multiplied_in() -> None:
    assert passes(order_notional_max.check(intent(quantity=0.02, recommended_leverage=100), limited_to(1000.0)))


def test_by_default_a_thousand_dollars_may_be_ordered() -> None:
    assert passes(order_notional_max.check(intent(quantity=0.02), context()))
    breach = breached(order_notional_max.check(intent(quantity=0.0201), context()))
    assert (breach.scope, breach.version, breach.limit) == ("defaults", 0, 1000.0)


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action, quantity=1e6), limited_to(1.0)).approved
