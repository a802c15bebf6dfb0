"""The envelope in which the fleet's config API answers, success and refusal alike."""

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.responses import Response

from cio_strategist.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PrimalLimitError,
    RateLimitedError,
    RejectedError,
    SecondFactorError,
    StoreUnreachableError,
    StoreUnreadableError,
    StrategistError,
    UnauthenticatedError,
    UsageError,
)
from cio_strategist.gateway.answers import PlainJSON
from cio_strategist.gateway.problems import FieldProblem, excess_problems, field_problems, request_id_of
from petrosa_contracts import Code

DataT = TypeVar("DataT")

_REASONS_FOR_PROBLEMS = (UnauthenticatedError, ForbiddenError, SecondFactorError)
_STORES = (StoreUnreachableError, StoreUnreadableError)


class ErrorDetails(BaseModel):
    """What is behind an error."""

    errors: list[str] = Field(default_factory=list[str], description="Every error, each in a sentence.")
    suggestions: list[FieldProblem] | None = Field(
        default=None,
        description="The same field by field, with what was probably meant.",
        exclude_if=lambda it: it is None,
    )
    proposal_id: str | None = Field(
        default=None, description="The proposal that waits for an operator.", exclude_if=lambda it: it is None
    )
    audit_id: str | None = Field(
        default=None, description="Record of the refused attempt.", exclude_if=lambda it: it is None
    )
    current_version: int | None = Field(
        default=None, description="Version that the scope is at.", exclude_if=lambda it: it is None
    )


class ErrorBody(BaseModel):
    """Why something was not done."""

    code: str = Field(
        description="VALIDATION_ERROR, PRIMAL_LIMIT, APPROVAL_REQUIRED, ROLLBACK_FAILED, UPDATE_FAILED, "
        "UNSUPPORTED_OPERATION, CONFLICT, NOT_FOUND, CONFIG_ERROR or INTERNAL_ERROR."
    )
    message: str
    details: ErrorDetails | None = Field(default=None, exclude_if=lambda it: it is None)


class Envelope(BaseModel, Generic[DataT]):
    """An answer of the config routes. All four keys are always there; `success` decides, not the HTTP status."""

    success: bool
    data: DataT | None = None
    error: ErrorBody | None = None
    metadata: dict[str, Any] | None = None


class FilterEnvelope(Envelope[DataT], Generic[DataT]):
    """An answer of the filter routes."""

    message: str | None = None


class ConfigRoute(APIRoute):
    """A route that answers refusals in the envelope, with HTTP 200.

    Callers that may not are told so by problem details, writes that come too fast in the fleet's own form of 429, and
    what does not fit the route's models in the form of 422 that the framework has by itself.
    """

    envelope: type[Envelope[Any]] = Envelope[Any]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves this route."""
        serve = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await serve(request)
            except RequestValidationError as error:
                return _invalid(error)
            except RateLimitedError as error:
                return _limited(error)
            except StrategistError as error:
                if isinstance(error, _REASONS_FOR_PROBLEMS) or getattr(request.state, "unverified", False):
                    raise
                metadata = {"request_id": request_id_of(request)}
                told = self.envelope(success=False, error=self._told(error), metadata=metadata)
                return PlainJSON(told.model_dump(mode="json"))

        return answer

    def _told(self, error: StrategistError) -> ErrorBody:
        # The hard ceilings have a code of their own on every route.
        if isinstance(error, PrimalLimitError):
            return ErrorBody(code=Code.PRIMAL_LIMIT, message=str(error), details=details_of(error))
        return self.error_of(error)

    def error_of(self, error: StrategistError) -> ErrorBody:
        """Return what to tell of a refusal."""
        match error:
            case RejectedError() | UsageError():
                return ErrorBody(code="VALIDATION_ERROR", message=str(error), details=details_of(error))
            case NotFoundError():
                return ErrorBody(code="NOT_FOUND", message=str(error))
            case StoreUnreachableError() | StoreUnreadableError():
                return ErrorBody(code="INTERNAL_ERROR", message=str(error))
            case ConflictError():
                return ErrorBody(code="CONFLICT", message=str(error), details=details_of(error))
            case _:
                return ErrorBody(code="UNSUPPORTED_OPERATION", message=str(error))


class RollbackRoute(ConfigRoute):
    """The same for rollbacks."""

    def error_of(self, error: StrategistError) -> ErrorBody:
        """Return what to tell of a refusal."""
        if isinstance(error, _STORES):
            return super().error_of(error)
        return ErrorBody(code="ROLLBACK_FAILED", message=str(error), details=details_of(error))


class FilterRoute(ConfigRoute):
    """The same for filters."""

    envelope = FilterEnvelope[Any]

    def error_of(self, error: StrategistError) -> ErrorBody:
        """Return what to tell of a refusal."""
        if isinstance(error, _STORES):
            return ErrorBody(code="CONFIG_ERROR", message=str(error))
        return ErrorBody(code="UPDATE_FAILED", message=str(error), details=details_of(error))


def details_of(error: StrategistError) -> ErrorDetails:
    """Return every error behind one."""
    if isinstance(error, RejectedError):
        return ErrorDetails(errors=[each.message for each in error.errors], suggestions=field_problems(error.errors))
    if isinstance(error, PrimalLimitError):
        return ErrorDetails(
            errors=[each.message for each in error.excesses],
            suggestions=excess_problems(error.excesses),
            audit_id=error.audit_id,
        )
    version = error.current_version if isinstance(error, ConflictError) else None
    return ErrorDetails(errors=[str(error)], current_version=version)


def _invalid(error: RequestValidationError) -> Response:
    keys = ("type", "loc", "msg", "input")
    return PlainJSON({"detail": [{key: item.get(key) for key in keys} for item in error.errors()]}, status_code=422)


def _limited(error: RateLimitedError) -> Response:
    content = {
        "success": False,
        "error": "rate_limit_exceeded",
        "reason": "agent_quota_exceeded",
        "retry_after": error.retry_after_seconds,
    }
    return PlainJSON(content, status_code=429, headers={"Retry-After": str(error.retry_after_seconds)})
