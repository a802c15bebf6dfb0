"""Tools about the catalogue: what there is to set, and whether values may be set."""

from difflib import get_close_matches
from typing import Any

from pydantic import Field

from cio_strategist.gateway.mcp.answers import Catalogue, Defaults, Validation
from cio_strategist.gateway.mcp.arguments import Arguments, ParameterMap
from cio_strategist.gateway.mcp.errors import ArgumentsError
from cio_strategist.gateway.mcp.tool import Call, GatewayTool, Reply, make_tool
from cio_strategist.gateway.problems import FieldProblem
from cio_strategist.gateway.routes.policy import parameter_view, value_problems
from petrosa_contracts import CATALOGUE, default_parameters


class SchemaArguments(Arguments):
    """Arguments of `get_schema`."""

    names: tuple[str, ...] | None = Field(
        default=None,
        max_length=len(CATALOGUE),
        description="Parameters wanted; null or left out: all of them, which is a long answer.",
        examples=[["leverage", "max_position_size_usd"]],
    )


class NoArguments(Arguments):
    """For tools that take nothing."""


class ValidationArguments(Arguments):
    """Arguments of `validate_config`."""

    parameters: ParameterMap


async def get_schema(_call: Call, arguments: SchemaArguments) -> Reply:
    """Return what the catalogue knows about parameters."""
    names = tuple(CATALOGUE) if arguments.names is None else arguments.names
    if unknown := [name for name in names if name not in CATALOGUE]:
        raise ArgumentsError([_unknown(name) for name in unknown])
    found = {name: parameter_view(CATALOGUE[name]) for name in names}
    return Reply(Catalogue(parameters=found), f"{len(found)} of {len(CATALOGUE)} parameters explained")


async def get_defaults(_call: Call, _arguments: NoArguments) -> Reply:
    """Return the defaults."""
    defaults: dict[str, Any] = default_parameters()
    return Reply(Defaults(parameters=defaults), f"the defaults of {len(defaults)} parameters")


async def validate_config(call: Call, arguments: ValidationArguments) -> Reply:
    """Say whether values may be stored."""
    errors = tuple(value_problems(call.services, arguments.parameters))
    message = "; ".join(each.message for each in errors) or "every value is allowed"
    return Reply(Validation(valid=not errors, errors=errors, message=message), message)


def _unknown(name: str) -> FieldProblem:
    meant = next(iter(get_close_matches(name, CATALOGUE, n=1)), None)
    message = f"{name[:80]!r} is not a parameter"
    return FieldProblem(field="names", code="UNKNOWN_PARAMETER", message=message, suggested_value=meant)


CATALOGUE_TOOLS: tuple[GatewayTool, ...] = (
    make_tool(
        get_schema,
        name="get_schema",
        title="Explain parameters",
        description="""Explains trading parameters: type, unit, bounds, allowed values, default, impact, when to raise
        and lower, related parameters, a worked example and which direction loosens. The same is in the input schema
        of patch_config; use this for examples, or where that schema is not at hand. Needs no token.""",
        takes=SchemaArguments,
        returns=Catalogue,
    ),
    make_tool(
        get_defaults,
        name="get_defaults",
        title="Defaults",
        description="""Returns the value of every parameter where no scope sets one. To see what holds for an order,
        use get_resolved_config.""",
        takes=NoArguments,
        returns=Defaults,
    ),
    make_tool(
        validate_config,
        name="validate_config",
        title="Check values",
        description="""Checks values against the catalogue and the primal limits, writing nothing: unknown names,
        wrong types, out of bounds, a percent where a fraction is meant, beyond a hard ceiling. Wrong values are the
        answer here and no error; each comes with what was probably meant. To see what a change would do to orders, use
        preview_change, which validates as well.""",
        takes=ValidationArguments,
        returns=Validation,
    ),
)
"""Tools about the catalogue."""
