"""The catalogue against the measured facts of the fleet."""

import json
from math import inf, nan
from typing import Any

import pytest

from petrosa_contracts.parameters import CATALOGUE, Parameter, default_parameters, validate_patch
from tests.samples import SHARED_INTEROP

FACTS = SHARED_INTEROP / "parameters.json"
CODES = {
    "wrong_type": "INVALID_TYPE",
    "above_max": "OUT_OF_RANGE",
    "below_min": "OUT_OF_RANGE",
    "unknown": "UNKNOWN_PARAMETER",
    "not_allowed": "INVALID_VALUE",
}
CORRECTED: dict[str, list[tuple[str, str]]] = {
    "{'leverage': True}": [("leverage", "INVALID_TYPE")],
    "{'position_size_pct': True}": [("position_size_pct", "INVALID_TYPE")],
    "{'position_size_pct': nan}": [("position_size_pct", "INVALID_TYPE")],
    "{'max_position_size_usd': inf}": [("max_position_size_usd", "INVALID_TYPE")],
    "{'override_min_notional': None}": [],
    "{'strategy_weights': {'x': 'not a number'}}": [("strategy_weights.x", "INVALID_TYPE")],
    "{'allowed_symbols': ['BTCUSDT']}": [],
}
"""Probes that today's validator judges wrongly, or under another code, with what is right."""


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    if not FACTS.is_file():
        pytest.skip("the measured parameter facts in ../shared/interop are not at hand")
    return json.loads(FACTS.read_text())


@pytest.fixture(scope="module")
def fact_of(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {fact["name"]: fact for fact in facts["parameters"]}


def _outcome(patch: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in validate_patch(patch)]


def test_the_catalogue_holds_exactly_the_measured_parameters(fact_of: dict[str, dict[str, Any]]) -> None:
    assert set(CATALOGUE) == set(fact_of)
    assert len(CATALOGUE) == 37


@pytest.mark.parametrize("parameter", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_parameter_states_what_was_measured(parameter: Parameter, fact_of: dict[str, dict[str, Any]]) -> None:
    fact = fact_of[parameter.name]
    default = fact["default"] if fact["in_defaults"] else fact["schema_default"]
    allowed = fact["allowed_values"]

    assert parameter.type == fact["type"]
    assert parameter.group == fact["group"]
    assert parameter.unit == fact["unit"]
    assert (parameter.minimum, parameter.maximum) == (fact["min"], fact["max"])
    assert parameter.allowed_values == (allowed if allowed is None else tuple(allowed))
    assert parameter.nullable is fact["null_default_but_null_rejected_by_validator"]
    assert parameter.plain_default() == default
    assert json.dumps(default_parameters()[parameter.name]) == json.dumps(default)


def test_probes_get_the_measured_answer_except_where_that_is_a_defect(facts: dict[str, Any]) -> None:
    expected = {}
    actual = {}
    for probe in facts["validator_probes"]:
        text = probe["input"]
        measured = [(error["field"], CODES[error["kind"]]) for error in probe["result"]["errors"]]
        expected[text] = CORRECTED.get(text, measured)
        actual[text] = _outcome(eval(text, {"__builtins__": {}}, {"nan": nan, "inf": inf}))

    assert actual == expected


def test_every_correction_concerns_a_probe_and_changes_its_answer(facts: dict[str, Any]) -> None:
    measured = {
        probe["input"]: [(error["field"], CODES[error["kind"]]) for error in probe["result"]["errors"]]
        for probe in facts["validator_probes"]
    }

    assert [text for text, right in CORRECTED.items() if measured[text] == right] == []


def test_the_full_default_set_is_valid_although_the_measured_validator_refuses_it(facts: dict[str, Any]) -> None:
    assert facts["validating_the_full_default_set"]["head"]["ok"] is False
    assert validate_patch(default_parameters()) == ()
