"""TradeEngine's filter routes: the same parameters under another name and in a slightly other envelope."""

from typing import Any

from fastapi import APIRouter

from cio_strategist.domain.access.caller import Caller, Permission
from cio_strategist.gateway.auth import Inside, Reader, WriterCaller
from cio_strategist.gateway.circumstances import Circumstances, Told
from cio_strategist.gateway.config_api.answers import replaced, resolved_parameters, scope_of
from cio_strategist.gateway.config_api.bodies import ConfigUpdateRequest, FilterUpdateRequest
from cio_strategist.gateway.config_api.envelope import FilterEnvelope, FilterRoute
from cio_strategist.gateway.config_api.routes import PREFIX, WRITE_REFUSALS, StrategyId, Symbol
from cio_strategist.gateway.services import Services
from petrosa_contracts import Scope, Side

router = APIRouter(prefix=f"{PREFIX}/filters", tags=["config (fleet)"], route_class=FilterRoute)

Answer = FilterEnvelope[dict[str, Any]]


@router.get("/global", summary="Global config, resolved")
async def get_global(services: Inside, caller: Reader) -> Answer:
    """Tell every parameter as it holds where no narrower scope says otherwise."""
    return await _shown(services, caller, scope_of())


@router.put("/global", summary="Set the global config", responses=WRITE_REFUSALS)
async def put_global(services: Inside, caller: WriterCaller, told: Told, body: FilterUpdateRequest) -> Answer:
    """Make `filters` everything that the global scope sets."""
    return await _replaced(services, caller, told, scope_of(), body)


@router.get("/pair/{symbol}", summary="Config of a symbol, resolved")
async def get_pair(services: Inside, caller: Reader, symbol: Symbol) -> Answer:
    """Tell every parameter as it holds for a symbol."""
    return await _shown(services, caller, scope_of(symbol))


@router.put("/pair/{symbol}", summary="Set the config of a symbol", responses=WRITE_REFUSALS)
async def put_pair(
    services: Inside, caller: WriterCaller, told: Told, symbol: Symbol, body: FilterUpdateRequest
) -> Answer:
    """Make `filters` everything that the symbol's scope sets. Symbols are upper-cased, as everywhere."""
    return await _replaced(services, caller, told, scope_of(symbol), body)


@router.get("/pair/{symbol}/side/{side}", summary="Config of a symbol's side, resolved")
async def get_pair_side(services: Inside, caller: Reader, symbol: Symbol, side: Side) -> Answer:
    """Tell every parameter as it holds for one side of a symbol."""
    return await _shown(services, caller, scope_of(symbol, side))


@router.put("/pair/{symbol}/side/{side}", summary="Set the config of a symbol's side", responses=WRITE_REFUSALS)
async def put_pair_side(
    services: Inside, caller: WriterCaller, told: Told, symbol: Symbol, side: Side, body: FilterUpdateRequest
) -> Answer:
    """Make `filters` everything that the scope of one side sets."""
    return await _replaced(services, caller, told, scope_of(symbol, side), body)


@router.get("/strategy/{strategy_id}", summary="What a strategy's scope sets")
async def get_strategy(services: Inside, caller: Reader, strategy_id: StrategyId) -> Answer:
    """Tell what the strategy's scope itself sets; `/strategies/{strategy_id}` tells what holds for it."""
    caller.require(Permission.READ)
    layer = await services.reader.layer(scope_of(strategy_id=strategy_id).key)
    return Answer(
        success=True,
        data={"strategy_id": strategy_id, "filters": layer.parameters},
        message=f"{layer.scope} is at version {layer.version}",
        metadata={"scope": "strategy", "version": layer.version},
    )


@router.put("/strategy/{strategy_id}", summary="Set the config of a strategy", responses=WRITE_REFUSALS)
async def put_strategy(
    services: Inside, caller: WriterCaller, told: Told, strategy_id: StrategyId, body: FilterUpdateRequest
) -> Answer:
    """Make `filters` everything that the strategy's scope sets."""
    return await _replaced(services, caller, told, scope_of(strategy_id=strategy_id), body)


async def _shown(services: Services, caller: Caller, scope: Scope) -> Answer:
    filters = await resolved_parameters(services, caller, scope)
    names = {"symbol": scope.symbol, "side": scope.side}
    data = {**{name: value for name, value in names.items() if value is not None}, "filters": filters}
    return Answer(success=True, data=data, metadata={"scope": scope.kind.value})


async def _replaced(
    services: Services, caller: Caller, told: Circumstances, scope: Scope, body: FilterUpdateRequest
) -> Answer:
    update = ConfigUpdateRequest(
        parameters=body.filters, changed_by=body.changed_by, reason=body.reason, thought_trace=body.thought_trace
    )
    answer = await replaced(services, caller, told, scope, update)
    if answer.data is None:
        message = None if answer.error is None else answer.error.message
        return Answer(success=False, error=answer.error, message=message, metadata=answer.metadata)
    data = answer.data
    config = {
        "id": None,
        "strategy_id": scope.strategy_id,
        "symbol": scope.symbol,
        "side": scope.side,
        "parameters": data.parameters,
        "version": data.version,
        "created_at": data.created_at,
        "updated_at": data.updated_at,
        "created_by": body.changed_by.strip() or caller.name,
        "metadata": {},
    }
    message = f"{scope.key} is at version {data.version}"
    return Answer(success=True, data={"config": config}, message=message, metadata=answer.metadata)
