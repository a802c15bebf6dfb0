"""What tools take: models of their arguments, read in a way that tells a model everything that is wrong at once."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from cio_strategist.domain.access.thought import (
    DISTINCT_WORDS,
    LONGEST_REASON,
    LONGEST_THOUGHT,
    SHORTEST_REASON,
    SHORTEST_THOUGHT,
    check_reason,
    check_trace,
)
from cio_strategist.errors import UsageError
from cio_strategist.gateway.mcp.errors import MOST_FIELDS, ArgumentsError
from cio_strategist.gateway.problems import FieldProblem
from cio_strategist.service.policy.writer import LONGEST_KEY
from petrosa_contracts import CATALOGUE, Scope, ScopeError

SCOPE_FORMS: Final = ("global", "symbol:BTCUSDT", "strategy:momentum_v1", "symbol_side:BTCUSDT:LONG")
CONTROL_SCOPE_FORMS: Final = SCOPE_FORMS[:3]

ArgumentsT = TypeVar("ArgumentsT", bound="Arguments")


class Arguments(BaseModel):
    """Arguments of a tool. Unknown ones are refused, because a misspelled limit must not pass for none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _scope(text: str) -> str:
    try:
        return Scope.parse(text).key
    except ScopeError as error:
        raise PydanticCustomError(
            "scope", "{problem}", {"problem": str(error), "suggested_value": scope_meant(text)}
        ) from error


def scope_meant(text: str) -> str | None:
    """Return the scope key that was probably meant by a text that is none; None if there is no good guess."""
    text = text.strip()
    kind, _, rest = text.partition(":")
    if text.lower() in {"", "all", "*", "default", "defaults", "global"}:
        return "global"
    guesses = [f"{kind.lower()}:{rest}", f"symbol_side:{rest.upper()}", f"symbol_side:{text.upper()}"]
    if text.isascii() and text.isalnum():
        guesses.append(f"symbol:{text}" if text.isupper() else f"strategy:{text}")
    elif ":" not in text:
        guesses.append(f"strategy:{text}")
    return next((Scope.parse(guess).key for guess in guesses if _is_scope(guess)), None)


def _is_scope(text: str) -> bool:
    try:
        Scope.parse(text)
    except ScopeError:
        return False
    return True


