"""Answers: JSON that every reader takes, and the tags by which versions are told apart."""

import json
import re
from math import isfinite
from typing import Any, cast

from fastapi import Request
from starlette.responses import JSONResponse

from cio_strategist.errors import UsageError

_TAG = re.compile(r'(W/)?"([^"]*)"')
_VERSION = re.compile(r"[0-9]{1,15}")


class PlainJSON(JSONResponse):
    """JSON without NaN and infinities: where such a thing was stored, null is told."""

    def render(self, content: Any) -> bytes:
        """Return the body. Text that UTF-8 cannot hold is escaped, so that nothing stored can break an answer."""
        return json.dumps(_finite(content), allow_nan=False, separators=(",", ":")).encode()


def tag_of(version: int) -> str:
    """Return the entity tag of a scope at a version."""
    return f'"{version}"'


def is_known(request: Request, version: int) -> bool:
    """Whether the caller has this version already, by `If-None-Match`."""
    sent = ",".join(request.headers.getlist("if-none-match"))
    return sent.strip() == "*" or any(tag == str(version) for _, tag in _TAG.findall(sent))


def expected_version(request: Request) -> int | None:
    """Return the version in `If-Match`; None without one, or for `*`, which any version satisfies.

    Raises `UsageError` for anything but one strong tag that this service gave.
    """
    headers = request.headers.getlist("if-match")
    sent = ",".join(headers).strip()
    if not headers or sent == "*":
        return None
    match = _TAG.fullmatch(sent)
    if match is None or match.group(1) or _VERSION.fullmatch(match.group(2)) is None:
        raise UsageError(f'If-Match must be one ETag as this service gave it, such as "3", not {sent[:40]!r}')
    return int(match.group(2))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in cast("list[object]", value)]
    return value
