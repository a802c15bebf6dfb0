"""Scopes: what each sets, changing it, and its history."""

from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Path, Query, Request, Response

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.edit import DeleteConfig, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.outcome import Outcome, OutcomeStatus, Preview
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.policy.views import LayerView
from cio_strategist.errors import UsageError
from cio_strategist.gateway.answers import is_known, tag_of
from cio_strategist.gateway.auth import Inside, Reader, WriterCaller
from cio_strategist.gateway.circumstances import Told, Withdrawal
from cio_strategist.gateway.paging import Cursor, HistoryPage, Limit, page_of
from cio_strategist.gateway.problems import READ_PROBLEMS, WRITE_PROBLEMS, problem_responses
from cio_strategist.gateway.routes.scope_bodies import (
    LAST_VERSION,
    PatchBody,
    PreviewBody,
    RollbackBody,
    RollbackTarget,
    ScopeList,
    SetBody,
    UnsetBody,
    VersionView,
)

router = APIRouter(prefix="/api/v1/policy/scopes", tags=["policy"])

LONGEST_SCOPE = 200
_BELOW = {"history": "GET", "versions/": "GET", "unset": "POST", "preview": "POST", "rollback": "POST"}
_PENDING = {202: {"model": Outcome, "description": "It waits for an operator: it loosens more than the caller may"}}
_WRITES = {**_PENDING, **WRITE_PROBLEMS}
_LOOKS = {**READ_PROBLEMS, **problem_responses((403, 409, 412))}


def checked_scope(text: str) -> str:
    """Return a scope key as it was sent. Raises `UsageError` for one that is too long or cannot be shown."""
    if len(text) > LONGEST_SCOPE or not text.isprintable():
        raise UsageError(f"a scope has up to {LONGEST_SCOPE} printable characters: {text[:40]!r} cannot be one")
    return text


def whole_scope(text: str) -> str:
    """Return the scope key that a path without anything below it names.

    Raises `HTTPException` (405) for a route below a scope that was asked with a method it does not have: it would pass
    for a scope of an odd name. Raises `UsageError` as `checked_scope` does.
    """
    above, _, last = text.rpartition("/")
    method = _BELOW.get("versions/" if above.endswith("/versions") else last) if above else None
    if method is not None:
        raise HTTPException(405, headers={"Allow": method})
    return checked_scope(text)


ScopeKey = Annotated[
    str,
    Path(
        description="`global`, `symbol:BTCUSDT`, `strategy:momentum_v1` or `symbol_side:BTCUSDT:LONG`.",
        examples=["symbol_side:BTCUSDT:LONG"],
    ),
]


@router.get("", summary="Every scope that sets anything", responses=READ_PROBLEMS)
async def list_scopes(services: Inside, caller: Reader) -> ScopeList:
    """List what each scope itself sets, from the widest to the narrowest."""
    caller.require(Permission.READ)
    return ScopeList(scopes=await services.reader.layers())


@router.get("/{scope:path}/history", summary="History of a scope", responses=READ_PROBLEMS)
async def scope_history(
    services: Inside, caller: Reader, scope: ScopeKey, limit: Limit = 50, cursor: Cursor = None
) -> HistoryPage:
    """List the changes of a scope's parameters, newest first, each with the whole state before and after."""
    caller.require(Permission.READ)
    wanted = HistoryFilter(scope=parse_scope(checked_scope(scope)).key, subject=Subject.CONFIG)
    return await page_of(services.reader, wanted, limit=limit, cursor=cursor)


@router.get("/{scope:path}/versions/{version}", summary="A scope at one version", responses=READ_PROBLEMS)
async def scope_at_version(
    services: Inside,
    caller: Reader,
    scope: ScopeKey,
    version: Annotated[int, Path(ge=0, le=LAST_VERSION, examples=[3])],
) -> VersionView:
    """Tell what a scope set at a version, and the record of the change that made it. Version 0 is no config."""
    caller.require(Permission.READ)
    key = parse_scope(checked_scope(scope)).key
    restored = await services.manager.rollback_edit(scope=key, to_version=version)
    record = await services.reader.at_version(key, version) if version else None
    return VersionView(scope=key, version=version, parameters=restored.parameters, record=record)


