"""Reading a bot's OpenAPI document. It comes from outside, so nothing in it is taken on trust."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cio_strategist.domain.fleet.bot import (
    BODY,
    LONGEST_TOOL_NAME,
    SEPARATOR,
    THOUGHT_FIELD,
    Bot,
    BotApi,
    BotOperation,
    BotParameter,
    Place,
)
from cio_strategist.domain.fleet.paths import VALIDATION, is_config_template, placeholders
from cio_strategist.domain.fleet.schema import SchemaReader, clipped
from cio_strategist.domain.json_shape import json_list, json_map
from cio_strategist.errors import BotError

DOCUMENT_PATH = "/openapi.json"
"""Where bots keep their document, below the base URL."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_OPERATIONS = 200
"""Operations offered per bot; further ones are left out, with a note."""
MOST_NOTES = 50
LONGEST_DESCRIPTION = 2_000
"""Characters kept of an operation's description."""
MOST_PARAMETERS = 50

_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_RESERVED = frozenset({BODY, THOUGHT_FIELD})
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_NOT_WORD = re.compile(r"\W")
_DIGEST = 8
_JSON = "application/json"


def read_openapi(bot: Bot, document: object) -> BotApi:
    """Return the config operations in a document: those below `/api/v1/config` and `/api/v1/strategies`.

    What cannot be offered is left out with a note. Raises `BotError` for what is no OpenAPI 3 document at all.
    """
    root = json_map(document)
    paths = None if root is None else json_map(root.get("paths"))
    if root is None or paths is None or not str(root.get("openapi")).startswith("3."):
        raise BotError(
            f"bot {bot.name} does not describe itself: {DOCUMENT_PATH} is no OpenAPI 3 document; "
            "look whether the address registered for it is the bot's"
        )
    reader, found, notes = SchemaReader(root), list[BotOperation](), list[str]()
    for method, path, item, route in _routes(paths):
        if len(found) == MOST_OPERATIONS:
            notes.append(f"only the first {MOST_OPERATIONS} operations are offered")
            break
        try:
            found.append(_operation(bot, reader, method, path, item, route))
        except BotError as error:
            notes.append(f"{method} {clipped(path, 200)} is not offered: {error}")
    operations, unnamed = _with_own_names(bot, found)
    return BotApi(operations, tuple([*notes, *unnamed][:MOST_NOTES]))


def _routes(paths: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    for path, value in paths.items():
        item = json_map(value)
        if item is None or not is_config_template(path):
            continue
        for method in METHODS:
            route = json_map(item.get(method.lower()))
            if route is not None:
                yield method, path, item, route


def _operation(
    bot: Bot, reader: SchemaReader, method: str, path: str, item: Mapping[str, Any], route: Mapping[str, Any]
) -> BotOperation:
    body, body_required = _body(reader, route.get("requestBody")) if method != "GET" else (None, False)
    return BotOperation(
        bot=bot.name,
        name=_given_name(route.get("operationId"), method, path) or _derived_name(method, path),
        method=method,
        path=path,
        summary=clipped(route.get("summary"), 200),
        description=clipped(route.get("description"), LONGEST_DESCRIPTION),
        parameters=_parameters(reader, path, item, route),
        body=body,
        body_required=body_required,
        writes=method != "GET" and path != VALIDATION,
    )


def _parameters(
    reader: SchemaReader, path: str, item: Mapping[str, Any], route: Mapping[str, Any]
) -> tuple[BotParameter, ...]:
    listed = [*(json_list(item.get("parameters")) or []), *(json_list(route.get("parameters")) or [])]
    if len(listed) > MOST_PARAMETERS:
        raise BotError(f"it has more than {MOST_PARAMETERS} parameters")
    found: dict[tuple[str, object], BotParameter] = {}
    for entry in listed:
        parameter = _parameter(reader, reader.resolved(entry))
        if parameter is not None:
            found[parameter.name, parameter.place] = parameter
    in_path = placeholders(path)
    for name in in_path:
        if (name, Place.PATH) not in found:
            found[name, Place.PATH] = BotParameter(name, Place.PATH, {"type": "string"}, required=True)
    names = [name for name, _ in found]
    if len(set(names)) < len(names) or _RESERVED & set(names):
        raise BotError("two of its parameters cannot be told apart by name")
    if {name for name, place in found if place is Place.PATH} != set(in_path):
        raise BotError("its path and its path parameters do not fit each other")
    return tuple(found.values())


def _parameter(reader: SchemaReader, entry: Mapping[str, Any]) -> BotParameter | None:
    name, place, required = entry.get("name"), entry.get("in"), entry.get("required") is True
    if place not in {Place.PATH, Place.QUERY}:
        if required:
            raise BotError("it needs a header or a cookie, which is not passed on")
        return None
    if not isinstance(name, str) or not _PARAMETER_NAME.fullmatch(name):
        if required:
            raise BotError("a parameter's name is unusable")
        return None
    schema = reader.inlined(entry.get("schema", {}))
    place = Place(place)
    return BotParameter(name, place, schema, required or place is Place.PATH, clipped(entry.get("description")))


def _body(reader: SchemaReader, value: object) -> tuple[Mapping[str, Any] | None, bool]:
    if value is None:
        return None, False
    request = reader.resolved(value)
    required = request.get("required") is True
    content = json_map(json_map(request.get("content", {})) or {}) or {}
    media = next((media for kind, media in content.items() if kind.partition(";")[0].strip().lower() == _JSON), None)
    if media is None:
        if required:
            raise BotError("its body is not JSON")
        return None, False
    return _unwrapped(reader.inlined((json_map(media) or {}).get("schema", {}))), required


def _unwrapped(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the one form of a body that may also be left out, or that a generator wrapped up to describe it."""
    forms = [form for form in schema.get("anyOf", schema.get("allOf", ())) if form.get("type") != "null"]
    return forms[0] if len(forms) == 1 else schema


def _given_name(operation_id: object, method: str, path: str) -> str | None:
    if not isinstance(operation_id, str):
        return None
    # A generated id is the function's name, then path and method, which says nothing more and takes all the room.
    generated = f"{_NOT_WORD.sub('_', path)}_{method.lower()}"
    return _UNFIT.sub("_", operation_id.removesuffix(generated)).strip("_-") or None


def _derived_name(method: str, path: str) -> str:
    words = [word for word in _UNFIT.sub("_", path).split("_") if word]
    return "_".join([method.lower(), *words[2:]])


def _with_own_names(bot: Bot, found: list[BotOperation]) -> tuple[tuple[BotOperation, ...], list[str]]:
    # Where several claim one name none gets it, so that a name never changes its meaning when a route is added.
    claims = Counter(_fitting(operation.name, bot) for operation in found)
    named: dict[str, BotOperation] = {}
    notes: list[str] = []
    for operation in found:
        name = _fitting(operation.name, bot)
        if claims[name] > 1:
            name = _fitting(_derived_name(operation.method, operation.path), bot)
        if name in named or (name != _fitting(operation.name, bot) and name in claims):
            notes.append(f"{operation.method} {operation.path} is not offered: {name} is another operation's name")
            continue
        named[name] = replace(operation, name=name)
    return tuple(named.values()), notes


def _fitting(name: str, bot: Bot) -> str:
    room = LONGEST_TOOL_NAME - len(bot.name) - len(SEPARATOR)
    if len(name) <= room:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: room - _DIGEST - 1]}_{digest}"
