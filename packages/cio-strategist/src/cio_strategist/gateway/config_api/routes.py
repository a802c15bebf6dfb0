"""The routes of TradeEngine's config API, so that its clients only change the host.

What differs is what was wrong there: GET tells the stored version, symbols are upper-cased everywhere, what GET
answers can be posted back, a rollback concerns the scope that it names alone, and a change that loosens more than the
caller may waits for an operator (`APPROVAL_REQUIRED`). Writes need a bearer token.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.errors import StrategistError
from cio_strategist.gateway.answers import tag_of
from cio_strategist.gateway.auth import Access, Inside, Reader, Verified, WriterCaller
from cio_strategist.gateway.circumstances import Circumstances, Told
from cio_strategist.gateway.config_api.answers import (
    checked,
    removed,
    replaced,
    rolled_back,
    scope_of,
    shown,
)
from cio_strategist.gateway.config_api.bodies import (
    AuditDocument,
    ConfigResponse,
    ConfigUpdateRequest,
    ConfigValidationRequest,
    Removed,
    RollbackRequest,
    StrategyConfigResponse,
    ValidationResponse,
    audit_document,
)
from cio_strategist.gateway.config_api.envelope import ConfigRoute, Envelope, RollbackRoute
from cio_strategist.gateway.config_api.validation import affected_scope, validated
from cio_strategist.gateway.problems import problem_responses
from cio_strategist.gateway.services import Services
from petrosa_contracts import CATALOGUE, Parameter, Scope, Side, default_parameters

PREFIX = "/api/v1/config"
WRITE_REFUSALS: dict[int | str, dict[str, Any]] = {
    **problem_responses((401, 403, 503)),
    429: {"description": "Too many writes: `success` is false, `error` is a word, `retry_after` says how many seconds"},
}

router = APIRouter(prefix=PREFIX, tags=["config (fleet)"], route_class=ConfigRoute)
rollback_router = APIRouter(prefix=PREFIX, tags=["config (fleet)"], route_class=RollbackRoute)

Symbol = Annotated[str, Path(max_length=64, description="Symbol in any case.", examples=["BTCUSDT"])]
StrategyId = Annotated[
    str, Path(max_length=190, description="Id of a strategy, blanks allowed.", examples=["momentum_v1"])
]
_MaybeSymbol = Annotated[str | None, Query(max_length=64, description="Symbol in any case; none: global.")]
_MaybeSide = Annotated[Side | None, Query(description="LONG or SHORT; needs a symbol.")]
_MaybeStrategy = Annotated[str | None, Query(max_length=190, description="A strategy's config instead.")]


@router.get("/trading/schema", summary="Every parameter")
async def schema() -> Envelope[dict[str, dict[str, Any]]]:
    """Tell type, bounds and meaning of every parameter."""
    data = {name: _documented(parameter) for name, parameter in CATALOGUE.items()}
    return Envelope(success=True, data=data, metadata={"total_parameters": len(data)})


@router.get("/trading/defaults", summary="Every default")
async def defaults() -> Envelope[dict[str, Any]]:
    """Tell the values that hold where no scope sets any."""
    data = default_parameters()
    return Envelope(success=True, data=data, metadata={"total_parameters": len(data)})


@router.get("/trading", summary="Global config, resolved")
async def get_global(services: Inside, caller: Reader, response: Response) -> Envelope[ConfigResponse]:
    """Tell every parameter as it holds where no narrower scope says otherwise."""
    return _tagged(await shown(services, caller, scope_of()), response)


@router.post("/trading", summary="Set the global config", responses=WRITE_REFUSALS)
async def post_global(
    services: Inside, access: Verified, told: Told, body: ConfigUpdateRequest
) -> Envelope[ConfigResponse]:
    """Make `parameters` everything that the global scope sets."""
    return await _posted(services, access, told, scope_of(), body)


@router.delete("/trading", summary="Remove the global config", responses=WRITE_REFUSALS)
async def delete_global(
    services: Inside, caller: WriterCaller, told: Told, removal: Removed
) -> Envelope[ConfigResponse]:
    """Remove everything that the global scope sets."""
    return await removed(services, caller, told, scope_of(), removal)


@router.get("/trading/{symbol}", summary="Config of a symbol, resolved")
async def get_symbol(services: Inside, caller: Reader, symbol: Symbol, response: Response) -> Envelope[ConfigResponse]:
    """Tell every parameter as it holds for a symbol."""
    return _tagged(await shown(services, caller, scope_of(symbol)), response)


@router.post("/trading/{symbol}", summary="Set the config of a symbol", responses=WRITE_REFUSALS)
async def post_symbol(
    services: Inside, access: Verified, told: Told, symbol: Symbol, body: ConfigUpdateRequest
) -> Envelope[ConfigResponse]:
    """Make `parameters` everything that the symbol's scope sets."""
    return await _posted(services, access, told, scope_of(symbol), body)


