from typing import Any

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import stop_invalid
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes

PRICE = 50_000.0


@pytest.mark.parametrize(
    ("action", "stops"),
    [
        ("buy", {}),
        ("buy", {"stop_loss": PRICE - 0.01, "take_profit": PRICE + 0.01}),
        ("buy", {"stop_loss": PRICE, "take_profit": PRICE}),
        ("sell", {"stop_loss": PRICE + 0.01, "take_profit": PRICE - 0.01}),
        ("sell", {"stop_loss": PRICE, "take_profit": PRICE}),
        ("buy", {"stop_loss_pct": 0.5, "take_profit_pct": 1.0}),
        ("sell", {"stop_loss_pct": 0.001, "take_profit_pct": 0.001}),
        ("buy", {"stop_loss": None, "take_profit": None, "stop_loss_pct": None, "take_profit_pct": None}),
    ],
)
def test_stops_on_their_own_side_and_in_range_pass(action: str, stops: dict[str, Any]) -> None:
    assert passes(stop_invalid.check(intent(action=action, **stops), context()))


@pytest.mark.parametrize(
    ("action", "name", "value", "word"),
    [
        ("buy", "stop_loss", PRICE + 0.01, "below"),
        ("buy", "take_profit", PRICE - 0.01, "above"),
        ("sell", "stop_loss", PRICE - 0.01, "above"),
        ("sell", "take_profit", PRICE + 0.01, "below"),
    ],
)
def test_a_stop_or_target_on_the_wrong_side_is_vetoed(action: str, name: str, value: float, word: str) -> None:
    breach = breached(stop_invalid.check(intent(action=action, **{name: value}), context()))
    assert (breach.code, breach.measured, breach.limit) == (Code.STOP_INVALID, value, PRICE)
    assert name in breach.message
    assert f"{word} the current price 50,000." in breach.message


@pytest.mark.parametrize("action", ["buy", "sell"])
@pytest.mark.parametrize("name", ["stop_loss", "take_profit"])
@pytest.mark.parametrize("value", [0.0, -1.0, 0])
def test_a_price_that_is_not_positive_is_vetoed_as_that(action: str, name: str, value: float) -> None:
    breach = breached(stop_invalid.check(intent(action=action, **{name: value}), context()))
    assert (breach.measured, breach.limit) == (value, 0.0)
    assert f"{name} {value:g} must be above 0" in breach.message


@pytest.mark.parametrize("name", ["stop_loss_pct", "take_profit_pct"])
def test_a_fraction_of_zero_is_vetoed(name: str) -> None:
    breach = breached(stop_invalid.check(intent(**{name: 0.0}), context()))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.STOP_INVALID, 0.0, 0.0, "fraction")
    assert f"{name} must be above 0" in breach.message


def test_a_stop_that_can_only_be_a_percent_is_vetoed_and_the_fraction_is_named() -> None:
    breach = breached(stop_invalid.check(intent(stop_loss_pct=0.75), context()))
    assert (breach.measured, breach.limit) == (0.75, 0.5)
    assert "75%" in breach.message
    assert "0.0075" in breach.message


def test_the_live_price_decides_not_the_one_the_strategy_reasoned_with() -> None:
    moved = intent(price=52_000.0, current_price=50_000.0, quantity=0.001, stop_loss=51_000.0)
    assert not passes(stop_invalid.check(moved, context()))


def test_absolute_stops_are_judged_beside_valid_fractions() -> None:
    assert not passes(stop_invalid.check(intent(stop_loss_pct=0.02, stop_loss=PRICE + 1), context()))


@pytest.mark.parametrize("action", ["close", "hold"])
@pytest.mark.parametrize("stops", [{"stop_loss": -1}, {"take_profit": 0}, {"stop_loss_pct": 0.9}, {"stop_loss_pct": 0}])
def test_exits_are_exempt(action: str, stops: dict[str, float]) -> None:
    assert evaluate(intent(action=action, **stops), context()).approved
