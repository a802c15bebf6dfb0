"""Impact: what a change of one scope does to orders, in effects and in words."""

from typing import Any

import pytest

from cio_strategist.domain.policy.impact import Reach, changes_of, direction_of, effects_of, loosening_of, reach
from cio_strategist.domain.policy.loosening import BEYOND_MEASURE
from cio_strategist.domain.policy.outcome import Direction, Effect, ParameterChange
from petrosa_contracts import CATALOGUE, PolicyLayer, Scope, validate_patch

BTC, ETH = "symbol:BTCUSDT", "symbol:ETHUSDT"
LONG = "symbol_side:BTCUSDT:LONG"
ALPHA, BETA = "strategy:alpha", "strategy:beta"


def policy(by_scope: dict[str, dict[str, Any]]) -> dict[str, PolicyLayer]:
    for parameters in by_scope.values():
        assert not validate_patch({name: value for name, value in parameters.items() if name in CATALOGUE})
    return {key: PolicyLayer(scope=key, version=1, parameters=own) for key, own in by_scope.items()}


def effects(
    scope: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    others: dict[str, dict[str, Any]] | None = None,
) -> tuple[Effect, ...]:
    old, new = dict(others or {}), dict(others or {})
    if before is not None:
        old[scope] = before
    if after is not None:
        new[scope] = after
    return effects_of(policy(old), policy(new), Scope.parse(scope))


def told(found: tuple[Effect, ...]) -> list[tuple[Any, Any, str, str, str]]:
    return [(item.before, item.after, item.source_before, item.source_after, item.applies_to) for item in found]


def test_a_first_global_setting_replaces_the_default_for_every_order() -> None:
    (effect,) = effects("global", None, {"leverage": 5})
    assert effect == Effect(
        name="leverage",
        before=10,
        after=5,
        unit="x",
        source_before="defaults",
        source_after="global",
        direction=Direction.TIGHTENS,
        loosening=0.0,
        applies_to="every order",
        overridden_in=(),
        bound=None,
    )


def test_narrower_scopes_with_their_own_setting_feel_nothing() -> None:
    others = {BTC: {"leverage": 3}, ALPHA: {"leverage": 4}, LONG: {"leverage": 2}, BETA: {"max_retries": 1}}
    (effect,) = effects("global", {"leverage": 5}, {"leverage": 6}, others)
    assert effect.applies_to == "every order that no narrower scope decides"
    assert effect.overridden_in == (ALPHA, BTC, LONG)
    assert effect.loosening == pytest.approx(0.2)
    (effect,) = effects(BTC, {"leverage": 5}, {"leverage": 6}, {**others, ETH: {"leverage": 1}})
    assert effect.applies_to == "orders on BTCUSDT"
    assert effect.overridden_in == (ALPHA, LONG)


def test_what_a_strategy_no_longer_sets_falls_back_to_each_symbols_own_setting() -> None:
    others = {BTC: {"leverage": 3}, ETH: {"leverage": 20}, LONG: {"leverage": 9}, "global": {"leverage": 8}}
    found = effects(ALPHA, {"leverage": 5}, None, others)
    assert told(found) == [
        (5, 8, ALPHA, "global", "orders of strategy alpha on symbols without a setting of their own"),
        (5, 3, ALPHA, BTC, "orders of strategy alpha on BTCUSDT"),
        (5, 20, ALPHA, ETH, "orders of strategy alpha on ETHUSDT"),
    ]
    assert [effect.overridden_in for effect in found] == [(), (LONG,), ()]
    assert direction_of(found) is Direction.MIXED
    assert loosening_of(found) == {"leverage": pytest.approx(3.0)}


def test_what_a_strategy_goes_on_to_set_is_one_step_on_every_symbol() -> None:
    (effect,) = effects(ALPHA, {"leverage": 5}, {"leverage": 4}, {BTC: {"leverage": 3}, LONG: {"leverage": 2}})
    assert effect.applies_to == "orders of strategy alpha"
    assert effect.overridden_in == (LONG,)


def test_symbols_with_the_same_step_are_told_together() -> None:
    others = {f"symbol:COIN{number}USDT": {"leverage": 3} for number in range(8)}
    (_, effect) = effects(ALPHA, {"leverage": 5}, None, others)
    assert effect.applies_to == (
        "orders of strategy alpha on COIN0USDT, COIN1USDT, COIN2USDT, COIN3USDT, COIN4USDT and 3 more"
    )
    assert effect.source_after.endswith("symbol:COIN4USDT and 3 more")


def test_a_side_falls_back_to_the_strategy_before_the_symbol() -> None:
    others = {ALPHA: {"leverage": 3}, BTC: {"leverage": 8}, ETH: {"leverage": 9}}
    assert told(effects(LONG, {"leverage": 5}, {}, others)) == [
        (5, 8, LONG, BTC, "LONG orders on BTCUSDT of strategies without a setting of their own"),
        (5, 3, LONG, ALPHA, "LONG orders on BTCUSDT of alpha"),
    ]
    (effect,) = effects(LONG, {"leverage": 5}, {"leverage": 4}, others)
    assert effect.applies_to == "LONG orders on BTCUSDT"


def test_a_setting_that_repeats_what_holds_anyway_has_no_effect() -> None:
    assert effects(ALPHA, None, {"leverage": 10, "allowed_symbols": []}) == ()
    assert effects(BTC, {"leverage": 7}, {}, {"global": {"leverage": 7}}) == ()


def test_a_parameter_that_the_catalogue_does_not_know_has_no_effect() -> None:
    assert effects("global", {"foreign": 1}, {"foreign": 2}) == ()