@router.delete("/trading/{symbol}", summary="Remove the config of a symbol", responses=WRITE_REFUSALS)
async def delete_symbol(
    services: Inside, caller: WriterCaller, told: Told, symbol: Symbol, removal: Removed
) -> Envelope[ConfigResponse]:
    """Remove everything that the symbol's scope sets."""
    return await removed(services, caller, told, scope_of(symbol), removal)


@router.get("/trading/{symbol}/{side}", summary="Config of a symbol's side, resolved")
async def get_symbol_side(
    services: Inside, caller: Reader, symbol: Symbol, side: Side, response: Response
) -> Envelope[ConfigResponse]:
    """Tell every parameter as it holds for one side of a symbol."""
    return _tagged(await shown(services, caller, scope_of(symbol, side)), response)


@router.post("/trading/{symbol}/{side}", summary="Set the config of a symbol's side", responses=WRITE_REFUSALS)
async def post_symbol_side(
    services: Inside, access: Verified, told: Told, symbol: Symbol, side: Side, body: ConfigUpdateRequest
) -> Envelope[ConfigResponse]:
    """Make `parameters` everything that the scope of one side sets."""
    return await _posted(services, access, told, scope_of(symbol, side), body)


@router.delete("/trading/{symbol}/{side}", summary="Remove the config of a symbol's side", responses=WRITE_REFUSALS)
async def delete_symbol_side(
    services: Inside, caller: WriterCaller, told: Told, symbol: Symbol, side: Side, removal: Removed
) -> Envelope[ConfigResponse]:
    """Remove everything that the scope of one side sets."""
    return await removed(services, caller, told, scope_of(symbol, side), removal)


@router.get("/strategies/{strategy_id}", summary="Config of a strategy, resolved")
async def get_strategy(
    services: Inside, caller: Reader, strategy_id: StrategyId, response: Response
) -> Envelope[StrategyConfigResponse | ConfigResponse]:
    """Tell every parameter as it holds for a strategy on any symbol."""
    answer = _tagged(await shown(services, caller, scope_of(strategy_id=strategy_id)), response)
    return Envelope[StrategyConfigResponse | ConfigResponse](**dict(answer))


@router.post("/strategies/{strategy_id}", summary="Set the config of a strategy", responses=WRITE_REFUSALS)
async def post_strategy(
    services: Inside, access: Verified, told: Told, strategy_id: StrategyId, body: ConfigUpdateRequest
) -> Envelope[StrategyConfigResponse | ConfigResponse]:
    """Make `parameters` everything that the strategy's scope sets."""
    answer = await _posted(services, access, told, scope_of(strategy_id=strategy_id), body)
    return Envelope[StrategyConfigResponse | ConfigResponse](**dict(answer))


@router.delete("/strategies/{strategy_id}", summary="Remove the config of a strategy", responses=WRITE_REFUSALS)
async def delete_strategy(
    services: Inside, caller: WriterCaller, told: Told, strategy_id: StrategyId, removal: Removed
) -> Envelope[StrategyConfigResponse | ConfigResponse]:
    """Remove everything that the strategy's scope sets."""
    answer = await removed(services, caller, told, scope_of(strategy_id=strategy_id), removal)
    return Envelope[StrategyConfigResponse | ConfigResponse](**dict(answer))


