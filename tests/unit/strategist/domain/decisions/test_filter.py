from datetime import timedelta

import pytest

from cio_strategist.domain.decisions.filter import DecisionFilter
from tests.builders import NOW
from tests.records import STRATEGY, SYMBOL, recorded

VERDICT = recorded().verdict


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (DecisionFilter(), True),
        (DecisionFilter(since=NOW), True),
        (DecisionFilter(since=NOW + timedelta(milliseconds=1)), False),
        (DecisionFilter(until=NOW), False),
        (DecisionFilter(until=NOW + timedelta(milliseconds=1)), True),
        (DecisionFilter(strategy=STRATEGY, symbol=SYMBOL), True),
        (DecisionFilter(strategy="another"), False),
        (DecisionFilter(symbol="ETHUSDT"), False),
    ],
)
def test_a_decision_fits_by_time_strategy_and_symbol(wanted: DecisionFilter, *, fits: bool) -> None:
    assert VERDICT.received_at == NOW
    assert wanted.fits(VERDICT) is fits
    assert wanted.wants_all is (wanted == DecisionFilter())
