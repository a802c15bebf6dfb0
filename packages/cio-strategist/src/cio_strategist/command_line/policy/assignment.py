"""NAME=VALUE, as typed at a prompt, read into values of the catalogue's types."""

import json
from collections.abc import Sequence

from cio_strategist.errors import UsageError
from petrosa_contracts import CATALOGUE


def parse_assignments(texts: Sequence[str]) -> dict[str, object]:
    """Read assignments into a patch of parameters, in the order given.

    Only the form is judged here: whether a parameter exists and a value suits it is for `validate_patch` to say, so
    that all errors come at once. Raises `UsageError` for a text without `=`, a missing name or value, and a name
    given twice.
    """
    patch: dict[str, object] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise UsageError(f"{text[:80]!r} is not an assignment: write NAME=VALUE, such as leverage=5")
        if not value:
            raise UsageError(f"{name!r} has no value: write {name}=VALUE, or use unset to leave it to wider scopes")
        if name in patch:
            raise UsageError(f"{name!r} is given twice: keep one")
        patch[name] = parse_value(name, value)
    return patch


def parse_value(name: str, text: str) -> object:
    """Read a value as JSON by the type of the parameter `name`.

    What is not JSON stays the text it is. Where a word is meant, only a quoted text is taken as JSON. Where a list
    is meant, items may be parted by commas. NaN, infinities and an object with a key given twice stay text, so they
    never pass for numbers or maps.
    """
    kind = CATALOGUE[name].type if name in CATALOGUE else None
    try:
        value: object = json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        value = text
    if kind == "string":
        return value if isinstance(value, str) else text
    if kind == "list" and isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    return value


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)
