"""JSON as it may come in: nothing that two readers could understand differently."""

import json
from math import isfinite
from typing import cast

from cio_strategist.errors import UsageError

DEEPEST = 32
"""How many objects and lists may lie within each other."""
MOST_DIGITS = 310
"""Digits of the longest whole number, which is as far as floats reach."""


def read_json(text: bytes, what: str = "the body") -> object:
    """Read a JSON text, which errors call `what`.

    Raises `UsageError` for anything that is none, and for what some readers take and others do not: NaN, infinities,
    numbers that no float can hold, a key given twice, text that UTF-8 cannot hold, and nesting beyond `DEEPEST`.
    """
    too_deep = f"{what} is nested too deeply: {DEEPEST} levels at most"
    try:
        content: object = json.loads(
            text.decode(),
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_without_repetition,
        )
        # Escapes can spell half of a character, which no store and no answer could write.
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise UsageError(f"{what} holds text that is not valid UTF-8") from error
    except RecursionError as error:
        raise UsageError(too_deep) from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{what} is not JSON: {error.msg} at character {error.pos}") from error
    except ValueError as error:
        raise UsageError(f"{what} is not JSON that can be taken: {error}") from error
    if _too_deep(content):
        raise UsageError(too_deep)
    return content


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a number that JSON knows")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:40]} is larger than any number that can be held")
    return number


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"{text[:40]} goes on for more than {MOST_DIGITS} digits")
    return int(text)


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name[:80]!r} is given twice")
        found[name] = value
    return found


def _too_deep(content: object) -> bool:
    level = [content]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)


def _within(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []
