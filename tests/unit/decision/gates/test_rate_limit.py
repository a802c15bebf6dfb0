import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import rate_limit
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes


def test_the_gate_is_off_without_a_limit() -> None:
    assert passes(rate_limit.check(intent(), context(orders_last_second=10**6)))


@pytest.mark.parametrize(
    ("limit", "open_to_entries"), [(10, 9), (20, 18), (100, 90), (30, 27), (15, 13), (1, 1), (2, 1)]
)
def test_entries_may_use_nine_tenths_and_at_least_one(limit: int, open_to_entries: int) -> None:
    last = context(max_orders_per_second=limit, orders_last_second=open_to_entries - 1)
    full = context(max_orders_per_second=limit, orders_last_second=open_to_entries)
    assert passes(rate_limit.check(intent(), last))
    breach = breached(rate_limit.check(intent(), full))
    assert (breach.code, breach.measured, breach.limit) == (Code.RATE_LIMIT, open_to_entries, open_to_entries)
    assert breach.unit == "orders per second"
    assert str(open_to_entries) in breach.message


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_never_held_up(action: str) -> None:
    assert evaluate(intent(action=action), context(max_orders_per_second=1, orders_last_second=1000)).approved
