from decimal import Decimal
from typing import Any

import pytest

from cio_decision.context import Context
from cio_decision.evaluation import evaluate
from cio_decision.gates import price_phantom
from petrosa_contracts import Code
from tests.builders import ago, breached, context, intent, market_state, market_view, passes, policy, quote


def tolerating(percent: float, *, band: str = "0.05", **market: Any) -> Context:
    return context(
        policy=policy(scope="strategy:momentum_v1", version=12, slippage_tolerance_pct=percent),
        market=market_view(market_state(**market), band_share=Decimal(band)),
    )


@pytest.mark.parametrize(
    ("price", "passing"),
    [(50_100.0, True), (50_250.0, True), (49_750.0, True), (50_250.01, False), (49_749.99, False), (50_400.0, False)],
)
def test_the_strategys_own_tolerance_bounds_the_price_in_both_directions(price: float, passing: bool) -> None:
    assert passes(price_phantom.check(intent(price=price), tolerating(0.5))) is passing


@pytest.mark.parametrize("price", [50_100.0, 50_400.0])
def test_at_the_catalogues_default_a_tenth_of_a_percent_may_be_between_them(price: float) -> None:
    breach = breached(price_phantom.check(intent(price=price), context(market=market_view())))
    assert (breach.limit, breach.scope, breach.version) == (0.1, "defaults", 0)
    assert passes(price_phantom.check(intent(price=50_050.0), context(market=market_view())))


def test_the_breach_names_the_distance_the_limit_and_who_set_it() -> None:
    breach = breached(price_phantom.check(intent(price=50_400.0), tolerating(0.5)))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.PRICE_PHANTOM, 0.8, 0.5, "percent")
    assert (breach.scope, breach.version) == ("strategy:momentum_v1", 12)
    for part in ("50,400", "0.8 %", "50,000", "0.5 %", "slippage_tolerance_pct", "strategy:momentum_v1"):
        assert part in breach.message


def test_a_tolerance_never_widens_the_band() -> None:
    breach = breached(price_phantom.check(intent(price=50_600.0), tolerating(10.0, band="0.01")))
    assert (breach.measured, breach.limit, breach.unit) == (1.2, 1.0, "percent")
    assert (breach.scope, breach.version) == (None, None)


def test_the_current_price_is_held_to_the_band_alone() -> None:
    assert passes(price_phantom.check(intent(current_price=50_400.0), tolerating(0.1, band="0.01")))
    breach = breached(price_phantom.check(intent(current_price=50_600.0), tolerating(0.1, band="0.01")))
    assert (breach.measured, breach.limit, breach.scope) == (1.2, 1.0, None)
    assert "current_price" in breach.message


def test_a_tolerance_of_zero_lets_only_the_live_price_pass() -> None:
    assert passes(price_phantom.check(intent(), tolerating(0.0)))
    assert not passes(price_phantom.check(intent(price=50_000.1), tolerating(0.0)))


def test_a_hair_above_the_limit_does_not_read_as_the_limit() -> None:
    breach = breached(price_phantom.check(intent(price=50_250.000001), tolerating(0.5)))
    assert "0.500001 %" in breach.message


def test_the_newest_price_is_the_live_one() -> None:
    moved = market_state(last=quote(40_000, ago(2)), mark=quote(50_000, ago(1)), bid=None, ask=None)
    assert passes(price_phantom.check(intent(), context(market=market_view(moved))))
    moved = market_state(last=quote(40_000, ago(1)), mark=quote(50_000, ago(2)), bid=None, ask=None)
    assert not passes(price_phantom.check(intent(), context(market=market_view(moved))))


def test_what_passes_tells_how_far_it_is_and_how_far_it_may_be() -> None:
    assert price_phantom.check(intent(price=50_050.0), tolerating(0.5)) == (Decimal("0.1"), Decimal("0.5"))


@pytest.mark.parametrize(
    "view",
    [None, market_view(known=False), market_view(market_state(last=None, mark=None, bid=None, ask=None))],
    ids=["off", "unlisted", "unpriced"],
)
def test_without_a_live_price_the_gate_has_nothing_to_say(view: object) -> None:
    assert price_phantom.check(intent(price=1.0), context(market=view)) is None


@pytest.mark.parametrize("price", [5e-324, 1.7e308])
def test_no_price_is_too_extreme_to_be_judged(price: float) -> None:
    assert not passes(price_phantom.check(intent(price=price), tolerating(0.5)))
    assert not passes(price_phantom.check(intent(current_price=price), tolerating(0.5)))


@pytest.mark.parametrize(("action", "why"), [("close", "a way out is not blocked"), ("hold", "it asks for nothing")])
def test_of_an_exit_it_is_recorded_and_the_exit_passes(action: str, why: str) -> None:
    verdict = evaluate(intent(action=action, price=50_400.0), tolerating(0.5))
    assert (verdict.approved, verdict.code) == (True, None)
    assert [breach.code for breach in verdict.breaches] == [Code.PRICE_PHANTOM]
    assert verdict.message == f"{action} BTCUSDT approved, although beyond PRICE_PHANTOM: {why}."
