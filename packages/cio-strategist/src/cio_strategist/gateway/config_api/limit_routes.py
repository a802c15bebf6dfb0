"""TradeEngine's limit routes, which never worked there: what they mean is set with parameters of the catalogue."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from cio_strategist.domain.access.caller import Permission
from cio_strategist.gateway.auth import Inside, Reader
from cio_strategist.gateway.config_api.envelope import ConfigRoute, Envelope, ErrorBody
from cio_strategist.gateway.config_api.routes import PREFIX, Symbol
from cio_strategist.gateway.routes.policy import limits_of

router = APIRouter(prefix=f"{PREFIX}/config/limits", tags=["config (fleet)"], route_class=ConfigRoute)

_LEGACY = ("max_position_size", "max_accumulations", "accumulation_cooldown_seconds")
_INSTEAD = (
    "max_position_size, max_accumulations and accumulation_cooldown_seconds are no parameters of any scope: set "
    "max_position_size_usd, position_size_pct, max_concurrent_positions or max_daily_trades"
)

_Number = Annotated[float | None, Query(description="Taken, and without effect.")]


@router.get("", summary="Limits")
async def get_limits(services: Inside, caller: Reader) -> Envelope[dict[str, Any]]:
    """Tell the form that clients know, whose three limits nobody sets, and the limits that really hold."""
    caller.require(Permission.READ)
    view = limits_of(await services.reader.resolved())
    data = {
        "limits": {"global": dict.fromkeys(_LEGACY), "symbols": {}},
        "in_force": {name: value.model_dump(mode="json") for name, value in view.parameters.items()},
    }
    return Envelope(success=True, data=data, metadata={"read_from": view.source.name})


@router.put("/global", summary="Not supported: says what to do instead")
async def put_global_limits(
    max_position_size: _Number = None, max_accumulations: _Number = None, accumulation_cooldown_seconds: _Number = None
) -> Envelope[dict[str, Any]]:
    """Refuse, naming the parameters to set instead. Nothing is written."""
    del max_position_size, max_accumulations, accumulation_cooldown_seconds
    return _unsupported(f"POST {PREFIX}/trading")


@router.put("/symbol/{symbol}", summary="Not supported: says what to do instead")
async def put_symbol_limits(
    symbol: Symbol,
    max_position_size: _Number = None,
    max_accumulations: _Number = None,
    accumulation_cooldown_seconds: _Number = None,
) -> Envelope[dict[str, Any]]:
    """Refuse, naming the parameters to set instead. Nothing is written."""
    del max_position_size, max_accumulations, accumulation_cooldown_seconds
    return _unsupported(f"POST {PREFIX}/trading/{symbol.upper()}")


@router.delete("/symbol/{symbol}", summary="Not supported: says what to do instead")
async def delete_symbol_limits(symbol: Symbol) -> Envelope[dict[str, Any]]:
    """Refuse, naming the parameters to set instead. Nothing is written."""
    return _unsupported(f"DELETE {PREFIX}/trading/{symbol.upper()}")


def _unsupported(route: str) -> Envelope[dict[str, Any]]:
    error = ErrorBody(code="UNSUPPORTED_OPERATION", message=f"{_INSTEAD}, with {route}")
    return Envelope(success=False, error=error)
