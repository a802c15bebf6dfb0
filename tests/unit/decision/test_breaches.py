from decimal import Decimal

import pytest

from cio_decision.breaches import amount, built_in_breach, policy_breach
from petrosa_contracts import Code
from tests.builders import context, policy


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1000.0, "1,000"),
        (Decimal("1000.00"), "1,000"),
        (0.1 + 0.2, "0.30000000000000004"),
        (Decimal("1000.000000000005"), "1,000.000000000005"),
        (1e-7, "0.0000001"),
        (1e-16, "0.0000000000000001"),
        (-1.5e-17, "-1.5e-17"),
        (5e-324, "5e-324"),
        (0.0, "0"),
        (Decimal("0E-30"), "0"),
        (-5.5, "-5.5"),
        (20, "20"),
        (1234567890123456.0, "1,234,567,890,123,456"),
        (Decimal(10**16 - 1), "9,999,999,999,999,999"),
        (10**16, "1.0000e+16"),
        (1e300, "1.0000e+300"),
        (Decimal("1E+616"), "1.0000e+616"),
    ],
)
def test_numbers_are_written_exactly_and_without_needless_zeros(value: float | Decimal, text: str) -> None:
    assert amount(value) == text


def test_a_policy_breach_carries_unit_scope_and_version_of_its_parameter() -> None:
    resolved = policy(scope="symbol:BTCUSDT", version=4, max_position_size_usd=700.0)
    breach = policy_breach(
        Code.ORDER_NOTIONAL_MAX,
        context(policy=resolved),
        "max_position_size_usd",
        measured=Decimal("700.5"),
        message="Too large.",
    )
    assert (breach.measured, breach.limit, breach.unit) == (700.5, 700.0, "USD")
    assert (breach.scope, breach.version, breach.gate) == ("symbol:BTCUSDT", 4, "order_notional_max")


def test_a_limit_that_nobody_set_is_of_the_defaults_in_version_zero() -> None:
    breach = policy_breach(Code.CONFIDENCE_LOW, context(), "min_confidence_threshold", measured=0.1, message="Low.")
    assert (breach.limit, breach.scope, breach.version) == (0.5, "defaults", 0)


def test_a_built_in_limit_has_no_version() -> None:
    breach = built_in_breach(Code.FROZEN, measured=None, limit=Decimal("1.5"), unit="x", message="No.", scope="global")
    assert (breach.limit, breach.scope, breach.version) == (1.5, "global", None)
