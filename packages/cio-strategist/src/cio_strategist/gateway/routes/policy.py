"""Policy as orders meet it, and the catalogue that it is made of."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.access.caller import Caller, Permission
from cio_strategist.domain.policy.views import ResolvedView
from cio_strategist.errors import NotFoundError
from cio_strategist.gateway.auth import Inside, Reader
from cio_strategist.gateway.problems import READ_PROBLEMS, FieldProblem, excess_problems, field_problems
from cio_strategist.gateway.services import Services
from petrosa_contracts import CATALOGUE, Parameter, Side, validate_patch
from petrosa_contracts.parameters.definition import Group, ParameterType, Risk

router = APIRouter(prefix="/api/v1/policy", tags=["policy"])

Symbol = Annotated[str | None, Query(max_length=64, description="Symbol of the order.", examples=["BTCUSDT"])]
Strategy = Annotated[str | None, Query(max_length=190, description="Strategy of the order.", examples=["momentum_v1"])]
OrderSide = Annotated[Side | None, Query(description="Direction of the position; needs a symbol.")]


class ExampleView(BaseModel):
    """A value worth setting."""

    value: Any
    explanation: str = Field(description="What it does, in numbers.")


class ParameterView(BaseModel):
    """One parameter of the catalogue, with everything that is known about it."""

    name: str = Field(examples=["leverage"])
    type: ParameterType
    group: Group
    unit: str
    unit_in_words: str
    default: Any
    minimum: float | None = Field(description="Smallest number allowed, inclusive; null for what is no number.")
    maximum: float | None = Field(description="Largest number allowed, inclusive; null for what is no number.")
    allowed_values: list[str] | None = Field(description="Words that are allowed; null for what is no word.")
    nullable: bool = Field(description="Whether null is a value, meaning not overridden.")
    description: str
    impact: str = Field(description="What changes in money and behaviour when it moves.")
    raise_when: str
    lower_when: str
    related: list[str] = Field(description="Parameters to look at before changing this one.")
    example: ExampleView
    risk: Risk = Field(description="Whether a higher value raises risk, lowers it, or neither.")


class Catalogue(BaseModel):
    """Every parameter."""

    parameters: list[ParameterView]


class ValidateBody(BaseModel):
    """Values to check against the catalogue."""

    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, Any] = Field(examples=[{"leverage": 500, "stop_loss_pct": 2.0}])


class Validation(BaseModel):
    """What is wrong with values, all of it."""

    valid: bool
    errors: list[FieldProblem]


@router.get("/resolved", summary="Policy as an order meets it", responses=READ_PROBLEMS)
async def resolved_policy(
    services: Inside, caller: Reader, symbol: Symbol = None, strategy_id: Strategy = None, side: OrderSide = None
) -> ResolvedView:
    """Tell every parameter's value for such an order, and which scope at which version set it."""
    return await _resolved(services, caller, symbol, strategy_id, side)


@router.get("/limits", summary="The risk limits in force", responses=READ_PROBLEMS)
async def limits_in_force(
    services: Inside, caller: Reader, symbol: Symbol = None, strategy_id: Strategy = None, side: OrderSide = None
) -> ResolvedView:
    """Tell the same for the parameters that bound risk alone."""
    return limits_of(await _resolved(services, caller, symbol, strategy_id, side))


@router.get("/parameters", summary="The catalogue", responses=READ_PROBLEMS)
async def catalogue(caller: Reader) -> Catalogue:
    """Tell every parameter: type, bounds, unit, what it does, and when to change it."""
    caller.require(Permission.READ)
    return Catalogue(parameters=[parameter_view(parameter) for parameter in CATALOGUE.values()])


@router.get("/parameters/{name}", summary="One parameter", responses=READ_PROBLEMS)
async def one_parameter(caller: Reader, name: Annotated[str, Path(examples=["leverage"])]) -> ParameterView:
    """Tell everything about one parameter."""
    caller.require(Permission.READ)
    parameter = CATALOGUE.get(name)
    if parameter is None:
        (error,) = validate_patch({name: None})
        raise NotFoundError(error.message)
    return parameter_view(parameter)


@router.post("/validate", summary="Check values", responses=READ_PROBLEMS)
async def validate(services: Inside, caller: Reader, body: ValidateBody) -> Validation:
    """Check values against the catalogue and the primal limits, writing nothing.

    Every error comes with a suggestion where there is one.
    """
    caller.require(Permission.READ)
    errors = value_problems(services, body.parameters)
    return Validation(valid=not errors, errors=errors)


def value_problems(services: Services, parameters: Mapping[str, Any]) -> list[FieldProblem]:
    """Return what the catalogue says against values, then what the primal limits do."""
    beyond = services.primal.beyond(parameters)
    return [*field_problems(validate_patch(parameters)), *excess_problems(beyond)]


def limits_of(view: ResolvedView) -> ResolvedView:
    """Keep the parameters that bound risk: those of which one direction is the riskier."""
    limits = {name: value for name, value in view.parameters.items() if CATALOGUE[name].risk is not Risk.NEUTRAL}
    return view.model_copy(update={"parameters": limits})


def parameter_view(parameter: Parameter) -> ParameterView:
    """Return a parameter in plain JSON types."""
    return ParameterView(
        name=parameter.name,
        type=parameter.type,
        group=parameter.group,
        unit=parameter.unit,
        unit_in_words=parameter.unit.phrase,
        default=parameter.plain_default(),
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        allowed_values=None if parameter.allowed_values is None else list(parameter.allowed_values),
        nullable=parameter.nullable,
        description=parameter.description,
        impact=parameter.impact,
        raise_when=parameter.raise_when,
        lower_when=parameter.lower_when,
        related=list(parameter.related),
        example=ExampleView(value=parameter.example.plain_value(), explanation=parameter.example.explanation),
        risk=parameter.risk,
    )


async def _resolved(
    services: Services, caller: Caller, symbol: str | None, strategy_id: str | None, side: Side | None
) -> ResolvedView:
    caller.require(Permission.READ)
    return await services.reader.resolved(symbol=symbol, strategy_id=strategy_id, side=side)