@router.post("/validate", summary="Check values")
async def validate(services: Inside, body: ConfigValidationRequest) -> Envelope[ValidationResponse]:
    """Check values against the catalogue and the primal limits, writing nothing."""
    scope = affected_scope(body)
    metadata = {"validation_mode": "dry_run", "scope": scope}
    return Envelope(success=True, data=validated(body, services.primal.beyond(body.parameters)), metadata=metadata)


@rollback_router.post("/rollback", summary="Bring back an earlier state", responses=WRITE_REFUSALS)
@rollback_router.post("/restore", summary="The same as rollback", responses=WRITE_REFUSALS)
async def rollback(
    services: Inside,
    caller: WriterCaller,
    told: Told,
    body: RollbackRequest,
    symbol: _MaybeSymbol = None,
    side: _MaybeSide = None,
    strategy_id: _MaybeStrategy = None,
) -> Envelope[ConfigResponse]:
    """Bring back a version, the state after an audit record, or the previous state of exactly the scope named."""
    return await rolled_back(services, caller, told, scope_of(symbol, side, strategy_id), body)


@router.get("/history", summary="Audit documents")
async def history(
    services: Inside,
    caller: Reader,
    symbol: _MaybeSymbol = None,
    side: _MaybeSide = None,
    strategy_id: _MaybeStrategy = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> Envelope[list[AuditDocument]]:
    """List changes of parameters, newest first; without a symbol those of every scope."""
    caller.require(Permission.READ)
    wanted = HistoryFilter(
        symbol=None if symbol is None else symbol.upper(), side=side, strategy_id=strategy_id, subject=Subject.CONFIG
    )
    found = [audit_document(record) for record in await services.reader.history(wanted, limit=limit)]
    metadata = {"count": len(found), "symbol": symbol, "side": side, "limit": limit}
    return Envelope(success=True, data=found, metadata=metadata)


@router.get("/health", summary="Whether configs are served")
async def health(services: Inside) -> dict[str, Any]:
    """Tell whether MongoDB answers. While it does not, reads come from Redis and writes are refused."""
    try:
        layer = await services.reader.layer("global")
    except StrategistError as error:
        return {"status": "unhealthy", "error": str(error)}
    if layer.source.name != "mongodb":
        return {"status": "unhealthy", "error": "MongoDB does not answer: reads come from Redis, writes are refused"}
    return {"status": "healthy", "mongodb_connected": True, "cache_size": 0}


async def _posted(
    services: Services, access: Access, told: Circumstances, scope: Scope, body: ConfigUpdateRequest
) -> Envelope[ConfigResponse]:
    if body.validate_only:
        request = told.request(access.caller, body, changed_by=body.changed_by)
        return await checked(services, scope, body.parameters, request)
    return await replaced(services, await access.writer(), told, scope, body)


def _tagged(answer: Envelope[ConfigResponse], response: Response) -> Envelope[ConfigResponse]:
    if answer.data is not None:
        response.headers["ETag"] = tag_of(answer.data.version)
    return answer


def _documented(parameter: Parameter) -> dict[str, Any]:
    bounds = {"min": parameter.minimum, "max": parameter.maximum}
    words = None if parameter.allowed_values is None else list(parameter.allowed_values)
    return {
        "type": parameter.type.value,
        "description": parameter.description,
        "default": parameter.plain_default(),
        **{name: bound for name, bound in bounds.items() if bound is not None},
        **({} if words is None else {"allowed_values": words}),
        "example": parameter.example.plain_value(),
        "impact": parameter.impact,
        "when_to_change": f"Raise: {parameter.raise_when} Lower: {parameter.lower_when}",
        "unit": parameter.unit.value,
        "nullable": parameter.nullable,
    }
