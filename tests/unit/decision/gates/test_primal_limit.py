from decimal import Decimal
from typing import Any

import pytest

from cio_decision.breaches import Finding
from cio_decision.evaluation import evaluate
from cio_decision.gates import primal_limit
from petrosa_contracts import Breach, Code, Mode
from petrosa_contracts.primal import BUILT_IN, PrimalLimits
from tests.builders import ago, breached, context, control, intent, market_state, market_view, passes, policy

LIMITS = BUILT_IN.model_copy(update={"revision": 4})


def of_size(usd: float, **overrides: Any) -> Any:
    return intent(**{"quantity": usd, "price": 1.0, "current_price": 1.0, **overrides})


def found(read: Any, *, primal: PrimalLimits | None = LIMITS, **circumstances: Any) -> Finding:
    return primal_limit.check(read, context(primal=primal, **circumstances))


def breach_of(read: Any, **circumstances: Any) -> Breach:
    breach = breached(found(read, **circumstances))
    assert (breach.code, breach.gate, breach.scope, breach.version) == (Code.PRIMAL_LIMIT, "primal_limit", "primal", 4)
    return breach


def test_without_primal_limits_the_gate_is_off() -> None:
    assert passes(found(of_size(1e9, symbol="BTCEUR", recommended_leverage=125), primal=None, orders_last_second=999))


def test_an_order_worth_the_limit_passes() -> None:
    assert passes(found(of_size(1000.0)))


def test_an_order_worth_more_is_vetoed() -> None:
    breach = breach_of(of_size(1000.01))
    assert (breach.measured, breach.limit, breach.unit) == (1000.01, 1000.0, "USD")
    assert breach.message == (
        "The order is worth up to 1,000.01 USD, above 1,000, the primal limit of revision 4; "
        "no running process can change it."
    )


def test_an_order_a_hair_above_the_limit_is_vetoed_though_28_digits_would_call_it_equal() -> None:
    quantity, price, limit = Decimal("0.663438598717079"), Decimal("9709.85907498747"), Decimal("6441.89529845")
    assert quantity * price == limit
    above = intent(quantity=float(quantity), price=float(price), current_price=float(price))
    breach = breach_of(above, primal=LIMITS.model_copy(update={"order_notional_usd": limit}))
    assert "6,441.895298450000000000000000" in breach.message


def test_recommended_leverage_at_the_limit_passes() -> None:
    assert passes(found(intent(recommended_leverage=10)))


def test_recommended_leverage_above_is_vetoed() -> None:
    breach = breach_of(intent(recommended_leverage=10.5))
    assert (breach.measured, breach.limit, breach.unit) == (10.5, 10, "x")


def test_leverage_that_policy_sets_above_is_vetoed() -> None:
    assert breach_of(intent(), policy=policy(leverage=11)).measured == 11


def test_a_share_of_equity_at_the_limit_of_exposure_passes() -> None:
    assert passes(found(intent(position_size_pct=0.5)))


def test_a_share_of_equity_that_alone_is_above_the_limit_of_exposure_is_vetoed() -> None:
    breach = breach_of(intent(position_size_pct=0.51))
    assert (breach.measured, breach.limit, breach.unit) == (0.51, 0.5, "fraction")


@pytest.mark.parametrize("price", [0.98, 1.02])
def test_a_price_as_far_from_the_current_one_as_may_be_passes(price: float) -> None:
    assert passes(found(of_size(500.0, price=price)))


@pytest.mark.parametrize("price", [0.9799, 1.0201, 1e300, 5e-324])
def test_a_price_farther_away_is_vetoed(price: float) -> None:
    breach = breach_of(
        of_size(0.0, price=price), primal=LIMITS.model_copy(update={"order_notional_usd": Decimal(10**400)})
    )
    assert breach.unit == "USD"
    assert breach.limit == 0.02
    assert "0.02 of it" in breach.message


@pytest.mark.parametrize("age", [1.0, 3600.0])
@pytest.mark.parametrize("price", [50_000.0, 49_000.0, 51_000.0])
def test_prices_as_far_from_the_live_one_as_may_be_pass(price: float, age: float) -> None:
    market = market_view(market_state(as_of=ago(age)))
    assert passes(found(of_size(0.001, price=price, current_price=price), market=market))


@pytest.mark.parametrize(
    ("price", "current", "named"),
    [
        (51_001.0, 51_000.0, "price 51,001"),
        (51_000.0, 51_001.0, "current_price 51,001"),
        (48_999.0, 48_999.0, "48,999"),
    ],
)
def test_prices_farther_from_the_live_one_are_vetoed_however_well_they_agree_with_each_other(
    price: float, current: float, named: str
) -> None:
    # The band of the settings, half of the price here, does not widen the ceiling.
    market = market_view(market_state(), band_share=Decimal("0.5"))
    breach = breach_of(of_size(0.001, price=price, current_price=current), market=market)
    assert (breach.limit, breach.unit) == (1000.0, "USD")
    assert named in breach.message
    assert "the live 50,000, above 0.02 of it" in breach.message


def test_a_symbol_traded_against_another_asset_is_vetoed() -> None:
    breach = breach_of(intent(symbol="BTCEUR"))
    assert (breach.measured, breach.limit, breach.unit) == ("BTCEUR", "USDT", "symbol")


@pytest.mark.parametrize(("action", "last_that_passes"), [("buy", 3), ("sell", 3), ("close", 4)])
def test_the_rate_holds_for_exits_too_and_leaves_them_a_share(action: str, last_that_passes: int) -> None:
    assert passes(found(intent(action=action), orders_last_second=last_that_passes))
    breach = breach_of(intent(action=action), orders_last_second=last_that_passes + 1)
    assert (breach.measured, breach.limit) == (last_that_passes + 1, last_that_passes + 1)
    assert breach.unit == "orders per second"
    assert breach.message.endswith("the primal limit of revision 4; send it again in a second.")


def test_a_rate_of_one_lets_one_entry_out() -> None:
    limits = LIMITS.model_copy(update={"orders_per_second": 1})
    assert passes(found(intent(), primal=limits))
    assert not passes(found(intent(), primal=limits, orders_last_second=1))


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt_from_everything_else(action: str) -> None:
    wild = of_size(1e9, action=action, symbol="BTCEUR", price=99.0, recommended_leverage=125, position_size_pct=1.0)
    assert passes(found(wild))


def test_hold_is_no_order_and_exempt_from_the_rate() -> None:
    assert passes(found(intent(action="hold"), orders_last_second=1000))


def test_the_breach_says_when_the_built_in_limits_are_meant() -> None:
    breach = breached(found(of_size(1001.0), primal=BUILT_IN))
    assert breach.version == 0
    assert "of the built-in tightest limits" in breach.message


@pytest.mark.parametrize("mode", [Mode.ACTIVE, Mode.SAFE, Mode.HALTED, Mode.FROZEN])
@pytest.mark.parametrize("system_mode", [Mode.ACTIVE, Mode.CONSERVATIVE, Mode.BLIND])
def test_it_holds_in_every_mode(mode: Mode, system_mode: Mode) -> None:
    verdict = evaluate(of_size(1001.0), context(primal=LIMITS, control=control(mode), system_mode=system_mode))
    assert Code.PRIMAL_LIMIT in {breach.code for breach in verdict.breaches}
