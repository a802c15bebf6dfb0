"""Decoded JSON from outside, whose shape nobody vouches for."""

from collections.abc import Mapping
from typing import Any, cast


def json_map(value: object) -> Mapping[str, Any] | None:
    """Return `value` if it is an object as JSON has it."""
    if isinstance(value, dict) and all(isinstance(key, str) for key in cast("dict[Any, Any]", value)):
        return cast("Mapping[str, Any]", value)
    return None


def json_list(value: object) -> list[Any] | None:
    """Return `value` if it is a list."""
    return cast("list[Any]", value) if isinstance(value, list) else None
