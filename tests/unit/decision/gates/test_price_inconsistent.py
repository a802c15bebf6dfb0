from decimal import Decimal

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import price_inconsistent
from petrosa_contracts import Code
from tests.builders import breached, context, intent, market_view, passes

BAND = context(market=market_view(band_share=Decimal("0.02")))


@pytest.mark.parametrize(
    ("price", "passing"), [(50_000.0, True), (51_000.0, True), (49_000.0, True), (51_000.01, False), (48_999.99, False)]
)
def test_price_and_current_price_may_be_as_far_apart_as_the_band(price: float, passing: bool) -> None:
    assert passes(price_inconsistent.check(intent(price=price), BAND)) is passing


def test_the_breach_tells_both_prices_and_the_band() -> None:
    breach = breached(price_inconsistent.check(intent(price=52_000.0), BAND))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.PRICE_INCONSISTENT, 4.0, 2.0, "percent")
    assert (breach.scope, breach.version) == (None, None)
    for part in ("52,000", "50,000", "4 %", "2 %"):
        assert part in breach.message


def test_it_needs_no_live_price() -> None:
    unknown = context(market=market_view(known=False, band_share=Decimal("0.02")))
    assert not passes(price_inconsistent.check(intent(price=52_000.0), unknown))


def test_without_market_data_the_gate_is_off() -> None:
    assert price_inconsistent.check(intent(price=1.0), context()) is None


@pytest.mark.parametrize(("price", "current"), [(5e-324, 1.7e308), (1.7e308, 5e-324)])
def test_no_price_is_too_extreme_to_be_judged(price: float, current: float) -> None:
    assert not passes(price_inconsistent.check(intent(price=price, current_price=current), BAND))


@pytest.mark.parametrize("action", ["close", "hold"])
def test_of_an_exit_it_is_recorded_and_the_exit_passes(action: str) -> None:
    verdict = evaluate(intent(action=action, price=60_000.0), BAND)
    assert verdict.approved
    assert [breach.code for breach in verdict.breaches] == [Code.PRICE_PHANTOM, Code.PRICE_INCONSISTENT]
    assert "PRICE_PHANTOM, PRICE_INCONSISTENT" in verdict.message
