"""Latches of the portfolio: clearing them."""

from typing import Annotated

from fastapi import APIRouter, Path

from cio_strategist.domain.policy.latch_change import LatchOutcome
from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.gateway.auth import Inside, WriterCaller
from cio_strategist.gateway.circumstances import Proven, Told
from cio_strategist.gateway.problems import WRITE_PROBLEMS

LatchName = Annotated[Latch, Path(description="Which latch.", examples=["daily-loss"])]

router = APIRouter(prefix="/api/v1/control/latches", tags=["control"])


@router.post("/{latch}/clear", summary="Clear a latch of the portfolio", responses=WRITE_PROBLEMS)
async def clear_latch(
    services: Inside, caller: WriterCaller, told: Told, latch: LatchName, body: Proven
) -> LatchOutcome:
    """Clear the day's latched loss or the latched drawdown; it counts anew from the equity of now.

    Takes `control:loosen`, an operator, a reason, and a code of the second factor, in the body or as X-Second-Factor.
    """
    return await services.latches.clear(latch, request=told.request(caller, body), code=told.code(body))