@router.post("/{scope:path}/unset", summary="Take parameters out", responses=_WRITES)
async def unset_parameters(
    services: Inside, caller: WriterCaller, told: Told, scope: ScopeKey, body: UnsetBody, response: Response
) -> Outcome:
    """Take parameters out of what the scope sets, so that wider scopes decide again."""
    edit = UnsetParameters(names=tuple(body.names))
    outcome = await services.manager.apply(edit, scope=checked_scope(scope), request=told.request(caller, body))
    return answered(outcome, response)


@router.post("/{scope:path}/preview", summary="See what a change would do", responses=_LOOKS)
async def preview_change(
    services: Inside,
    caller: Reader,
    told: Told,
    scope: ScopeKey,
    body: Annotated[PreviewBody, Body()],
    simulate: Annotated[bool, Query(description="Try it on the recorded decisions of the last hour as well.")] = False,
) -> Preview:
    """Tell what an edit or a rollback would change, for which orders, and which way risk moves.

    It also tells whether it would apply at once or wait for an operator. Nothing is written.
    """
    key = checked_scope(scope)
    request = told.request(caller, None)
    if isinstance(body, RollbackTarget):
        key = parse_scope(key).key
        caller.require(Permission.READ)
        edit = await services.manager.rollback_edit(scope=key, to_version=body.to_version, to_record=body.to_record)
    else:
        edit = body
    found = await services.manager.preview(edit, scope=key, request=request)
    return await services.decisions.preview(found) if simulate else found


@router.post("/{scope:path}/rollback", summary="Bring back an earlier state", responses=_WRITES)
async def roll_back(
    services: Inside, caller: WriterCaller, told: Told, scope: ScopeKey, body: RollbackBody, response: Response
) -> Outcome:
    """Bring back a version (0: no config), the state after an audit record, or the state before the newest change.

    The rollback is a new version, so it can be undone as well.
    """
    outcome = await services.manager.rollback(
        scope=parse_scope(checked_scope(scope)).key,
        request=told.request(caller, body),
        to_version=body.to_version,
        to_record=body.to_record,
    )
    return answered(outcome, response)


@router.get(
    "/{scope:path}",
    summary="What one scope sets",
    response_model=LayerView,
    responses={304: {"description": "The version in If-None-Match is the present one"}, **READ_PROBLEMS},
)
async def get_scope(
    services: Inside, caller: Reader, scope: ScopeKey, request: Request, response: Response
) -> LayerView | Response:
    """Tell what a scope itself sets. One that sets nothing is an answer too. The ETag is its version."""
    caller.require(Permission.READ)
    layer = await services.reader.layer(whole_scope(scope))
    if is_known(request, layer.version):
        return Response(status_code=304, headers={"ETag": tag_of(layer.version)})
    response.headers["ETag"] = tag_of(layer.version)
    return layer


@router.put("/{scope:path}", summary="Set a scope", responses=_WRITES)
async def set_parameters(
    services: Inside, caller: WriterCaller, told: Told, scope: ScopeKey, body: SetBody, response: Response
) -> Outcome:
    """Make `parameters` everything that the scope sets; what is left out falls back to wider scopes."""
    edit = SetParameters(parameters=body.parameters)
    outcome = await services.manager.apply(edit, scope=whole_scope(scope), request=told.request(caller, body))
    return answered(outcome, response)


@router.patch("/{scope:path}", summary="Change some parameters", responses=_WRITES)
async def patch_parameters(
    services: Inside, caller: WriterCaller, told: Told, scope: ScopeKey, body: PatchBody, response: Response
) -> Outcome:
    """Merge `parameters` into what the scope sets; everything else stays as it is."""
    edit = PatchParameters(parameters=body.parameters)
    outcome = await services.manager.apply(edit, scope=whole_scope(scope), request=told.request(caller, body))
    return answered(outcome, response)


@router.delete("/{scope:path}", summary="Remove a scope's config", responses=_WRITES)
async def delete_scope(
    services: Inside, caller: WriterCaller, told: Told, scope: ScopeKey, why: Withdrawal, response: Response
) -> Outcome:
    """Remove everything that the scope sets. That takes a version number too, and can be rolled back."""
    request = told.request(caller, why)
    outcome = await services.manager.apply(DeleteConfig(), scope=whole_scope(scope), request=request)
    return answered(outcome, response)


def answered(outcome: Outcome, response: Response) -> Outcome:
    """Give a write's answer its status and the ETag of the version that the scope is at now."""
    response.headers["ETag"] = tag_of(outcome.version)
    if outcome.status is OutcomeStatus.PENDING:
        response.status_code = 202
    return outcome
