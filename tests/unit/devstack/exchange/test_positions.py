from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from devstack.exchange.positions import Position, PositionSide

quantities = st.integers(-50, 50).filter(bool).map(lambda units: Decimal(units) / 1000)
fills = st.lists(st.tuples(quantities, st.integers(1, 10_000).map(Decimal)), min_size=1, max_size=12)


@given(fills, st.integers(1, 10_000).map(Decimal))
def test_realised_and_unrealised_profit_are_what_was_paid_and_what_is_held(
    taken: list[tuple[Decimal, Decimal]], mark: Decimal
) -> None:
    position = Position("BTCUSDT", PositionSide.BOTH)
    realised = sum(position.take(quantity, price, 0) for quantity, price in taken)
    held = sum(quantity for quantity, _ in taken)
    paid = sum(quantity * price for quantity, price in taken)
    assert position.amount == held
    assert abs(realised + position.unrealised(mark) - (held * mark - paid)) < Decimal("1e-15")


@given(fills)
def test_an_entry_price_is_one_that_was_paid_or_between_two(taken: list[tuple[Decimal, Decimal]]) -> None:
    position = Position("BTCUSDT", PositionSide.BOTH)
    for quantity, price in taken:
        position.take(quantity, price, 0)
    prices = [price for _, price in taken]
    tiny = Decimal("1e-20")
    assert position.entry == 0 if not position.amount else min(prices) - tiny <= position.entry <= max(prices) + tiny


def test_reducing_keeps_the_entry_and_turning_round_takes_the_new_price() -> None:
    position = Position("BTCUSDT", PositionSide.BOTH)
    position.take(Decimal(2), Decimal(100), 0)
    assert position.take(Decimal(-1), Decimal(130), 1) == 30
    assert (position.entry, position.reducible(buy=False), position.reducible(buy=True)) == (100, 1, 0)
    assert position.take(Decimal(-3), Decimal(90), 2) == -10
    assert (position.amount, position.entry, position.updated) == (-2, 90, 2)
    assert position.reducible(buy=True) == 2
