"""Errors as results that a language model can act on: a code, a sentence, every wrong field, and what to do next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from cio_strategist.errors import (
    BotError,
    BusyError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PrimalLimitError,
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
from cio_strategist.gateway.problems import FieldProblem, excess_problems, field_problems
from petrosa_contracts import Code

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_FIELDS: Final = 50
"""Wrong fields that one error names at most; an argument may hold thousands."""


class ArgumentsError(UsageError):
    """Arguments that do not fit a tool's schema. Nothing was done."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is told."""

    code: str
    message: str
    what_to_do: str
    errors: tuple[FieldProblem, ...] = ()
    facts: Mapping[str, int | str] | None = None
    """What else whoever tries again needs, such as `current_version`."""

    def structured(self) -> dict[str, Any]:
        """Return it as the structured content of a result."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "errors": [each.model_dump() for each in self.errors],
                "what_to_do": self.what_to_do,
                **(self.facts or {}),
            }
        }

    def text(self) -> str:
        """Return it as text, for clients that show a model nothing else."""
        lines = [f"{self.code}: {self.message}"]
        if len(self.errors) > 1 or any(each.suggested_value is not None for each in self.errors):
            lines += [_line(each) for each in self.errors]
        return "\n".join([*lines, f"What to do: {self.what_to_do}"])


@dataclass(frozen=True, slots=True)
class _Rule:
    code: str
    what_to_do: str


_CORRECT = "Correct what `errors` names, take the suggested values where they say what you meant, and call again."

_RULES: Final[Mapping[type[StrategistError], _Rule]] = {
    ArgumentsError: _Rule("INVALID_ARGUMENTS", _CORRECT),
    UsageError: _Rule("INVALID_ARGUMENTS", "Correct the arguments as the message says and call again."),
    RejectedError: _Rule(
        "VALIDATION_ERROR",
        f"Nothing was written. {_CORRECT} `get_schema` explains each parameter, and `validate_config` tries values.",
    ),
    UnauthenticatedError: _Rule(
        "UNAUTHENTICATED",
        "Nothing was written. Without a valid token only reading is possible: ask the operator to give this connection "
        "a token (Authorization: Bearer ..., or at the start of the program over stdio). Do not just call again.",
    ),
    ForbiddenError: _Rule(
        "FORBIDDEN",
        "Nothing was written. This is not yours to do: tell the operator what should be done and why. "
        "Tightening and `preview_change` may still be open to you.",
    ),
    SecondFactorError: _Rule(
        "SECOND_FACTOR_REQUIRED",
        "Nothing was written. Ask the operator for the code that their authenticator shows now and pass it as `code`. "
        "Never guess one: wrong codes lock this for everybody.",
    ),
    RateLimitedError: _Rule(
        "RATE_LIMITED",
        "Nothing was written. Wait for `retry_after_seconds`, and join changes of one scope into one `patch_config`. "
        "A halt by `set_control` is never limited.",
    ),
    BusyError: _Rule(
        "BUSY", "Nothing was done: one simulation runs at a time. Wait for `retry_after_seconds` and call again."
    ),
    PrimalLimitError: _Rule(
        Code.PRIMAL_LIMIT.value,
        "Nothing was written, and the attempt is recorded. Stay within the suggested values; `get_primal_limits` tells "
        "every hard ceiling. No token, proposal, approval or code lifts one: if it is wrong, tell the operator why. "
        "Do not try again.",
    ),
    RefusedError: _Rule("REFUSED", "Nothing was written. Do what the message says instead."),
    NotFoundError: _Rule(
        "NOT_FOUND",
        "Look what there is: `list_configs`, `get_history` and `list_proposals` name scopes, versions and ids; a "
        "verdict names its decision.",
    ),
    ConflictError: _Rule(
        "CONFLICT",
        "Nothing was written. Somebody was faster: look at it again with `get_config` or `get_proposal`, decide "
        "anew, and send the version found there as `expect_version`.",
    ),
    StoreUnreadableError: _Rule(
        "STORE_UNREADABLE", "Tell the operator: what is stored is damaged, and calling again will not help."
    ),
    StoreUnreachableError: _Rule(
        "STORE_UNREACHABLE",
        "Try again in a few seconds, with the same `idempotency_key` if it was a write: it may have been taken. If it "
        "goes on, tell the operator; halting is possible on the spot with `cio-policy halt`.",
    ),
    WorkerLostError: _Rule(
        "SIMULATION_FAILED", "Nothing was written. Ask for fewer decisions; if it goes on, tell the operator."
    ),
    BotError: _Rule(
        "BOT_UNAVAILABLE", "Try again later; if it goes on, tell the operator that the bot does not answer."
    ),
}

_UNEXPECTED = Problem(
    code="INTERNAL_ERROR",
    message="something went wrong inside the gateway; the operator finds it in the log",
    what_to_do="It may or may not have been done: look with a reading tool before trying again, and tell the operator.",
)


def problem_of(error: Exception, *, tool: str) -> Problem:
    """Return what to tell about an error. What was not raised on purpose is logged and told without its details."""
    if not isinstance(error, StrategistError):
        _log.error("tool_failed", tool=ascii(tool[:100])[1:-1], exc_info=error)
        return _UNEXPECTED
    rule = next((_RULES[kind] for kind in type(error).__mro__ if kind in _RULES), None)
    if rule is None:
        _log.error("tool_failed", tool=ascii(tool[:100])[1:-1], exc_info=error)
        return _UNEXPECTED
    return Problem(
        code=rule.code,
        message=str(error),
        what_to_do=rule.what_to_do,
        errors=tuple(_fields(error)[:MOST_FIELDS]),
        facts=_facts(error),
    )


def _fields(error: StrategistError) -> Sequence[FieldProblem]:
    match error:
        case ArgumentsError():
            return error.problems
        case RejectedError():
            return field_problems(error.errors)
        case PrimalLimitError():
            return excess_problems(error.excesses)
        case _:
            return ()


def _facts(error: StrategistError) -> Mapping[str, int | str]:
    if isinstance(error, ConflictError) and error.current_version is not None:
        return {"current_version": error.current_version}
    if isinstance(error, RateLimitedError | BusyError):
        return {"retry_after_seconds": error.retry_after_seconds}
    if isinstance(error, SecondFactorError):
        return {"why": error.why}
    if isinstance(error, PrimalLimitError) and error.audit_id is not None:
        return {"audit_id": error.audit_id}
    return {}


def _line(problem: FieldProblem) -> str:
    suggestion = "" if problem.suggested_value is None else f" (suggested: {json.dumps(problem.suggested_value)})"
    return f"- {problem.field}: {problem.message}{suggestion}"
