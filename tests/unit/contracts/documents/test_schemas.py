import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

import petrosa_contracts
from petrosa_contracts import CATALOGUE, ControlEntry, Mode, Signal, validate_patch
from petrosa_contracts.documents.schemas import WIRE_MODELS, component_schemas, model_schema, patch_schema
from petrosa_contracts.execution import ExecutionEvent
from petrosa_contracts.parameters import ParameterType
from petrosa_contracts.record import DecisionRecord
from tests.policies import JSON_VALUES, WORDS, patches, values_of
from tests.samples import load_samples

PATCH = Draft202012Validator(patch_schema())

nearly = st.sampled_from(
    [
        *(0, -1, 1, 126, 10**9, 0.05, True, None, "", "market", {}, {"1h": -1}, {"1h": "1"}),
        *([], ["BTCUSDT", "btcusdt"], [7]),
    ]
)
known = st.sampled_from(sorted(CATALOGUE)).flatmap(
    lambda name: st.tuples(st.just(name), values_of(CATALOGUE[name]) | nearly | JSON_VALUES)
)


def _is_json(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_json, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _is_beyond_json_schema(name: str, value: Any) -> bool:
    """Whether only the validator can refuse it: a whole float for an integer, a lower-case symbol beyond ASCII."""
    if CATALOGUE[name].type is ParameterType.INTEGER:
        return isinstance(value, float)
    return isinstance(value, list) and any(isinstance(entry, str) and not entry.isascii() for entry in value)


@given(patches())
def test_whatever_the_validator_accepts_keeps_the_schema(patch: dict[str, Any]) -> None:
    assert validate_patch(patch) == ()
    PATCH.validate(patch)


@given(known.filter(lambda pair: _is_json(pair[1])))
def test_schema_and_validator_agree_on_every_value(pair: tuple[str, Any]) -> None:
    name, value = pair
    accepted = validate_patch({name: value}) == ()
    if accepted or not _is_beyond_json_schema(name, value):
        assert PATCH.is_valid({name: value}) == accepted


@pytest.mark.parametrize(
    "symbols", [["BTCUSDT", "BTCUSDT"], ["btcusdt"], ["BTC/USDT"], ["BTC USDT"], [""], ["B" * 41], [None], "BTCUSDT"]
)
def test_a_list_of_anything_but_distinct_symbols_is_refused_by_both(symbols: Any) -> None:
    assert validate_patch({"allowed_symbols": symbols})
    assert not PATCH.is_valid({"allowed_symbols": symbols})


@given(WORDS.filter(lambda word: word not in CATALOGUE), JSON_VALUES.filter(_is_json))
def test_an_unknown_parameter_is_no_part_of_a_patch(name: str, value: Any) -> None:
    assert not PATCH.is_valid({name: value})


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_bounds_are_inclusive_and_end_where_the_catalogue_ends_them(name: str) -> None:
    parameter = CATALOGUE[name]
    if parameter.minimum is None or parameter.maximum is None:
        assert not {"minimum", "maximum"} & PATCH.schema["properties"][name].keys()
        return
    beyond = 1 if parameter.type is ParameterType.INTEGER else abs(parameter.minimum) / 2 or 1e-9
    assert PATCH.is_valid({name: parameter.minimum})
    assert PATCH.is_valid({name: parameter.maximum})
    assert not PATCH.is_valid({name: parameter.minimum - beyond})
    assert not PATCH.is_valid({name: parameter.maximum + beyond})


def test_every_parameter_is_described_with_unit_default_and_example() -> None:
    described = PATCH.schema["properties"]
    assert described.keys() == CATALOGUE.keys()
    for name, schema in described.items():
        assert schema["description"] == CATALOGUE[name].description
        assert schema["x-unit"] == CATALOGUE[name].unit
        assert schema["default"] == CATALOGUE[name].plain_default()
        PATCH.validate({name: schema["examples"][0]})
        PATCH.validate({name: schema["default"]})


def test_every_public_wire_model_has_a_schema() -> None:
    public = {
        value for value in vars(petrosa_contracts).values() if isinstance(value, type) and issubclass(value, BaseModel)
    }
    assert set(WIRE_MODELS) == public | {DecisionRecord, ExecutionEvent}


@pytest.mark.parametrize("model", WIRE_MODELS, ids=lambda model: model.__name__)
def test_a_schema_names_its_model_and_describes_every_field_in_one_line(model: type[BaseModel]) -> None:
    schema = model_schema(model)
    assert schema["title"] == model.__name__
    assert set(schema["properties"]) == set(model.model_fields)
    descriptions = [schema["description"], *(field["description"] for field in schema["properties"].values())]
    assert all(text and "\n" not in text for text in descriptions)


@pytest.mark.parametrize(
    "payload", [pytest.param(sample.payload, id=sample.name) for sample in load_samples() if sample.accepted]
)
def test_a_signal_as_the_library_writes_it_keeps_its_schema(payload: dict[str, Any]) -> None:
    written = Signal.model_validate(payload).model_dump(mode="json")
    schema = model_schema(Signal)
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(written)
    assert not Draft202012Validator(schema).is_valid({**written, "action": "short"})


def test_component_schemas_hold_all_that_they_refer_to() -> None:
    schemas = component_schemas([ControlEntry], ref_template="#/there/{model}")
    assert schemas.keys() == {"ControlEntry", "Mode"}
    assert schemas["ControlEntry"]["properties"]["mode"]["$ref"] == "#/there/Mode"
    assert schemas["Mode"]["enum"] == [mode.value for mode in Mode]