def check_map(value: object) -> object:
    """Return what is a map. Refuses all else, suggesting the map that text may hold."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    meant: object = None
    if isinstance(value, str):
        try:
            meant = json.loads(value)
        except (ValueError, RecursionError):
            meant = None
    raise PydanticCustomError(
        "object",
        "{problem}",
        {
            "problem": 'must be an object of parameters, such as {"leverage": 5}, not text or a list',
            "suggested_value": meant if isinstance(meant, dict) else None,
        },
    )


ScopeKey: TypeAlias = Annotated[
    str,
    Field(
        description=(
            "Whom it concerns, as one text in one of four forms: `global`; `symbol:<SYMBOL>`; "
            "`strategy:<strategy id exactly as in its intents>`; `symbol_side:<SYMBOL>:<LONG|SHORT>`. Layers win in "
            "the order defaults, global, symbol, strategy, symbol_side, parameter by parameter."
        ),
        examples=list(SCOPE_FORMS),
        max_length=200,
    ),
    AfterValidator(_scope),
]
"""A scope key in its canonical spelling."""

ParameterMap: TypeAlias = Annotated[dict[str, Any], BeforeValidator(check_map)]
"""Parameters with their values, judged by the catalogue and not by the schema."""

ExpectVersion: TypeAlias = Annotated[
    int | None,
    Field(
        default=None,
        ge=0,
        strict=True,
        description=(
            "Version of the scope that this was decided on, as `get_config` told it (0: the scope never had any "
            "config). If somebody changed the scope meanwhile, nothing is written and the error names the current "
            "version. Send it whenever you have read the scope."
        ),
    ),
]
SecondFactorCode: TypeAlias = Annotated[
    str | None,
    Field(
        default=None,
        max_length=16,
        description="The six digits that the operator's authenticator shows now, as text. A code counts once.",
    ),
]
Symbol: TypeAlias = Annotated[str | None, Field(default=None, max_length=64, description="Symbol such as BTCUSDT.")]
StrategyId: TypeAlias = Annotated[
    str | None, Field(default=None, max_length=190, description="Strategy id exactly as in its intents.")
]
SideName: TypeAlias = Annotated[
    Literal["LONG", "SHORT"] | None, Field(default=None, description="`buy` opens LONG and `sell` opens SHORT.")
]


class WriteArguments(Arguments):
    """What every tool that writes takes."""

    reason: str = Field(
        description=(
            f"Why, in one sentence of {SHORTEST_REASON} to {LONGEST_REASON} characters: it is shown in the history, in "
            f"alerts and to whoever finds the change in force."
        ),
        json_schema_extra={"minLength": SHORTEST_REASON, "maxLength": LONGEST_REASON},
    )
    thought_trace: str = Field(
        description=(
            f"The reasoning behind it: what was observed (with numbers), what it means, which alternatives there were, "
            f"and why this change answers it. At least {SHORTEST_THOUGHT} characters and {DISTINCT_WORDS} different "
            f"words. Kept in the audit trail for good."
        ),
        json_schema_extra={"minLength": SHORTEST_THOUGHT, "maxLength": LONGEST_THOUGHT},
    )
    idempotency_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_KEY,
        description="A text of your own choice, new for each change. The same call again within a day is done once.",
    )

    def check_words(self) -> None:
        """Raise `ArgumentsError` unless reason and thought trace say something, whoever asks."""
        problems: list[FieldProblem] = []
        for name, text, check in (
            ("reason", self.reason, check_reason),
            ("thought_trace", self.thought_trace, check_trace),
        ):
            try:
                check(text)
            except UsageError as error:
                problems.append(FieldProblem(field=name, code="NO_SUBSTANCE", message=str(error)))
        if problems:
            raise ArgumentsError(problems)


class ScopeArguments(Arguments):
    """What tools take that read one scope."""

    scope: ScopeKey


def check_text(arguments: Mapping[str, Any]) -> None:
    """Raise `ArgumentsError` for text that is no Unicode, and for what is too deep: neither can be told back."""
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        message = (
            "the arguments hold text that is not valid Unicode, or lists within lists without end: send plain JSON"
        )
        raise ArgumentsError([FieldProblem(field="arguments", code="INVALID_VALUE", message=message)]) from error


def read_arguments(model: type[ArgumentsT], arguments: Mapping[str, Any]) -> ArgumentsT:
    """Read the arguments of a call. Raises `ArgumentsError` naming all that is wrong with them."""
    try:
        return model.model_validate(dict(arguments))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:MOST_FIELDS]
        raise ArgumentsError([_problem(model, each) for each in found]) from None


def _problem(model: type[Arguments], error: ErrorDetails) -> FieldProblem:
    name = ".".join(str(step)[:80] for step in error["loc"]) or "arguments"
    known = tuple(model.model_fields)
    if error["type"] == "missing":
        return FieldProblem(field=name, code="MISSING", message=f"{name} is needed")
    if error["type"] == "extra_forbidden":
        return _unknown(name, known)
    message = f"{name}: {error['msg'].removeprefix('Value error, ')}"
    suggested = error.get("ctx", {}).get("suggested_value")
    return FieldProblem(field=name, code="INVALID_VALUE", message=message, suggested_value=suggested)


def _unknown(name: str, known: Sequence[str]) -> FieldProblem:
    if name in CATALOGUE and "parameters" in known:
        message, meant = f"{name} is a parameter: put it into `parameters`", f"parameters.{name}"
    else:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        message = f"{name} is no argument of this tool: {takes}"
        meant = next(iter(get_close_matches(name, known, n=1)), None)
    return FieldProblem(field=name, code="UNKNOWN_ARGUMENT", message=message, suggested_value=meant)