def test_maps_and_lists_come_as_plain_json() -> None:
    (effect,) = effects("global", None, {"allowed_symbols": ["BTCUSDT"]})
    assert (effect.before, effect.after) == ([], ["BTCUSDT"])
    (effect,) = effects("global", {"strategy_weights": {"a": 1.0}}, None)
    assert effect.after == CATALOGUE["strategy_weights"].plain_default()
    assert Effect.model_validate_json(effect.model_dump_json()) == effect


@pytest.mark.parametrize(
    ("parameters", "bound"),
    [
        ({"max_leverage_bound": 20, "leverage": 21}, "above max_leverage_bound, 20 x: the gate vetoes every entry"),
        ({"leverage": 125}, "the maximum of the catalogue, 125 x"),
        ({"leverage": 1}, "the minimum of the catalogue, 1 x"),
        ({"leverage": 124}, None),
        ({"max_position_size_usd": 1_000_000}, "the maximum of the catalogue, 1,000,000 USD"),
        ({"override_min_qty": 1e-6}, "the minimum of the catalogue, 0.000001 base_asset_qty"),
        ({"portfolio_leverage_cap": 10_000}, "the maximum of the catalogue, 10,000 x"),
        ({"enabled": False}, None),
    ],
)
def test_a_bound_that_is_met_is_named(parameters: dict[str, Any], bound: str | None) -> None:
    found = effects("global", None, parameters)
    assert found[-1].bound == bound


def test_a_leverage_bound_below_the_leverage_in_force_is_named() -> None:
    (effect,) = effects("global", {}, {"max_leverage_bound": 9})
    assert effect.bound == "below the leverage in force, 10 x: the gate vetoes every entry"


@pytest.mark.parametrize(
    ("before", "bound"),
    [
        ({"portfolio_leverage_cap": 20}, "0, which is no cap at all"),
        ({"allowed_symbols": ["BTCUSDT"]}, "an empty list, which allows every symbol"),
    ],
)
def test_the_loosest_values_are_named_for_what_they_are(before: dict[str, Any], bound: str) -> None:
    (effect,) = effects("global", before, None)
    assert effect.bound == bound
    assert effect.direction is Direction.LOOSENS


def test_symbols_that_meet_a_bound_are_told_apart_from_the_rest() -> None:
    others = {BTC: {"leverage": 2, "max_leverage_bound": 6}, ETH: {"leverage": 2}}
    (most, btc) = effects(ALPHA, {"leverage": 5}, {"leverage": 7}, others)
    assert (most.applies_to, most.bound) == ("orders of strategy alpha on symbols other than BTCUSDT", None)
    assert btc.applies_to == "orders of strategy alpha on BTCUSDT"
    assert btc.bound == "above max_leverage_bound, 6 x: the gate vetoes every entry"


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        ("global", Reach(("BTCUSDT", "ETHUSDT"), ("alpha", "beta"), all_symbols=True, all_strategies=True)),
        ("symbol:SOLUSDT", Reach(("SOLUSDT",), ("alpha", "beta"), all_symbols=False, all_strategies=True)),
        (LONG, Reach(("BTCUSDT",), ("alpha", "beta"), all_symbols=False, all_strategies=True)),
        (ALPHA, Reach(("BTCUSDT", "ETHUSDT"), ("alpha",), all_symbols=True, all_strategies=False)),
    ],
)
def test_reach_names_whoever_has_a_policy_of_their_own(scope: str, reached: Reach) -> None:
    stored: dict[str, dict[str, Any]] = {key: {} for key in (BETA, ALPHA, ETH, LONG, "global")}
    assert reach(policy(stored), Scope.parse(scope)) == reached


def test_changes_tell_what_a_scope_starts_and_stops_to_set() -> None:
    assert changes_of({"leverage": 5, "max_retries": 1}, {"max_retries": 1, "enabled": True}) == (
        ParameterChange(name="leverage", before=5, after=None, was_set=True, is_set=False),
        ParameterChange(name="enabled", before=None, after=True, was_set=False, is_set=True),
    )
    assert changes_of(None, {"override_min_qty": None}) == (
        ParameterChange(name="override_min_qty", before=None, after=None, was_set=False, is_set=True),
    )
    assert changes_of(None, {}) == changes_of(None, None) == changes_of({"leverage": 5}, {"leverage": 5}) == ()
    assert changes_of({"leverage": True}, {"leverage": 1}) != ()


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ({}, {}, Direction.NEUTRAL),
        ({}, {"take_profit_pct": 1.0}, Direction.NEUTRAL),
        ({}, {"leverage": 5, "take_profit_pct": 1.0}, Direction.TIGHTENS),
        ({"leverage": 5}, {"leverage": 6}, Direction.LOOSENS),
        ({"leverage": 5}, {"leverage": 6, "max_retries": 1}, Direction.MIXED),
        ({"allowed_symbols": ["BTCUSDT"]}, {"allowed_symbols": ["ETHUSDT"], "max_retries": 1}, Direction.MIXED),
    ],
)
def test_the_direction_is_that_of_all_effects(
    before: dict[str, Any], after: dict[str, Any], direction: Direction
) -> None:
    assert direction_of(effects("global", before, after)) is direction


def test_loosening_names_only_what_is_loosened() -> None:
    found = effects("global", {"leverage": 5, "max_retries": 0}, {"leverage": 4, "max_retries": 2, "enabled": False})
    assert loosening_of(found) == {"max_retries": BEYOND_MEASURE}
