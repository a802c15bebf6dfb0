"""Proposals: changes that wait for an operator."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.policy.outcome import Outcome
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.gateway.auth import Inside, Reader, WriterCaller
from cio_strategist.gateway.circumstances import Proven, Told, Why
from cio_strategist.gateway.problems import READ_PROBLEMS, WRITE_PROBLEMS
from cio_strategist.gateway.routes.scopes import answered

ProposalId = Annotated[str, Path(description="Id of a proposal.", examples=["4f1c2b9d8e7a4c55a0d1b2c3d4e5f607"])]

router = APIRouter(prefix="/api/v1/proposals", tags=["proposals"])


class ProposalList(BaseModel):
    """Proposals, newest first."""

    proposals: tuple[Proposal, ...]


@router.get("", summary="Proposals", responses=READ_PROBLEMS)
async def list_proposals(
    services: Inside,
    caller: Reader,
    status: Annotated[ProposalStatus | None, Query(description="Only those that stand so.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
) -> ProposalList:
    """List proposals, newest first."""
    caller.require(Permission.READ)
    return ProposalList(proposals=tuple(await services.proposals.all(status, limit=limit)))


@router.get("/{proposal_id}", summary="One proposal", responses=READ_PROBLEMS)
async def one_proposal(services: Inside, caller: Reader, proposal_id: ProposalId) -> Proposal:
    """Tell one proposal: what is to be done, why it waits, and what became of it."""
    caller.require(Permission.READ)
    return await services.proposals.one(proposal_id)


@router.post("/{proposal_id}/approve", summary="Carry a proposal out", responses=WRITE_PROBLEMS)
async def approve(
    services: Inside,
    caller: WriterCaller,
    told: Told,
    proposal_id: ProposalId,
    response: Response,
    body: Proven | None = None,
) -> Outcome:
    """Carry out a pending proposal. Takes `proposals:approve` and an operator; for one's own, the second factor too."""
    outcome = await services.proposals.approve(proposal_id, request=told.request(caller, body), code=told.code(body))
    return answered(outcome, response)


@router.post("/{proposal_id}/reject", summary="Turn a proposal down", responses=WRITE_PROBLEMS)
async def reject(
    services: Inside, caller: WriterCaller, told: Told, proposal_id: ProposalId, body: Why | None = None
) -> Proposal:
    """Turn a pending proposal down. Takes `proposals:approve` and an operator."""
    return await services.proposals.reject(proposal_id, request=told.request(caller, body))
