"""A proof, not a search: the arithmetic by which the gate compares with primal limits approves nothing above them.

An amount computed exactly is an integer `exact` of some smallest unit. Kept to a number of digits, it becomes a
multiple of `grain`, a power of ten that may be anything. What is proved for all integers holds for all digits.
"""

from decimal import ROUND_UP, Decimal, localcontext
from fractions import Fraction

import pytest
import z3

from cio_decision.gates.rate_limit import entry_rate
from cio_decision.headroom import left, share_of, taken
from petrosa_contracts.primal import UPWARD

pytestmark = pytest.mark.slow

exact, grain, kept, limit = z3.Ints("exact grain kept limit")
AMOUNTS = [exact >= 0, grain >= 1, limit >= 1, kept % grain == 0]
UP = [kept >= exact, kept - exact < grain]
TO_NEAREST = [2 * (kept - exact) <= grain, 2 * (exact - kept) <= grain]


def counterexample(*claims: z3.BoolRef | bool) -> z3.ModelRef | None:
    """Return what makes all claims true at once; None if nothing does. An undecided question fails."""
    solver = z3.Solver()
    solver.set("timeout", 60_000)
    solver.add(*claims)
    answer = solver.check()
    assert answer != z3.unknown, solver.reason_unknown()
    return solver.model() if answer == z3.sat else None


def test_rounded_up_nothing_above_a_limit_compares_as_within_it() -> None:
    assert counterexample(*AMOUNTS, *UP, kept <= limit, exact > limit) is None


def test_rounded_to_the_nearest_something_would() -> None:
    """Which is why the gate does not: the proof above is about more than its own assumptions."""
    found = counterexample(*AMOUNTS, *TO_NEAREST, kept <= limit, exact > limit)
    assert found is not None


def test_rounding_up_twice_is_still_rounding_up() -> None:
    """A notional is an amount, itself rounded up by a division, times a price."""
    amount, amount_kept, price, value_kept = z3.Reals("amount amount_kept price value_kept")
    ceiling = z3.Real("ceiling")
    claims = (amount > 0, price > 0, amount_kept >= amount, value_kept >= amount_kept * price)
    assert counterexample(*claims, value_kept <= ceiling, amount * price > ceiling) is None


def test_the_amount_checked_is_at_least_what_any_engine_orders() -> None:
    """An engine orders the quantity, or the first multiple of its step that reaches the floor. In units of the step."""
    quantity, floor = z3.Reals("quantity floor")
    ours, engines = z3.Ints("ours engines")
    reaches = (z3.ToReal(ours) >= floor, z3.ToReal(engines - 1) < floor)
    assert counterexample(floor > 0, *reaches, engines > ours) is None
    checked = z3.If(quantity > z3.ToReal(ours), quantity, z3.ToReal(ours))
    engine_orders = z3.If(quantity < floor, z3.ToReal(engines), quantity)
    assert counterexample(floor > 0, *reaches, engines <= ours, engine_orders > checked) is None


def test_a_price_within_the_distance_is_within_the_share() -> None:
    """The gate multiplies where the limit divides; the distance is rounded up and the product is exact."""
    price, current, share, away = z3.Reals("price current share away")
    distance = z3.If(price > current, price - current, current - price)
    claims = (price > 0, current > 0, share > 0, away >= distance, away <= share * current)
    assert counterexample(*claims, z3.Or(price > current * (1 + share), price < current * (1 - share))) is None


def test_what_fits_into_the_room_keeps_exposure_within_its_share() -> None:
    """Orders are rounded up to millionths of a USD, and the room they need down, or to none where it is below."""
    share, equity, is_open, order, others = z3.Reals("share equity is_open order others")
    order_up, others_up, room = z3.Ints("order_up others_up room")
    rounded = (
        order >= 0,
        others >= 0,
        z3.ToReal(order_up) >= order * 1_000_000,
        z3.ToReal(others_up) >= others * 1_000_000,
        z3.Or(room == 0, z3.ToReal(room) <= (share * equity - is_open) * 1_000_000),
    )
    beyond = is_open + others + order > share * equity
    assert counterexample(*rounded, order_up > 0, others_up + order_up <= room, beyond) is None


def test_a_loss_whose_rounded_share_is_within_the_limit_is_within_the_limit() -> None:
    loss, equity, share, kept_share = z3.Reals("loss equity share kept_share")
    claims = (equity > 0, loss >= 0, kept_share * equity >= loss, kept_share <= share)
    assert counterexample(*claims, loss > share * equity) is None


def test_the_model_of_the_room_is_the_codes() -> None:
    third = Decimal(1) / Decimal(3)
    for amount in (Decimal(0), Decimal("0.0000001"), Decimal("12.3456789"), third, Decimal(10**6) + third):
        assert Fraction(taken(amount)) >= Fraction(amount) * 1_000_000
        for is_open in (Decimal(0), third, Decimal("7.7777777777"), Decimal(10**7)):
            room = left(amount, is_open)
            assert room == 0 or Fraction(room) <= (Fraction(amount) - Fraction(is_open)) * 1_000_000
            share = share_of(is_open, amount)
            assert share is None or Fraction(share) * Fraction(amount) >= Fraction(is_open)


def test_one_order_more_is_within_the_rate_and_exits_keep_a_place() -> None:
    count, rate = z3.Ints("count rate")
    entries = z3.If(rate * 9 / 10 >= 1, rate * 9 / 10, z3.IntVal(1))
    assert counterexample(rate >= 1, count >= 0, count < entries, count + 1 > rate) is None
    assert counterexample(rate >= 2, entries >= rate) is None


def test_the_model_of_the_rate_is_the_codes() -> None:
    rate = z3.Int("rate")
    entries = z3.If(rate * 9 / 10 >= 1, rate * 9 / 10, z3.IntVal(1))
    for value in (1, 2, 9, 10, 11, 19, 99, 10_000):
        assert z3.simplify(z3.substitute(entries, (rate, z3.IntVal(value)))).as_long() == entry_rate(value)


def test_the_model_of_rounding_is_the_codes() -> None:
    """Digits that do not fit go up, for each operation that the gate does; two shares times prices always fit."""
    assert UPWARD.rounding == ROUND_UP
    long, longer = Decimal("1." + "0" * 40 + "1"), Decimal(1) / Decimal(7)
    with localcontext(UPWARD):
        for kept_value, exact_value in (
            (long * 1, Fraction(long)),
            (long * longer, Fraction(long) * Fraction(longer)),
            (Decimal(20) / 3, Fraction(20, 3)),
            (abs(Decimal(5) - long), abs(5 - Fraction(long))),
            (abs(long - Decimal(5)), abs(Fraction(long) - 5)),
        ):
            assert Fraction(kept_value) >= exact_value
        assert UPWARD.prec >= 15 + 17
