"""JSON schemas of what tools take and return, so that the domain can be learned from the list of tools alone."""

from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import BaseModel

from cio_strategist.gateway.mcp.arguments import Arguments
from petrosa_contracts import CATALOGUE, Parameter
from petrosa_contracts.documents.schemas import patch_schema
from petrosa_contracts.parameters.definition import ParameterType, Risk

_RISK: Final[Mapping[Risk, str]] = {
    Risk.RAISES: "a higher value loosens (raises risk), a lower one tightens",
    Risk.LOWERS: "a higher value tightens (lowers risk), a lower one loosens",
    Risk.NEUTRAL: "neither direction is riskier as such",
}
_SWITCH: Final[Mapping[Risk, str]] = {
    Risk.RAISES: "true loosens (raises risk), false tightens",
    Risk.LOWERS: "true tightens (lowers risk), false loosens",
    Risk.NEUTRAL: _RISK[Risk.NEUTRAL],
}
_ORDERED: Final[Mapping[Risk, str]] = {
    Risk.RAISES: "a later word or a longer list loosens (raises risk); an empty list of symbols is the loosest: all",
    Risk.LOWERS: "a later word or a longer list tightens (lowers risk)",
    Risk.NEUTRAL: _RISK[Risk.NEUTRAL],
}


_ONLY_IN_FULL = frozenset({"examples", "x-group"})


def parameters_schema(*, full: bool) -> dict[str, Any]:
    """Return the schema of `parameters`: one property for each parameter of the catalogue.

    `full` says with all its prose; otherwise with one sentence, for tools next to one that has it in full. The service
    validates again, and its errors suggest what was meant.
    """
    schema = patch_schema()
    properties = cast("dict[str, dict[str, Any]]", schema["properties"])
    described = {
        name: _explained(parameter, properties[name]) if full else _brief(parameter, properties[name])
        for name, parameter in CATALOGUE.items()
    }
    note = "" if full else " `patch_config` explains each of them in full."
    return {
        "type": "object",
        "description": (
            "Parameters by name, each in its own unit. Names that end in `_pct` may be fractions or percents: the unit "
            f"decides.{note}"
        ),
        "properties": described,
        "additionalProperties": False,
        "examples": [{"max_position_size_usd": 500, "leverage": 5}],
    }


def input_schema(model: type[Arguments], *, full: bool = False) -> dict[str, Any]:
    """Return the schema of a tool's arguments."""
    schema = _without_titles(model.model_json_schema())
    schema.pop("description", None)
    properties = cast("dict[str, Any]", schema.setdefault("properties", {}))
    if "parameters" in properties:
        properties["parameters"] = {**parameters_schema(full=full), **_told(properties["parameters"])}
    return schema


def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a tool's structured result where it is no error."""
    return _without_titles(model.model_json_schema(mode="serialization"))


def risk_in_words(parameter: Parameter) -> str:
    """Return which way of changing a parameter loosens."""
    if parameter.type is ParameterType.BOOLEAN:
        return _SWITCH[parameter.risk]
    ordered = parameter.type in {ParameterType.STRING, ParameterType.LIST}
    return (_ORDERED if ordered else _RISK)[parameter.risk]


def allowed_in_words(parameter: Parameter) -> str:
    """Return the bounds or words that a parameter allows."""
    if parameter.allowed_values is not None:
        allowed = f"one of {', '.join(parameter.allowed_values)}"
    elif parameter.minimum is not None:
        allowed = f"{parameter.minimum} to {parameter.maximum}, both included"
    else:
        allowed = "any"
    return f"{allowed}, or null for not overridden" if parameter.nullable else allowed


def _explained(parameter: Parameter, schema: Mapping[str, Any]) -> dict[str, Any]:
    verbs = {
        ParameterType.BOOLEAN: ("Turn on", "Turn off"),
        ParameterType.STRING: ("Choose a bolder word", "Choose a safer word"),
    }
    higher, lower = verbs.get(parameter.type, ("Raise", "Lower"))
    words = (
        f"{parameter.description} Unit: {parameter.unit.phrase}. Risk: {risk_in_words(parameter)}. "
        f"Impact: {parameter.impact} {higher} when: {parameter.raise_when} {lower} when: {parameter.lower_when} "
        f"Related: {', '.join(parameter.related) or 'none'}."
    )
    return {**schema, "description": words}


def _brief(parameter: Parameter, schema: Mapping[str, Any]) -> dict[str, Any]:
    sentence = parameter.description.partition(". ")[0].rstrip(".")
    words = f"{sentence}. Unit: {parameter.unit.phrase}. Risk: {risk_in_words(parameter)}."
    return {key: value for key, value in schema.items() if key not in _ONLY_IN_FULL} | {"description": words}


def _told(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a tool's own field says beyond the catalogue."""
    return {key: field[key] for key in ("description",) if key in field}


def _without_titles(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the titles that pydantic makes of names, which say nothing new and cost a model's attention."""
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title":
            continue
        if key in {"properties", "$defs"}:
            found[key] = {name: _without_titles(inner) for name, inner in value.items()}
        elif isinstance(value, dict):
            found[key] = _without_titles(cast("dict[str, Any]", value))
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            found[key] = [
                _without_titles(cast("dict[str, Any]", item)) if isinstance(item, dict) else item for item in items
            ]
        else:
            found[key] = value
    return found
