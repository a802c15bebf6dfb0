from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import Signal
from petrosa_contracts.sizing import (
    UNKNOWN_FILTERS,
    ExchangeFilters,
    decimal_of,
    largest_value,
    minimum_amount,
    order_amounts,
    reference_price,
)


def largest_amount(signal: Signal, **known: Any) -> Decimal:
    return order_amounts(signal, **known).largest


prices = st.decimals("0.00000001", "1000000", places=8)
steps = st.sampled_from(["0.00001", "0.001", "0.005", "0.1", "1", "10"]).map(Decimal)
filters = st.builds(
    ExchangeFilters,
    min_quantity=st.decimals("0.00001", "100", places=5),
    step=steps,
    min_notional=st.decimals("1", "500", places=2),
)
quantities = st.floats(0, 1e6)
equities = st.none() | st.decimals(0, "10000000", places=2)
fractions = st.floats(0, 1)


def _signal(*, current_price: float = 50000.0, **fields: Any) -> Signal:
    return Signal.model_validate(
        {
            "strategy_id": "momentum_v1",
            "symbol": "BTCUSDT",
            "action": "buy",
            "confidence": 0.8,
            "price": current_price,
            "quantity": 0.0,
            "current_price": current_price,
            "source": "ta_bot",
            "strategy": "momentum",
        }
        | fields
    )


@given(prices, filters)
def test_the_minimum_is_the_first_whole_step_with_five_percent_of_head_room(
    price: Decimal, limits: ExchangeFilters
) -> None:
    amount = minimum_amount(price, limits)
    one_step_less = amount - limits.step
    assert amount % limits.step == 0
    assert amount >= Decimal("1.05") * limits.min_quantity
    assert amount * price >= Decimal("1.05") * limits.min_notional
    assert (
        one_step_less < Decimal("1.05") * limits.min_quantity
        or one_step_less * price < Decimal("1.05") * limits.min_notional
    )


@given(prices, filters)
def test_the_minimum_is_worth_what_the_exchange_asks_for(price: Decimal, limits: ExchangeFilters) -> None:
    assert minimum_amount(price, limits) * price >= limits.min_notional


@given(quantities, quantities, equities, fractions)
def test_a_larger_quantity_never_makes_the_amount_smaller(
    one: float, other: float, equity: Decimal | None, share: float
) -> None:
    small, large = sorted((one, other))
    assert largest_amount(_signal(quantity=small, position_size_pct=share), equity=equity) <= largest_amount(
        _signal(quantity=large, position_size_pct=share), equity=equity
    )


@given(st.decimals(0, "10000000", places=2), st.decimals(0, "10000000", places=2), quantities, fractions)
def test_more_equity_never_makes_the_amount_smaller(
    one: Decimal, other: Decimal, quantity: float, share: float
) -> None:
    signal = _signal(quantity=quantity, position_size_pct=share)
    poor, rich = sorted((one, other))
    unknown = largest_amount(signal)
    assert unknown <= largest_amount(signal, equity=poor) <= largest_amount(signal, equity=rich)


@given(fractions, fractions, quantities, equities)
def test_a_larger_share_never_makes_the_amount_smaller(
    one: float, other: float, quantity: float, equity: Decimal | None
) -> None:
    small, large = sorted((one, other))
    assert largest_amount(_signal(quantity=quantity, position_size_pct=small), equity=equity) <= largest_amount(
        _signal(quantity=quantity, position_size_pct=large), equity=equity
    )


@given(st.floats(0.01, 1e6), quantities, equities, st.none() | fractions, filters)
def test_no_engine_generation_would_order_more(
    price: float, quantity: float, equity: Decimal | None, share: float | None, limits: ExchangeFilters
) -> None:
    signal = _signal(current_price=price, quantity=quantity, position_size_pct=share)
    smallest = minimum_amount(decimal_of(price), limits)
    by_quantity = max(decimal_of(quantity), smallest)
    by_share = max((equity or 0) * decimal_of(share or 0.0) / decimal_of(price), smallest)
    assert largest_amount(signal, equity=equity, filters=limits) == max(by_quantity, by_share)
    assert order_amounts(signal, filters=limits).smallest <= min(by_quantity, by_share if share else by_quantity)


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        ("50000", "0.002"),  # 0.001 x 1.05, raised to a whole step
        ("100000", "0.002"),  # still the smallest quantity that binds
        ("20000", "0.002"),  # 20 USD are 0.001 as well
        ("3000", "0.007"),  # 21 USD are exactly seven steps
        ("150", "0.14"),  # exactly 140 steps
        ("149", "0.141"),  # 0.14093…
        ("0.5", "42"),
    ],
)
def test_the_minimum_of_an_exchange_of_which_nothing_is_known(price: str, amount: str) -> None:
    assert minimum_amount(Decimal(price), UNKNOWN_FILTERS) == Decimal(amount)


