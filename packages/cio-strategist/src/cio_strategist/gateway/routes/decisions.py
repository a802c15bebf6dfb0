"""Recorded decisions: shown, explained, and tried under a proposed policy."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.decisions.explanation import Explanation
from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.domain.decisions.simulation import Simulation
from cio_strategist.domain.decisions.whatif import PolicyPatch
from cio_strategist.gateway.auth import Inside, Reader
from cio_strategist.gateway.problems import READ_PROBLEMS
from cio_strategist.service.decisions.recorded import MOST_SIMULATED
from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.record import DecisionRecord

router = APIRouter(prefix="/api/v1/decisions", tags=["decisions"])
simulation_router = APIRouter(prefix="/api/v1/policy", tags=["decisions"])

DecisionId = Annotated[
    str,
    Path(
        max_length=200,
        description="`decision_id`, as in the verdict and in the signal.",
        examples=["4f1c2b9d8e7a4c55a0d1b2c3d4e5f607"],
    ),
]


class SimulateBody(BaseModel):
    """A policy to try, and the recorded decisions to try it on."""

    model_config = ConfigDict(extra="forbid")

    patch: dict[str, Any] = Field(
        description="Parameters by scope, merged into the policy that held; null takes one out.",
        examples=[{"global": {"max_position_size_usd": 500}}],
    )
    since: UtcDatetime | None = Field(default=None, description="Only from then on; without an offset it is UTC.")
    until: UtcDatetime | None = Field(default=None, description="Only before then.")
    strategy_id: str | None = Field(default=None, max_length=200, description="Only of this strategy.")
    symbol: str | None = Field(default=None, max_length=64, description="Only of this symbol.")
    limit: int = Field(default=MOST_SIMULATED, ge=1, le=MOST_SIMULATED, description="Of those, the newest so many.")


@router.get(
    "/{decision_id}",
    summary="The record of a decision",
    response_class=Response,
    responses={200: {"model": DecisionRecord, "description": "As the gate wrote it"}, **READ_PROBLEMS},
)
async def one_decision(services: Inside, caller: Reader, decision_id: DecisionId) -> Response:
    """Tell everything that a decision rested on, byte for byte as recorded.

    Of an approval that was withdrawn because its record was late, the withdrawal.
    """
    caller.require(Permission.READ)
    return Response(await services.decisions.record(decision_id), media_type="application/json")


@router.get("/{decision_id}/explanation", summary="Why", responses=READ_PROBLEMS)
async def explain_decision(services: Inside, caller: Reader, decision_id: DecisionId) -> Explanation:
    """Tell which limits were not kept, who set each, when, why and in which version, and what would have passed."""
    caller.require(Permission.READ)
    return await services.decisions.explanation(decision_id)


@simulation_router.post("/simulate", summary="What a policy would have changed", responses=READ_PROBLEMS)
async def simulate(services: Inside, caller: Reader, body: SimulateBody) -> Simulation:
    """Decide recorded intents again with a patch merged into the policy that held, writing nothing.

    Each decision is judged by itself, on what was known then. One simulation runs at a time; 503 says when to come
    again. For more than the newest 10,000 decisions there is `cio-replay`.
    """
    caller.require(Permission.READ)
    wanted = DecisionFilter(
        since=body.since,
        until=body.until,
        strategy=body.strategy_id,
        symbol=None if body.symbol is None else body.symbol.upper(),
    )
    return await services.decisions.simulate(PolicyPatch.read(body.patch), wanted, limit=body.limit)
