"""What the fleet's config API says of values that are only to be checked."""

import json
from collections.abc import Sequence

from cio_strategist.gateway.config_api.answers import scope_of
from cio_strategist.gateway.config_api.bodies import (
    ConfigValidationError,
    ConfigValidationRequest,
    EstimatedImpact,
    ValidationResponse,
)
from petrosa_contracts import CATALOGUE, Code, ParameterError, Side, validate_patch
from petrosa_contracts.parameters.definition import ParameterType
from petrosa_contracts.primal.bounds import Excess

_WEIGHTY = frozenset({"leverage", "stop_loss_pct", "max_position_size", "max_position_size_usd"})
_STEEP_LEVERAGE = 50
_NUMBERS = frozenset({ParameterType.INTEGER, ParameterType.FLOAT})


def affected_scope(body: ConfigValidationRequest) -> str:
    """Return the scope as this API names it. Raises `UsageError` for a side without a symbol and for no symbol."""
    scope = scope_of(body.symbol, None if body.side is None else Side(body.side))
    return "global" if scope.symbol is None else f"{scope.symbol}:{scope.side or 'all'}"


def validated(body: ConfigValidationRequest, beyond: Sequence[Excess]) -> ValidationResponse:
    """Check the values of a request against the catalogue; `beyond` is what of them the primal limits do not allow."""
    errors = validate_patch(body.parameters)
    return ValidationResponse(
        validation_passed=not errors and not beyond,
        errors=[*(_error(error) for error in errors), *(_excess(each) for each in beyond)],
        warnings=[],
        suggested_fixes=[
            *(_fix(error) for error in errors if error.suggested_value is not None),
            *(f"Set {each.name} to {json.dumps(each.suggested)}" for each in beyond if each.suggested is not None),
        ],
        estimated_impact=_impact(body),
        conflicts=[],
    )


def _error(error: ParameterError) -> ConfigValidationError:
    parameter = CATALOGUE.get(error.field.partition(".")[0])
    # This API tells wrong types apart: only numbers have a code of their own.
    other_type = error.code == "INVALID_TYPE" and parameter is not None and parameter.type not in _NUMBERS
    return ConfigValidationError(
        field=error.field,
        message=error.message,
        code="VALIDATION_ERROR" if other_type else error.code,
        suggested_value=error.suggested_value,
    )


def _excess(excess: Excess) -> ConfigValidationError:
    return ConfigValidationError(
        field=excess.name, message=excess.message, code=Code.PRIMAL_LIMIT, suggested_value=excess.suggested
    )


def _fix(error: ParameterError) -> str:
    if error.code == "UNKNOWN_PARAMETER":
        return f"Use {error.suggested_value} in place of {error.field}"
    return f"Set {error.field} to {json.dumps(error.suggested_value)}"


def _impact(body: ConfigValidationRequest) -> EstimatedImpact:
    leverage = body.parameters.get("leverage")
    steep = isinstance(leverage, int | float) and not isinstance(leverage, bool) and leverage > _STEEP_LEVERAGE
    level = "high" if steep else "medium" if _WEIGHTY & body.parameters.keys() else "low"
    return EstimatedImpact(
        risk_level=level,
        affected_scope=affected_scope(body),
        parameter_count=len(body.parameters),
        warning=f"leverage above {_STEEP_LEVERAGE} can lose a position within one usual swing" if steep else None,
    )
