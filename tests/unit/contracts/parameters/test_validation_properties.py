"""Laws of the validator."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts.parameters import CATALOGUE, ParameterError, ParameterType, default_parameters, validate_patch
from tests.policies import is_within_catalogue, patches

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["10", "5 %", "isolated", "ISOLATED", "GTC", "btcusdt", "BTCUSDT", "true"])
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
NAMES = st.sampled_from(sorted(CATALOGUE))
NUMBERS = st.sampled_from(
    sorted(p.name for p in CATALOGUE.values() if p.type in {ParameterType.INTEGER, ParameterType.FLOAT})
)
WEIGHTS = st.sampled_from(sorted(p.name for p in CATALOGUE.values() if p.type is ParameterType.DICT))


def _corrected(patch: dict[str, Any], error: ParameterError) -> dict[str, Any]:
    """Put the suggestion of an error in place of the wrong value, alone."""
    name, _, key = error.field.partition(".")
    return {name: {key: error.suggested_value} if key else error.suggested_value}


def test_the_defaults_are_valid() -> None:
    assert validate_patch(default_parameters()) == ()


@given(patches())
def test_values_within_the_catalogue_are_valid(patch: dict[str, Any]) -> None:
    assert validate_patch(patch) == ()


@given(patches(), st.dictionaries(NAMES | st.text(max_size=20), JUNK, max_size=6))
def test_every_key_is_either_within_the_catalogue_or_has_an_error(valid: dict[str, Any], junk: dict[str, Any]) -> None:
    patch = valid | junk
    wrong = {
        error.field.partition(".")[0] for error in validate_patch({k: v for k, v in patch.items() if k in CATALOGUE})
    }
    unknown = [error.code for error in validate_patch({k: v for k, v in patch.items() if k not in CATALOGUE})]

    assert wrong <= set(patch)
    assert all(is_within_catalogue(name, patch[name]) for name in patch if name in CATALOGUE and name not in wrong)
    assert unknown == ["UNKNOWN_PARAMETER"] * sum(name not in CATALOGUE for name in patch)


@given(st.dictionaries(NAMES, JUNK, max_size=6))
def test_values_are_judged_one_by_one_and_in_order(patch: dict[str, Any]) -> None:
    singly = [error for name, value in patch.items() for error in validate_patch({name: value})]

    assert list(validate_patch(patch)) == singly


@given(NAMES, JUNK)
def test_validation_does_not_change_the_patch_and_always_says_the_same(name: str, value: object) -> None:
    before = repr(value)

    assert validate_patch({name: value}) == validate_patch({name: value})
    assert repr(value) == before


@given(NUMBERS, st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**400), 10**400))
def test_a_suggestion_for_a_value_out_of_range_is_valid(name: str, value: float) -> None:
    for error in validate_patch({name: value}):
        if error.code == "OUT_OF_RANGE":
            assert error.suggested_value is not None
            assert validate_patch({name: error.suggested_value}) == ()


@given(NAMES, JUNK)
def test_any_suggestion_is_valid_in_place_of_what_it_replaces(name: str, value: object) -> None:
    for error in validate_patch({name: value}):
        if error.suggested_value is not None:
            assert validate_patch(_corrected({name: value}, error)) == ()


@given(WEIGHTS, st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats() | st.booleans(), max_size=6))
def test_a_map_has_one_error_for_each_weight_that_is_not_a_finite_number_of_zero_or_more(
    name: str, weights: dict[str, Any]
) -> None:
    expected = [f"{name}.{key}" for key, w in weights.items() if isinstance(w, bool) or not 0 <= w < float("inf")]

    assert [error.field for error in validate_patch({name: weights})] == expected


@given(st.text(max_size=60))
def test_an_unknown_name_is_answered_with_a_known_one_or_with_none(name: str) -> None:
    for error in validate_patch({name: 1}):
        if error.code == "UNKNOWN_PARAMETER":
            assert error.suggested_value is None or error.suggested_value in CATALOGUE


@given(st.lists(st.text("abBTCUSD/_- :7", max_size=9), max_size=6))
def test_a_cleaned_list_of_symbols_is_never_empty(symbols: list[str]) -> None:
    for error in validate_patch({"allowed_symbols": symbols}):
        assert error.suggested_value != []
