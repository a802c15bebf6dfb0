"""How the fleet's config API is answered from the services of this one."""

from typing import Any

from cio_strategist.domain.access.caller import Caller, Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.edit import DeleteConfig, SetParameters
from cio_strategist.domain.policy.outcome import Outcome, OutcomeStatus
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.policy.views import LayerView
from cio_strategist.errors import StrategistError, UsageError
from cio_strategist.gateway.circumstances import Circumstances
from cio_strategist.gateway.config_api.bodies import (
    ConfigResponse,
    ConfigUpdateRequest,
    Removal,
    RollbackRequest,
    StrategyConfigResponse,
)
from cio_strategist.gateway.config_api.envelope import Envelope, ErrorBody, ErrorDetails
from cio_strategist.gateway.routes.scopes import checked_scope
from cio_strategist.gateway.services import Services
from petrosa_contracts import Scope, Side

_RESERVED = frozenset({"SCHEMA", "DEFAULTS"})
"""Last parts of paths that are routes of their own, so they are never symbols."""


def scope_of(symbol: str | None = None, side: Side | None = None, strategy_id: str | None = None) -> Scope:
    """Return the scope that a path or a query means; symbols are taken in upper case.

    Raises `UsageError` for what names no scope: a side without a symbol, a strategy with one, and `schema` and
    `defaults`, which are routes.
    """
    if symbol is not None and symbol.upper() in _RESERVED:
        raise UsageError(f"{symbol!r} is not a symbol: it is a route of its own, and only for reading")
    if strategy_id is not None and (symbol is not None or side is not None):
        raise UsageError("a strategy's config holds for every symbol and side: leave those out")
    if strategy_id is not None:
        key = f"strategy:{strategy_id}"
    elif symbol is None:
        if side is not None:
            raise UsageError("a side needs a symbol")
        key = "global"
    else:
        key = f"symbol:{symbol}" if side is None else f"symbol_side:{symbol}:{side}"
    return parse_scope(checked_scope(key))


async def resolved_parameters(services: Services, caller: Caller, scope: Scope) -> dict[str, Any]:
    """Return every parameter as orders of that scope meet it."""
    caller.require(Permission.READ)
    view = await services.reader.resolved(symbol=scope.symbol, strategy_id=scope.strategy_id, side=scope.side)
    return {name: value.value for name, value in view.parameters.items()}


async def shown(services: Services, caller: Caller, scope: Scope) -> Envelope[ConfigResponse]:
    """Answer a GET."""
    # The version is read first: who writes on the strength of an older one is refused, never taken for up to date.
    layer = await services.reader.layer(scope.key)
    parameters = await resolved_parameters(services, caller, scope)
    data = _response(scope, parameters, version=layer.version, source="resolved", layer=layer)
    metadata = {"scope": scope.kind.value, "read_from": layer.source.name}
    return Envelope(success=True, data=data, metadata=metadata)


async def checked(
    services: Services, scope: Scope, parameters: dict[str, Any], request: ChangeRequest
) -> Envelope[ConfigResponse]:
    """Answer a POST that is to be validated only. Raises as `preview` does."""
    preview = await services.manager.preview(SetParameters(parameters=parameters), scope=scope.key, request=request)
    metadata: dict[str, Any] = {"validation": "passed", "scope": scope.kind.value, "would": preview.would}
    metadata["message"] = f"valid, and nothing was written: {preview.message}"
    return Envelope(success=True, metadata=metadata)


async def replaced(
    services: Services, caller: Caller, told: Circumstances, scope: Scope, body: ConfigUpdateRequest
) -> Envelope[ConfigResponse]:
    """Answer a POST that writes."""
    edit = SetParameters(parameters=body.parameters)
    request = told.request(caller, body, changed_by=body.changed_by)
    outcome = await services.manager.apply(edit, scope=scope.key, request=request)
    return await enveloped(services, scope, outcome, action="updated", source="mongodb")


