from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import CATALOGUE, PolicyLayer, Provenance, Side, default_parameters, resolve
from petrosa_contracts.resolution import DEFAULTS_SCOPE, layer_keys
from tests.policies import layers_at

WIDEST_FIRST = ("global", "symbol:BTCUSDT", "strategy:momentum_v1", "symbol_side:BTCUSDT:LONG")
FOREIGN = ("symbol:ETHUSDT", "strategy:other", "symbol_side:BTCUSDT:SHORT", "symbol_side:ETHUSDT:LONG")
ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "strategy_id": "momentum_v1", "side": Side.LONG}


def _layer(key: str, *, version: int = 1, **parameters: Any) -> dict[str, PolicyLayer]:
    return {key: PolicyLayer(scope=key, version=version, parameters=parameters)}


@given(layers_at(*WIDEST_FIRST))
def test_for_every_parameter_the_narrowest_layer_that_sets_it_wins(layers: dict[str, PolicyLayer]) -> None:
    policy = resolve(layers, **ORDER)
    defaults = default_parameters()
    for name in CATALOGUE:
        setting = [layers[key] for key in WIDEST_FIRST if key in layers and name in layers[key].parameters]
        expected = setting[-1].parameters[name] if setting else defaults[name]
        assert policy.plain()[name] == expected


@given(layers_at(*WIDEST_FIRST, *FOREIGN))
def test_the_layer_named_as_the_source_holds_the_value(layers: dict[str, PolicyLayer]) -> None:
    policy = resolve(layers, **ORDER)
    assert policy.provenance.keys() == policy.values.keys() == CATALOGUE.keys()
    for name, source in policy.provenance.items():
        if source.scope == DEFAULTS_SCOPE:
            assert source.version == 0
            assert policy.plain()[name] == default_parameters()[name]
        else:
            assert source.version == layers[source.scope].version
            assert policy.plain()[name] == layers[source.scope].parameters[name]


@given(layers_at(*WIDEST_FIRST), layers_at(*FOREIGN))
def test_layers_of_other_symbols_sides_and_strategies_change_nothing(
    layers: dict[str, PolicyLayer], foreign: dict[str, PolicyLayer]
) -> None:
    assert resolve({**foreign, **layers}, **ORDER) == resolve(layers, **ORDER)


@given(layers_at(*WIDEST_FIRST), st.randoms(use_true_random=False))
def test_the_order_in_which_layers_are_stored_does_not_matter(layers: dict[str, PolicyLayer], random: Any) -> None:
    shuffled = list(layers.items())
    random.shuffle(shuffled)
    assert resolve(dict(shuffled), **ORDER) == resolve(layers, **ORDER)


def test_without_layers_the_defaults_hold() -> None:
    policy = resolve({}, **ORDER)
    assert policy.plain() == default_parameters()
    assert set(policy.provenance.values()) == {Provenance("defaults", 0)}


def test_the_strategy_wins_over_the_symbol_and_the_symbol_side_over_both() -> None:
    layers = _layer("symbol:BTCUSDT", leverage=3) | _layer("strategy:momentum_v1", version=7, leverage=5)
    assert resolve(layers, **ORDER)["leverage"] == 5
    assert resolve(layers, **ORDER).provenance["leverage"] == Provenance("strategy:momentum_v1", 7)
    layers |= _layer("symbol_side:BTCUSDT:LONG", leverage=2)
    assert resolve(layers, **ORDER)["leverage"] == 2


def test_layers_mix_key_by_key() -> None:
    layers = _layer("global", leverage=3, enabled=False) | _layer("symbol:BTCUSDT", leverage=4)
    policy = resolve(layers, **ORDER)
    assert (policy["leverage"], policy["enabled"]) == (4, False)


def test_a_nested_map_is_replaced_whole() -> None:
    policy = resolve(_layer("global", timeframe_weights={"1h": 2.0}), **ORDER)
    assert policy.plain()["timeframe_weights"] == {"1h": 2.0}


def test_a_null_of_a_narrow_scope_lifts_what_a_wider_one_overrides() -> None:
    layers = _layer("global", override_min_notional=50.0) | _layer("symbol:BTCUSDT", override_min_notional=None)
    policy = resolve(layers, **ORDER)
    assert policy["override_min_notional"] is None
    assert policy.provenance["override_min_notional"].scope == "symbol:BTCUSDT"


def test_a_parameter_that_the_catalogue_does_not_know_has_no_effect() -> None:
    policy = resolve(_layer("global", max_moonshots=3), **ORDER)
    assert "max_moonshots" not in policy.values
    with pytest.raises(KeyError):
        policy["max_moonshots"]


def test_what_is_left_out_of_the_question_brings_in_no_layer() -> None:
    layers = _layer("symbol:BTCUSDT", leverage=3) | _layer("symbol_side:BTCUSDT:LONG", leverage=2)
    assert resolve(layers)["leverage"] == default_parameters()["leverage"]
    assert resolve(layers, symbol="BTCUSDT")["leverage"] == 3
    assert resolve(layers, side=Side.LONG)["leverage"] == default_parameters()["leverage"]


def test_the_symbol_may_be_asked_for_in_any_case() -> None:
    assert resolve(_layer("symbol:BTCUSDT", leverage=3), symbol="btcusdt")["leverage"] == 3


@given(layers_at(*WIDEST_FIRST, *FOREIGN))
def test_the_scopes_that_the_order_touches_are_named_whether_or_not_they_set_anything(
    layers: dict[str, PolicyLayer],
) -> None:
    policy = resolve(layers, **ORDER)
    assert policy.scopes == WIDEST_FIRST
    assert {source.scope for source in policy.provenance.values()} <= {DEFAULTS_SCOPE, *policy.scopes}


def test_layer_keys_run_from_the_widest_to_the_narrowest() -> None:
    assert layer_keys(symbol="BTCUSDT", strategy_id="momentum_v1", side=Side.LONG) == WIDEST_FIRST
    assert layer_keys(symbol=None, strategy_id=None, side=Side.LONG) == ("global",)


@pytest.mark.parametrize("layers", [{}, _layer("global", timeframe_weights={"1h": 2.0}, allowed_symbols=["BTCUSDT"])])
def test_a_resolved_policy_cannot_be_changed_in_place(layers: dict[str, PolicyLayer]) -> None:
    policy = resolve(layers, **ORDER)
    with pytest.raises(TypeError):
        policy.values["leverage"] = 125  # pyright: ignore[reportIndexIssue]
    with pytest.raises(TypeError):
        policy["timeframe_weights"]["1h"] = 99.0
    with pytest.raises(AttributeError):
        policy["allowed_symbols"].append("DOGEUSDT")


def test_a_resolved_policy_is_given_out_as_plain_json_that_is_nobody_elses() -> None:
    policy = resolve(_layer("global", allowed_symbols=["BTCUSDT"]), **ORDER)
    given_out = policy.plain()
    assert given_out["allowed_symbols"] == ["BTCUSDT"]
    given_out["timeframe_weights"]["1h"] = 99.0
    given_out["allowed_symbols"].append("DOGEUSDT")
    assert resolve({})["timeframe_weights"]["1h"] == default_parameters()["timeframe_weights"]["1h"]
    assert policy.plain()["allowed_symbols"] == ["BTCUSDT"]
