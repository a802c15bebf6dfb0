from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cio_decision.headroom import LARGEST, MILLION, left, share_of, taken

AMOUNTS = st.decimals("0", "1e12", places=12)
SIGNED = st.decimals("-1e12", "1e12", places=12)


def test_whole_millionths_are_kept_as_they_are() -> None:
    assert taken(Decimal("500.000001")) == 500_000_001
    assert left(Decimal(1000), Decimal("999.5")) == 500_000


def test_what_does_not_fit_goes_to_the_safe_side() -> None:
    assert taken(Decimal("0.0000001")) == 1
    assert left(Decimal("1.0000009"), Decimal(1)) == 0


def test_beyond_a_limit_nothing_is_left() -> None:
    assert left(Decimal(5), Decimal(7)) == 0


def test_what_no_headroom_can_hold_never_fits() -> None:
    assert taken(Decimal("1e300")) == LARGEST + 1 > left(Decimal("1e300"), Decimal(0))


@given(AMOUNTS, SIGNED, AMOUNTS, AMOUNTS)
def test_what_fits_in_millionths_fits_exactly(
    order: Decimal, limit: Decimal, is_open: Decimal, moving: Decimal
) -> None:
    if taken(moving) + taken(order) <= left(limit, is_open):
        assert Fraction(is_open) + Fraction(moving) + Fraction(order) <= Fraction(limit)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_what_does_not_fit_is_within_three_millionths_of_the_limit_or_beyond(
    order: Decimal, limit: Decimal, is_open: Decimal
) -> None:
    if taken(order) > left(limit, is_open):
        assert Fraction(is_open) + Fraction(order) > Fraction(limit) - Fraction(3, MILLION)


def test_a_share_is_rounded_up_and_needs_equity() -> None:
    share = share_of(Decimal(1), Decimal(3))
    assert share is not None
    assert Fraction(share) > Fraction(1, 3)
    assert share_of(Decimal(1), Decimal(0)) is None