async def removed(
    services: Services, caller: Caller, told: Circumstances, scope: Scope, removal: Removal
) -> Envelope[ConfigResponse]:
    """Answer a DELETE."""
    request = told.request(caller, removal, changed_by=removal.changed_by)
    outcome = await services.manager.apply(DeleteConfig(), scope=scope.key, request=request)
    return await enveloped(services, scope, outcome, action="deleted", source="mongodb")


async def rolled_back(
    services: Services, caller: Caller, told: Circumstances, scope: Scope, body: RollbackRequest
) -> Envelope[ConfigResponse]:
    """Answer a rollback, of that very scope and no other."""
    outcome = await services.manager.rollback(
        scope=scope.key,
        request=told.request(caller, body, changed_by=body.changed_by),
        to_version=body.target_version,
        to_record=body.rollback_id,
    )
    answer = await enveloped(services, scope, outcome, action="rollback", source="data_manager")
    more = {"scope": "trading", "restored_scope": scope.key}
    return answer.model_copy(update={"metadata": {**(answer.metadata or {}), **more}})


async def enveloped(
    services: Services, scope: Scope, outcome: Outcome, *, action: str, source: str
) -> Envelope[ConfigResponse]:
    """Return what became of a change. One that waits for an operator is not done, so it is no success."""
    if outcome.status is OutcomeStatus.PENDING:
        details = ErrorDetails(errors=[outcome.message], proposal_id=outcome.proposal_id)
        error = ErrorBody(code="APPROVAL_REQUIRED", message=outcome.message, details=details)
        metadata = {"scope": scope.kind.value, "proposal_id": outcome.proposal_id}
        return Envelope(success=False, error=error, metadata=metadata)
    layer = await layer_at(services, scope, outcome.version)
    data = _response(scope, outcome.parameters or {}, version=outcome.version, source=source, layer=layer)
    if outcome.parameters is not None:
        created_at = data.created_at or await _created_at(services, scope) or data.updated_at
        data = data.model_copy(update={"created_at": created_at})
    return Envelope(success=True, data=data, metadata=_metadata(scope, outcome, action))


async def layer_at(services: Services, scope: Scope, version: int) -> LayerView | None:
    """Return what the scope sets, if it still is at `version`; a store that went away meanwhile undoes no answer."""
    try:
        layer = await services.reader.layer(scope.key)
    except StrategistError:
        return None
    return layer if layer.version == version else None


async def _created_at(services: Services, scope: Scope) -> str | None:
    """Return when the scope's present config was first set; None where that is not on record, or cannot be asked."""
    creations = HistoryFilter(scope=scope.key, subject=Subject.CONFIG, action="create")
    try:
        newest = await services.reader.history(creations, limit=1)
    except StrategistError:
        return None
    return newest[0].at.isoformat() if newest else None


def _response(
    scope: Scope, parameters: dict[str, Any], *, version: int, source: str, layer: LayerView | None
) -> ConfigResponse:
    """Return a scope's parameters in the form of the API. `layer` is what it sets at that version, if that is known."""
    updated_at = None if layer is None or layer.updated_at is None else layer.updated_at.isoformat()
    response = ConfigResponse(
        symbol=scope.symbol,
        side=scope.side,
        parameters=parameters,
        version=version,
        source=source,
        created_at=updated_at if version == 1 else None,
        updated_at=updated_at,
    )
    if scope.strategy_id is None:
        return response
    return StrategyConfigResponse(**response.model_dump(), strategy_id=scope.strategy_id)


def _metadata(scope: Scope, outcome: Outcome, action: str) -> dict[str, Any]:
    enforcement = outcome.enforcement
    return {
        "action": action,
        "scope": scope.kind.value,
        "status": outcome.status.value,
        "direction": outcome.direction.value,
        "audit_id": outcome.audit_id,
        "message": outcome.message,
        "enforced": None if enforcement is None else enforcement.enforced,
        "epoch": None if enforcement is None else enforcement.epoch,
        "replayed": outcome.replayed,
    }
