"""Calls to bots, as they go out, and what bots reply."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any
from urllib.parse import quote

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.fleet.bot import AUTHOR_FIELDS, BODY, REASON_FIELD, BotOperation, BotParameter, Place
from cio_strategist.domain.fleet.schema import clipped
from cio_strategist.domain.json_shape import json_list, json_map
from cio_strategist.errors import UsageError

LONGEST_BODY = 262_144
"""Bytes of JSON that go to a bot at most."""
LONGEST_ARGUMENT = 500
"""Characters that a path or query argument may have."""
MOST_REPEATS = 100
"""Values of a query parameter that may be given several times."""

_UNSAFE_IN_PATH = frozenset('/\\%?#"')
_DOTS = frozenset({".", ".."})
_CLIENT_ERROR = 400
_LONGEST_REFUSAL = 500


@dataclass(frozen=True, slots=True)
class BotCall:
    """One request to a bot, ready to be sent: everything in it is encoded."""

    name: str
    """Name of the operation."""
    method: str
    path: str
    """Percent-encoded, below the bot's base URL."""
    query: tuple[tuple[str, str], ...] = ()
    """Not yet encoded, in order; a name may come several times."""
    body: bytes | None = None
    """JSON."""
    writes: bool = False


@dataclass(frozen=True, slots=True)
class BotReply:
    """What a bot replied. That it replied does not mean that it did what was asked: see `refused`."""

    status: int
    body: Any = None
    """The JSON of the reply, as the bot has it; None for an empty one."""
    retry_after_seconds: int | None = None
    """When the bot wants to be asked again, if it says so."""

    @property
    def refused(self) -> bool:
        """Whether the bot did not do it: a status of 400 and more, or an envelope that does not say `success: true`."""
        if self.status >= _CLIENT_ERROR:
            return True
        envelope = json_map(self.body) or {}
        return "success" in envelope and envelope["success"] is not True

    @property
    def refusal(self) -> str | None:
        """Why the bot did not do it, in its own words; None if it did."""
        if not self.refused:
            return None
        body = json_map(self.body) or {}
        error = body.get("error")
        named = json_map(error)
        parts: list[object] = (
            [named.get("code"), named.get("message"), named.get("suggestion")]
            if named is not None
            else [error, body.get("reason"), body.get("message"), _detail(body.get("detail"))]
        )
        said = ": ".join(part for part in map(clipped, parts) if part)
        return clipped(said, _LONGEST_REFUSAL) or f"status {self.status}, without a word of explanation"


def _detail(detail: object) -> str:
    """Return what FastAPI says about a request that it could not read."""
    if isinstance(detail, str):
        return detail
    found = [json_map(item) or {} for item in json_list(detail) or []]
    return "; ".join(
        f"{'.'.join(str(step) for step in json_list(item.get('loc')) or [])}: {item.get('msg')}" for item in found
    )


def signed(operation: BotOperation, arguments: Mapping[str, Any], request: ChangeRequest) -> dict[str, Any]:
    """Return the arguments with author and reason filled in wherever the operation has them and they were left out."""
    filled = dict(arguments)
    if operation.method == "GET":
        return filled
    signature = dict.fromkeys(AUTHOR_FIELDS, request.author) | {REASON_FIELD: request.reason}
    for name, value in signature.items():
        if value is not None and operation.parameter(name) is not None and filled.get(name) is None:
            filled[name] = value
    wanted = {name: value for name, value in signature.items() if value is not None and name in operation.body_fields}
    body = json_map(filled.get(BODY) or {})
    if wanted and body is not None:
        filled[BODY] = {**body, **{name: value for name, value in wanted.items() if body.get(name) is None}}
    return filled


def make_call(operation: BotOperation, arguments: Mapping[str, Any]) -> BotCall:
    """Return the request that arguments amount to. Raises `UsageError` naming the argument that is wrong.

    Values are the bot's to judge; here it is only made sure that they arrive as what they are.
    """
    _check_names(operation, arguments)
    path, query = operation.path, list[tuple[str, str]]()
    for parameter in operation.parameters:
        value = arguments.get(parameter.name)
        if value is None:
            continue
        if parameter.place is Place.PATH:
            path = path.replace(f"{{{parameter.name}}}", _segment(parameter.name, value))
        else:
            query += [(parameter.name, _text(parameter.name, item)) for item in _items(parameter, value)]
    return BotCall(
        operation.name, operation.method, path, tuple(query), _body(arguments.get(BODY)), writes=operation.writes
    )


def _check_names(operation: BotOperation, arguments: Mapping[str, Any]) -> None:
    known = [parameter.name for parameter in operation.parameters] + ([BODY] if operation.body is not None else [])
    unknown = [clipped(name, 64) for name in arguments if name not in known]
    if unknown:
        takes = ", ".join(known) or "no arguments"
        raise UsageError(f"{operation.tool} knows no {', '.join(unknown[:5])}: it takes {takes}")
    needed = [parameter.name for parameter in operation.parameters if parameter.required]
    needed += [BODY] if operation.body_required else []
    missing = [name for name in needed if arguments.get(name) is None]
    if missing:
        raise UsageError(f"{operation.tool} also needs {', '.join(missing)}")


def _items(parameter: BotParameter, value: object) -> list[Any]:
    values = json_list(value)
    if values is None:
        return [value]
    if not parameter.takes_many or len(values) > MOST_REPEATS:
        most = f"at most {MOST_REPEATS} values" if parameter.takes_many else "one value"
        raise UsageError(f"{parameter.name} takes {most}")
    return values


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not isfinite(value):
        raise UsageError(f"{name} must be a finite number")
    if not isinstance(value, str | int | float):
        raise UsageError(f"{name} must be a text or a number")
    text = str(value)
    if len(text) > LONGEST_ARGUMENT or not all(letter.isprintable() or letter in "\n\r\t" for letter in text):
        raise UsageError(f"{name} must be a readable text of at most {LONGEST_ARGUMENT} characters")
    return text


def _segment(name: str, value: object) -> str:
    text = _text(name, value)
    # A server may decode before it routes, so an encoded slash could still make another route of it.
    if not text.strip() or text in _DOTS or _UNSAFE_IN_PATH & set(text) or not text.isprintable():
        raise UsageError(f"{name} cannot be part of a path: leave out / \\ % ? # and quotes, and give more than dots")
    return quote(text, safe="")


def _body(body: object) -> bytes | None:
    if body is None:
        return None
    try:
        encoded = json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise UsageError("body must be JSON, without NaN and infinity") from None
    if len(encoded) > LONGEST_BODY:
        raise UsageError(f"body is too large: {len(encoded)} bytes, and {LONGEST_BODY} are allowed")
    return encoded
