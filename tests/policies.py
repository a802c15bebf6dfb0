"""Strategies for trading parameters and policy layers, derived from the catalogue."""

import math
from functools import cache
from typing import Any

from hypothesis import strategies as st

from petrosa_contracts import CATALOGUE, Parameter, PolicyLayer
from petrosa_contracts.parameters import ParameterType

WORDS = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=12)
SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT", "1000PEPEUSDT"])
STRATEGIES = st.sampled_from(["momentum_v1", "Iceberg Order Detector", "mean:reversion"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Draw values that the catalogue allows for a parameter."""
    match parameter.type:
        case ParameterType.BOOLEAN:
            values: st.SearchStrategy[Any] = st.booleans()
        case ParameterType.INTEGER:
            values = st.integers(int(parameter.minimum or 0), int(parameter.maximum or 0))
        case ParameterType.FLOAT:
            values = st.floats(parameter.minimum, parameter.maximum)
        case ParameterType.STRING:
            values = st.sampled_from(parameter.allowed_values or ())
        case ParameterType.DICT:
            values = st.dictionaries(st.sampled_from(sorted(parameter.default)), st.floats(0, 10), min_size=1)
        case ParameterType.LIST:
            values = st.lists(SYMBOLS, unique=True)
    return values | st.none() if parameter.nullable else values


_VALUES = {name: values_of(parameter) for name, parameter in CATALOGUE.items()}
_NAMES = st.lists(st.sampled_from(sorted(CATALOGUE)), unique=True, max_size=6)
_PATCHES = _NAMES.flatmap(lambda drawn: st.fixed_dictionaries({name: _VALUES[name] for name in drawn}))
_VERSIONS = st.integers(1, 99)
"""Made once: making strategies takes longer than drawing from them."""


def patches() -> st.SearchStrategy[dict[str, Any]]:
    """Draw sets of parameters with allowed values, empty ones included."""
    return _PATCHES


@cache
@st.composite
def layers_at(draw: st.DrawFn, *keys: str) -> dict[str, PolicyLayer]:
    """Draw layers for some of the scope keys."""
    drawn = draw(st.lists(st.sampled_from(keys), unique=True)) if keys else []
    return {
        key: PolicyLayer(scope=key, version=draw(_VERSIONS), parameters=draw(_PATCHES), updated_by="test")
        for key in drawn
    }


def is_within_catalogue(name: str, value: Any) -> bool:
    """Whether a value keeps the catalogue's type and bounds, said in other words than the library's."""
    parameter = CATALOGUE[name]
    if value is None:
        return parameter.nullable
    match parameter.type:
        case ParameterType.BOOLEAN:
            return isinstance(value, bool)
        case ParameterType.INTEGER | ParameterType.FLOAT:
            return (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
                and (parameter.minimum is None or value >= parameter.minimum)
                and (parameter.maximum is None or value <= parameter.maximum)
            )
        case ParameterType.STRING:
            return value in (parameter.allowed_values or ())
        case ParameterType.DICT:
            return isinstance(value, dict) and all(
                isinstance(weight, int | float) and math.isfinite(weight) and weight >= 0 for weight in value.values()
            )
        case ParameterType.LIST:
            return isinstance(value, list) and all(isinstance(symbol, str) for symbol in value)
