"""Control: halting, restricting and resuming."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.duration import parse_duration
from cio_strategist.domain.policy.outcome import ControlOutcome
from cio_strategist.domain.policy.views import ControlView
from cio_strategist.gateway.auth import Inside, Reader, Tightener, WriterCaller
from cio_strategist.gateway.circumstances import Proven, ProvenWithdrawal, Told
from cio_strategist.gateway.problems import READ_PROBLEMS, WRITE_PROBLEMS
from cio_strategist.gateway.routes.scopes import ScopeKey, checked_scope
from petrosa_contracts import Mode

router = APIRouter(prefix="/api/v1/control", tags=["control"])


class ControlList(BaseModel):
    """Every scope that is restricted by hand, expired entries included."""

    controls: tuple[ControlView, ...]


class ImposeBody(Proven):
    """A mode for a scope, in place of what is set for it."""

    scope: str = Field(description="`global`, `symbol:BTCUSDT` or `strategy:momentum_v1`.", examples=["symbol:BTCUSDT"])
    mode: Literal["SAFE", "HALTED", "FROZEN"] = Field(
        description="SAFE: fail-safe limits, no new symbols. HALTED: only what reduces risk. FROZEN: nothing at all."
    )
    lasting: Annotated[str, Field(max_length=40)] | None = Field(
        default=None, description="How long, such as `30m`, `2h` or `1d`; null: until it is lifted.", examples=["2h"]
    )


@router.get("", summary="What is restricted", responses=READ_PROBLEMS)
async def list_controls(services: Inside, caller: Reader) -> ControlList:
    """List every control entry, from the widest scope to the narrowest."""
    caller.require(Permission.READ)
    return ControlList(controls=await services.reader.controls())


@router.post("", summary="Restrict a scope", responses=WRITE_PROBLEMS)
async def impose(services: Inside, caller: Tightener, told: Told, body: ImposeBody) -> ControlOutcome:
    """Put a scope into SAFE, HALTED or FROZEN. A reason is needed.

    Stricter is open to whoever holds `control:tighten` and never refused for its rate. Laxer than what is set, and
    FROZEN, takes an operator and a code of the second factor.
    """
    return await services.control.impose(
        Mode(body.mode),
        scope=checked_scope(body.scope),
        request=told.request(caller, body),
        lasting=None if body.lasting is None else parse_duration(body.lasting),
        code=told.code(body),
    )


@router.delete("/{scope:path}", summary="Lift what restricts a scope", responses=WRITE_PROBLEMS)
async def lift(
    services: Inside, caller: WriterCaller, told: Told, scope: ScopeKey, why: ProvenWithdrawal
) -> ControlOutcome:
    """Lift what is set for a scope, so that policy alone decides; wider scopes may still restrict it.

    Takes `control:loosen`, an operator, and a code of the second factor, in the body or as X-Second-Factor.
    """
    return await services.control.lift(
        scope=checked_scope(scope), request=told.request(caller, why), code=told.code(why)
    )