def test_the_minimum_follows_the_filters_of_the_exchange() -> None:
    coarse = ExchangeFilters(min_quantity=Decimal(1), step=Decimal(1), min_notional=Decimal(5))
    assert minimum_amount(Decimal("2.5"), coarse) == 3
    assert minimum_amount(Decimal(100), coarse) == 2


@pytest.mark.parametrize(
    ("fields", "equity", "amount"),
    [
        ({"quantity": 0.02}, None, "0.02"),
        ({"quantity": 0.0005}, None, "0.002"),
        ({"quantity": 0.0205}, None, "0.0205"),
        ({"quantity": 0.0}, None, "0.002"),
        ({"quantity": -1.0}, None, "0.002"),
        ({"quantity": 0.02, "position_size_pct": 0.0}, "10000", "0.02"),
        ({"quantity": 0.02, "position_size_pct": 0.5}, "10000", "0.1"),
        ({"quantity": 0.2, "position_size_pct": 0.5}, "10000", "0.2"),
        ({"position_size_pct": 0.05}, "10000", "0.01"),
        ({"position_size_pct": 0.05}, None, "0.002"),
        ({"position_size_pct": 0.0001}, "10000", "0.002"),
        ({"position_size_pct": 0.05}, "0", "0.002"),
    ],
)
def test_the_amount_is_what_the_greediest_engine_would_order_at_50000(
    fields: dict[str, Any], equity: str | None, amount: str
) -> None:
    known = None if equity is None else Decimal(equity)
    assert largest_amount(_signal(**fields), equity=known) == Decimal(amount)


def test_value_is_computed_in_decimal_and_not_a_hair_more() -> None:
    signal = _signal(quantity=0.07, current_price=100.0)
    assert largest_amount(signal, filters=ExchangeFilters(min_notional=Decimal(5))) * reference_price(signal) == 7
    assert 0.07 * 100.0 > 7


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_says_what_the_number_prints_as(value: float) -> None:
    assert float(decimal_of(value)) == value
    assert Decimal(str(value)) == decimal_of(value)


def test_an_order_is_valued_at_the_higher_of_its_two_prices() -> None:
    assert reference_price(_signal(current_price=10.0, price=50000.0)) == 50000
    assert reference_price(_signal(current_price=50000.0, price=10.0)) == 50000


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"quantity": 0.0}, "0.002"),
        ({"quantity": 0.001}, "0.002"),
        ({"quantity": 0.5}, "0.5"),
        ({"quantity": 0.5, "position_size_pct": 0.0}, "0.5"),
        ({"quantity": 0.5, "position_size_pct": 0.01}, "0.002"),
    ],
)
def test_the_smallest_order_is_the_minimum_unless_a_quantity_is_sure_to_be_taken(
    fields: dict[str, Any], amount: str
) -> None:
    assert order_amounts(_signal(current_price=50_000.0, **fields)).smallest == Decimal(amount)


def test_a_share_of_equity_is_worth_that_share_whatever_the_price() -> None:
    signal = _signal(current_price=1500.0, position_size_pct=0.1)
    amounts = order_amounts(signal, equity=Decimal(10_000))
    assert largest_value(signal, amounts, Decimal(1500), equity=Decimal(10_000)) == 1000
    assert largest_value(signal, amounts, Decimal(3000), equity=Decimal(10_000)) == 2000
    assert largest_value(signal, amounts, Decimal(1500)) == amounts.minimum * 1500


@given(quantities, st.just(0.0) | fractions, equities, prices)
def test_the_largest_amount_is_worth_the_largest_value(
    quantity: float, share: float, equity: Decimal | None, price: Decimal
) -> None:
    signal = _signal(quantity=quantity, position_size_pct=share)
    amounts = order_amounts(signal, equity=equity)
    value = largest_value(signal, amounts, price, equity=equity)
    assert float(value) == pytest.approx(float(amounts.largest * price))
