"""The primal limits: readable, and changed by nobody."""

from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Body

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.policy.views import PrimalView
from cio_strategist.gateway.auth import Access, Inside, Reader, Verified
from cio_strategist.gateway.circumstances import Told
from cio_strategist.gateway.problems import READ_PROBLEMS, problem_responses
from cio_strategist.gateway.services import Services

router = APIRouter(prefix="/api/v1/primal", tags=["primal"])

_REFUSED = problem_responses((401, 403, 429))
_Attempt = Annotated[
    Any,
    Body(
        description="Only for the record: limits by name, and `reason`.",
        examples=[{"limits": {"leverage": 50}, "reason": "the desk asked for it"}],
    ),
]
_SUMMARY = "Always refused, and recorded"


@router.get("", summary="The hard ceilings", responses=READ_PROBLEMS)
async def primal_limits(services: Inside, caller: Reader) -> PrimalView:
    """Tell the limits that no policy, proposal or operator can exceed, whether they are the signed file's, and why not.

    They are a file in the repository that two approvers sign; this process read it when it started.
    """
    caller.require(Permission.READ)
    return services.primal.view()


@router.put("", summary=_SUMMARY, responses=_REFUSED, status_code=403)
async def put_limits(services: Inside, access: Verified, told: Told, body: _Attempt = None) -> None:
    """Refuse with PRIMAL_LIMIT: no running process can change a primal limit. The attempt goes into the trail."""
    await _refused(services, access, told, body)


@router.post("", summary=_SUMMARY, responses=_REFUSED, status_code=403)
async def post_limits(services: Inside, access: Verified, told: Told, body: _Attempt = None) -> None:
    """Refuse as PUT does."""
    await _refused(services, access, told, body)


@router.patch("", summary=_SUMMARY, responses=_REFUSED, status_code=403)
async def patch_limits(services: Inside, access: Verified, told: Told, body: _Attempt = None) -> None:
    """Refuse as PUT does."""
    await _refused(services, access, told, body)


@router.delete("", summary=_SUMMARY, responses=_REFUSED, status_code=403)
async def delete_limits(services: Inside, access: Verified, told: Told, body: _Attempt = None) -> None:
    """Refuse as PUT does."""
    await _refused(services, access, told, body)


async def _refused(services: Services, access: Access, told: Told, body: object) -> NoReturn:
    # Counted like a write, for each of them writes a record; nobody in particular counts as one caller.
    await access.limit.take(access.caller)
    await services.primal.refuse(body, caller=access.caller, request_id=told.request_id)
