"""Which parameter values lie beyond the primal limits."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import CATALOGUE, default_parameters, validate_patch
from petrosa_contracts.primal import BUILT_IN, PrimalLimits
from petrosa_contracts.primal.bounds import excesses, in_words, parameters_under
from tests.primal import SIGNED

LIMITS = SIGNED.limits
ALLOWED = {
    "leverage": 20,
    "max_leverage_bound": 20,
    "max_position_size_usd": 5000.0,
    "min_position_size_usd": 5000.0,
    "position_size_pct": 0.8,
    "max_portfolio_exposure_pct": 0.8,
    "max_daily_loss_pct": 0.05,
    "slippage_tolerance_pct": 5.0,
    "allowed_symbols": ["BTCUSDT", "ETHUSDC"],
}


def test_what_is_equal_to_a_limit_is_within_it() -> None:
    assert excesses(ALLOWED, LIMITS) == ()


@pytest.mark.parametrize(
    ("name", "value", "limit", "suggested"),
    [
        ("leverage", 21, "leverage", 20),
        ("max_leverage_bound", 125, "leverage", 20),
        ("max_position_size_usd", 5000.000001, "order_notional_usd", 5000),
        ("min_position_size_usd", 5001.0, "order_notional_usd", 5000),
        ("position_size_pct", 0.8000001, "exposure_share", 0.8),
        ("max_portfolio_exposure_pct", 0.81, "exposure_share", 0.8),
        ("max_daily_loss_pct", 0.050001, "daily_loss_share", 0.05),
        ("slippage_tolerance_pct", 5.01, "price_deviation_share", 5),
        ("allowed_symbols", ["BTCUSDT", "BTCEUR"], "quote_assets", ["BTCUSDT"]),
        ("allowed_symbols", ["BTCEUR"], "quote_assets", None),
    ],
)
def test_what_is_beyond_a_limit_is_found_with_what_may_be_set(
    name: str, value: Any, limit: str, suggested: Any
) -> None:
    (found,) = excesses({name: value}, LIMITS)
    assert (found.name, found.asked, found.limit, found.revision) == (name, value, limit, 3)
    assert found.suggested == suggested
    assert f"the primal limit {limit} of revision 3" in found.message


def test_an_empty_list_of_symbols_stands_for_all_of_them_and_is_left_to_the_gate() -> None:
    assert excesses({"allowed_symbols": []}, LIMITS) == ()


def test_the_built_in_limits_are_named_as_such() -> None:
    (found,) = excesses({"leverage": 11}, BUILT_IN)
    assert (found.revision, "of the built-in tightest limits" in found.message) == (0, True)


def test_nothing_is_suggested_where_the_catalogue_allows_nothing_within_the_limit() -> None:
    tight = LIMITS.model_copy(update={"exposure_share": Decimal("0.05")})
    (found,) = excesses({"max_portfolio_exposure_pct": 0.1}, tight)
    assert found.suggested is None


def test_a_long_list_is_told_briefly() -> None:
    many = [f"COIN{number}EUR" for number in range(500)]
    (found,) = excesses({"allowed_symbols": many}, LIMITS)
    assert len(found.message) < 300
    assert "and 2 more" in in_words([found] * 7)


def test_every_limit_that_a_parameter_can_exceed_bounds_some() -> None:
    bounding = {name for name in PrimalLimits.model_fields if parameters_under(name)}
    assert bounding == set(PrimalLimits.model_fields) - {"revision", "orders_per_second"}
    assert {name for limit in bounding for name in parameters_under(limit)} <= CATALOGUE.keys()


@given(st.sampled_from(sorted(CATALOGUE)), st.floats(0, 1e6), st.integers(0, 10**6))
def test_a_suggested_value_is_valid_and_within_the_limits(name: str, number: float, whole: int) -> None:
    for value in (number, whole):
        if not validate_patch({name: value}):
            for found in excesses({name: value}, LIMITS):
                assert found.suggested is not None
                assert not validate_patch({name: found.suggested})
                assert excesses({name: found.suggested}, LIMITS) == ()


def test_some_defaults_are_beyond_the_built_in_limits_which_is_why_repeating_them_is_let_be() -> None:
    beyond = {found.name for found in excesses(default_parameters(), BUILT_IN)}
    assert beyond == {"max_leverage_bound", "max_portfolio_exposure_pct", "max_daily_loss_pct"}
