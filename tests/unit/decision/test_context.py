from decimal import Decimal

import pytest

from cio_decision.context import notional, requested_notional
from petrosa_contracts import Mode
from tests.builders import context, control, intent


@pytest.mark.parametrize(
    ("fields", "largest", "requested"),
    [
        ({"quantity": 0.02}, "1000", "1000"),
        ({"quantity": 0.0001}, "100", "5"),
        ({"quantity": 0}, "100", "100"),
        ({"quantity": 0, "position_size_pct": 0.5}, "100", "100"),
        ({"quantity": 1, "current_price": 60_000.0}, "60000", "60000"),
        ({"quantity": 7.0, "price": 3.0, "current_price": 3.0}, "21", "21"),
        ({"quantity": 6.9, "price": 3.0, "current_price": 3.0}, "21", "20.7"),
    ],
)
def test_what_an_order_is_worth(fields: dict[str, float], largest: str, requested: str) -> None:
    read = intent(**fields)
    assert notional(read, context()) == Decimal(largest)
    assert requested_notional(read, context()) == Decimal(requested)


def test_a_low_live_price_does_not_hide_a_large_order() -> None:
    read = intent(quantity=1, price=50_000.0, current_price=0.01)
    assert notional(read, context()) >= Decimal(50_000)


def test_a_laxer_entry_leaves_the_gates_own_mode() -> None:
    assert context(system_mode=Mode.CONSERVATIVE, control=control(Mode.SAFE)).mode is Mode.CONSERVATIVE


def test_a_stricter_entry_wins() -> None:
    assert context(system_mode=Mode.CONSERVATIVE, control=control(Mode.HALTED)).mode is Mode.HALTED
