"""JSON schemas out of a bot's OpenAPI document: references inlined, and nothing kept that a client could choke on."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from cio_strategist.domain.json_shape import json_list, json_map
from cio_strategist.errors import BotError

MOST_NODES = 2_000
"""Schemas within one schema, references counted each time."""
MOST_NODES_OF_DOCUMENT = 40_000
"""Schemas inlined of one document, so that reading one cannot take long."""
DEEPEST = 24
"""Schemas within each other."""
LONGEST_TEXT = 1_000
"""Characters kept of a description, and of a default or an example as JSON."""
MOST_VALUES = 200
"""Values kept of a list of allowed ones; longer lists are left to the bot to check."""

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


class SchemaReader:
    """Reads schemas of one document. Everything here raises `BotError` for what cannot be resolved.

    Only keywords of a known meaning and a value of the right kind are kept: a client checks the schemas of all tools at
    once, so a single odd one would hide the others. What is dropped, the bot still checks.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._left_of_document = MOST_NODES_OF_DOCUMENT
        self._left = MOST_NODES

    def resolved(self, value: object) -> Mapping[str, Any]:
        """Return the object that `value` is or refers to, one level deep."""
        return self._resolve(value, ())[0]

    def inlined(self, schema: object) -> dict[str, Any]:
        """Return `schema` without references."""
        self._left = min(MOST_NODES, self._left_of_document)
        budget = self._left
        try:
            return self._schema(schema, ())
        finally:
            self._left_of_document -= budget - self._left

    def _resolve(self, value: object, path: tuple[str, ...]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        found = json_map(value)
        while found is not None and "$ref" in found:
            reference = found["$ref"]
            if not isinstance(reference, str) or not reference.startswith("#/"):
                raise BotError("a reference leads out of the document")
            if reference in path:
                raise BotError(f"{reference[:LONGEST_TEXT]} refers to itself")
            path = (*path, reference)
            if len(path) > DEEPEST:
                raise BotError("references follow one another too far")
            found = {**self._at(reference), **{key: part for key, part in found.items() if key != "$ref"}}
        if found is None:
            raise BotError("an object is missing or of the wrong kind")
        return found, path

    def _at(self, reference: str) -> Mapping[str, Any]:
        place: object = self._document
        for step in reference[2:].split("/"):
            place = (json_map(place) or {}).get(step.replace("~1", "/").replace("~0", "~"))
        found = json_map(place)
        if found is None:
            raise BotError(f"{reference[:LONGEST_TEXT]} leads nowhere")
        return found

    def _schema(self, value: object, path: tuple[str, ...], depth: int = 0) -> dict[str, Any]:
        self._left -= 1
        if self._left < 0:
            raise BotError("it is too large")
        if depth > DEEPEST:
            raise BotError("it is nested too deeply")
        if isinstance(value, bool):
            return {} if value else {"not": {}}
        found, path = self._resolve(value, path)

        def inner(part: object) -> dict[str, Any]:
            return self._schema(part, path, depth + 1)

        kept = {name: clean(found[name]) for name, clean in _PLAIN.items() if name in found}
        kept |= {name: clean(found[name], inner) for name, clean in _NESTED.items() if name in found}
        cleaned = {name: part for name, part in kept.items() if part is not None}
        if "default" in found and found["default"] is None:
            cleaned["default"] = None
        if found.get("nullable") is True and isinstance(cleaned.get("type"), str):
            cleaned["type"] = [cleaned["type"], "null"]
        return cleaned


def clipped(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return `value` if it is text, cut to a length that everybody can carry; else nothing."""
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _text(value: object) -> str | None:
    return clipped(value) or None


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def _positive(value: object) -> int | float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _type(value: object) -> str | list[str] | None:
    if isinstance(value, str):
        return value if value in _TYPES else None
    names = [name for name in json_list(value) or [] if isinstance(name, str) and name in _TYPES]
    return sorted(set(names)) or None


def _names(value: object) -> list[str] | None:
    names = [name for name in json_list(value) or [] if isinstance(name, str)]
    return list(dict.fromkeys(names)) or None


def _any_value(value: object) -> Any:
    try:
        return value if len(json.dumps(value, allow_nan=False)) <= LONGEST_TEXT else None
    except (TypeError, ValueError, RecursionError):
        return None


def _values(value: object) -> list[Any] | None:
    values = json_list(value)
    if not values or len(values) > MOST_VALUES:
        return None
    return values if all(item is None or _any_value(item) is not None for item in values) else None


_Inner = Callable[[object], dict[str, Any]]


def _fields(value: object, inner: _Inner) -> dict[str, Any] | None:
    fields = json_map(value)
    return None if fields is None else {name: inner(schema) for name, schema in fields.items()}


def _one(value: object, inner: _Inner) -> dict[str, Any] | None:
    return inner(value) if json_map(value) is not None else None


def _one_or_flag(value: object, inner: _Inner) -> dict[str, Any] | bool | None:
    return value if isinstance(value, bool) else _one(value, inner)


def _several(value: object, inner: _Inner) -> list[dict[str, Any]] | None:
    return [inner(schema) for schema in json_list(value) or []] or None


_PLAIN: Mapping[str, Callable[[object], Any]] = {
    "type": _type,
    "title": _text,
    "description": _text,
    "format": _text,
    "enum": _values,
    "const": _any_value,
    "default": _any_value,
    "examples": _values,
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "multipleOf": _positive,
    "minLength": _count,
    "maxLength": _count,
    "minItems": _count,
    "maxItems": _count,
    "uniqueItems": _flag,
    "minProperties": _count,
    "maxProperties": _count,
    "required": _names,
}
_NESTED: Mapping[str, Callable[[object, _Inner], Any]] = {
    "properties": _fields,
    "items": _one,
    "additionalProperties": _one_or_flag,
    "anyOf": _several,
    "oneOf": _several,
    "allOf": _several,
}
