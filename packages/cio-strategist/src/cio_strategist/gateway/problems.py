"""Problem details (RFC 9457): every refusal and failure in one shape, for people, programs and models."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cio_strategist.errors import (
    BotError,
    BusyError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PrimalLimitError,
    PrimalTouchedError,
    RateLimitedError,
    RefusedError,
    RejectedError,
    SecondFactorError,
    StoreUnreachableError,
    StoreUnreadableError,
    StrategistError,
    UnauthenticatedError,
    UsageError,
    WorkerLostError,
)
from cio_strategist.gateway.answers import PlainJSON
from petrosa_contracts import Code, ParameterError
from petrosa_contracts.primal.bounds import Excess

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
"""What `Retry-After` says while a store is away."""
_URN = "urn:petrosa-cio:problem:"
_LONGEST_INSTANCE = 300


class FieldProblem(BaseModel):
    """One thing wrong with one field."""

    field: str = Field(
        description="Name of the parameter, or place in the request such as `body.reason`.", examples=["stop_loss_pct"]
    )
    code: str = Field(description="Machine code, such as `OUT_OF_RANGE`.", examples=["OUT_OF_RANGE"])
    message: str = Field(description="What is wrong and what is allowed, in a sentence.")
    suggested_value: Any = Field(
        default=None, description="What was probably meant; null if there is no good guess.", examples=[2.0]
    )


class Problem(BaseModel):
    """Why something was not done. Nothing was written unless `detail` says so."""

    type: str = Field(description="Stable identifier of the kind of problem.", examples=[f"{_URN}conflict"])
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What is wrong and what to do about it, in a sentence or two.")
    instance: str = Field(description="Path of the request.")
    request_id: str = Field(description="Id of the request, as in X-Request-ID, the log and the audit trail.")
    errors: list[FieldProblem] | None = Field(default=None, description="Every wrong field, where fields are wrong.")
    current_version: int | None = Field(
        default=None, description="Version that the scope is at, where another was expected."
    )
    code: str | None = Field(default=None, description="`PRIMAL_LIMIT`, where a primal limit stands in the way.")
    audit_id: str | None = Field(default=None, description="Record of the attempt in the trail, where there is one.")
    second_factor: str | None = Field(
        default=None, description="`missing`, `malformed`, `wrong`, `used`, `locked` or `not_configured`."
    )


_KINDS: tuple[tuple[type[StrategistError], str, int, str], ...] = (
    (UsageError, "usage", 400, "The request cannot be understood"),
    (RejectedError, "rejected", 422, "The catalogue does not allow these values"),
    (UnauthenticatedError, "unauthenticated", 401, "Nobody was recognised"),
    (ForbiddenError, "forbidden", 403, "The caller may not do this"),
    (SecondFactorError, "second-factor", 403, "A second factor is needed"),
    (RateLimitedError, "rate-limited", 429, "Too many writes"),
    (BusyError, "busy", 503, "One at a time, and one is under way"),
    (PrimalLimitError, "primal-limit", 422, "Beyond a primal limit"),
    (RefusedError, "refused", 409, "Understood, and not done"),
    (NotFoundError, "not-found", 404, "There is nothing of that name"),
    (ConflictError, "conflict", 409, "Somebody else changed it meanwhile"),
    (StoreUnreachableError, "store-unreachable", 503, "A store does not answer"),
    (StoreUnreadableError, "store-unreadable", 500, "What is stored cannot be read"),
    (WorkerLostError, "simulation-failed", 500, "The simulation did not come to its end"),
    (BotError, "bot", 502, "A bot of the fleet does not answer sensibly"),
)
_UNEXPECTED = ("internal", 500, "Something unexpected went wrong")


def request_id_of(request: Request) -> str:
    """Return the id that the request came with or was given."""
    return str(getattr(request.state, "request_id", ""))


def problem_answer(
    request: Request,
    kind: str,
    status: int,
    title: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return an answer that tells a problem; its `type` ends with `kind`."""
    problem = Problem(
        type=f"{_URN}{kind}",
        title=title,
        status=status,
        detail=detail,
        instance=request.url.path[:_LONGEST_INSTANCE],
        request_id=request_id_of(request),
        **more,
    )
    content = {name: value for name, value in problem.model_dump().items() if value is not None}
    return PlainJSON(content, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


async def strategist_problem(request: Request, error: Exception) -> Response:
    """Answer an error of this package's tree."""
    kind, status, title = next(
        ((kind, status, title) for cls, kind, status, title in _KINDS if isinstance(error, cls)), _UNEXPECTED
    )
    return problem_answer(
        request,
        kind,
        _status_of(request, error, status),
        title,
        str(error),
        headers=_headers_of(request, error),
        **_more_of(error),
    )


async def invalid_request(request: Request, error: Exception) -> Response:
    """Answer a path, query or body that does not fit the route's model."""
    wrong = cast("RequestValidationError", error).errors()
    errors = [
        FieldProblem(field=_place(item["loc"]), code=str(item["type"]).upper(), message=_said(item)) for item in wrong
    ]
    detail = "; ".join(f"{each.field}: {each.message}" for each in errors[:5])
    return problem_answer(request, "invalid", 422, "The request does not fit this route", detail, errors=errors)


async def http_problem(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: an unknown path, a method that a path does not have."""
    refusal = cast("HTTPException", error)
    title = HTTPStatus(refusal.status_code).phrase
    kind = title.lower().replace(" ", "-")
    detail = f"{title}: {request.method} {request.url.path[:_LONGEST_INSTANCE]}; /docs lists every route"
    headers = {**(refusal.headers or {}), **_allowed(request)}
    return problem_answer(request, kind, refusal.status_code, title, detail, headers=headers)


def unexpected(request: Request) -> Response:
    """Answer a failure that nobody foresaw, without what is inside."""
    kind, status, title = _UNEXPECTED
    detail = "this is a fault of the service; whoever runs it finds it in the log under the request id"
    return problem_answer(request, kind, status, title, detail)


def field_problems(errors: Iterable[ParameterError]) -> list[FieldProblem]:
    """Return errors of the catalogue, field by field."""
    return [
        FieldProblem(field=each.field, code=each.code, message=each.message, suggested_value=each.suggested_value)
        for each in errors
    ]


def excess_problems(excesses: Iterable[Excess]) -> list[FieldProblem]:
    """Return what is beyond the primal limits, field by field."""
    return [
        FieldProblem(field=each.name, code=Code.PRIMAL_LIMIT, message=each.message, suggested_value=each.suggested)
        for each in excesses
    ]


def problem_responses(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """Return how the problems of a route are documented in OpenAPI."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


READ_PROBLEMS = problem_responses((400, 401, 404, 503))
"""What a route that only looks may refuse with."""
WRITE_PROBLEMS = problem_responses((400, 401, 403, 404, 409, 412, 429, 503))
"""What a route that writes may refuse with."""


def methods_by_path(routers: Iterable[APIRouter]) -> dict[str, set[str]]:
    """Return which methods each path has."""
    found: dict[str, set[str]] = {}
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute):
            found.setdefault(route.path, set()).update(route.methods or ())
    return found


def _allowed(request: Request) -> dict[str, str]:
    """Return `Allow` for a method that a path does not have. The framework names the methods of one route alone."""
    known: Mapping[str, set[str]] = request.app.state.methods
    methods = known.get(getattr(request.scope.get("route"), "path", ""), {request.method})
    return {} if request.method in methods else {"Allow": ", ".join(sorted(methods))}


def _more_of(error: Exception) -> dict[str, Any]:
    match error:
        case RejectedError():
            return {"errors": field_problems(error.errors)}
        case PrimalLimitError():
            return {"errors": excess_problems(error.excesses), "code": Code.PRIMAL_LIMIT, "audit_id": error.audit_id}
        case ConflictError():
            return {"current_version": error.current_version}
        case SecondFactorError():
            return {"second_factor": error.why}
        case _:
            return {}


def _status_of(request: Request, error: Exception, usual: int) -> int:
    match error:
        case ConflictError() if error.current_version is not None and "if-match" in request.headers:
            return HTTPStatus.PRECONDITION_FAILED
        case PrimalTouchedError():
            return HTTPStatus.FORBIDDEN
        case BotError() if isinstance(error.__cause__, TimeoutError):
            return HTTPStatus.GATEWAY_TIMEOUT
        case _:
            return usual


def _headers_of(request: Request, error: Exception) -> dict[str, str]:
    match error:
        case RateLimitedError() | BusyError():
            return {"Retry-After": str(error.retry_after_seconds)}
        case UnauthenticatedError():
            presented = "authorization" in request.headers
            invalid = ', error="invalid_token"' if presented else ""
            return {"WWW-Authenticate": f'Bearer realm="petrosa-cio"{invalid}'}
        case StoreUnreachableError():
            return {"Retry-After": str(RETRY_SECONDS)}
        case _:
            return {}


def _place(location: Sequence[object]) -> str:
    return ".".join(str(part)[:80] for part in location)


def _said(wrong: Mapping[str, Any]) -> str:
    if wrong["type"] == "union_tag_not_found":
        return f"it has to say its {wrong['ctx']['discriminator']}; /docs lists which there are"
    return str(wrong["msg"])
