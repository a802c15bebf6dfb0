"""Paths of the bots' config routes: which they are, and which of them a request means."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from cio_strategist.domain.fleet.bot import BotOperation

API = "/api/v1"
"""Where the bots' routes begin."""
CONFIG = f"{API}/config"
STRATEGIES = f"{API}/strategies"
VALIDATION = f"{CONFIG}/validate"
"""The one POST that every bot has for a dry run."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*|\{[A-Za-z_][A-Za-z0-9_]*\}")
_LONGEST_TEMPLATE = 300
_SUGGESTIONS = 3


def is_config_template(path: str) -> bool:
    """Whether this is the path template of a config route, made of nothing but plain segments and placeholders."""
    if len(path) > _LONGEST_TEMPLATE or not path.startswith(f"{API}/"):
        return False
    family, *rest = path.removeprefix(f"{API}/").split("/")
    names = placeholders(path)
    return (
        family in {"config", "strategies"}
        and all(_SEGMENT.fullmatch(segment) for segment in rest)
        and len(set(names)) == len(names)
    )


def placeholders(template: str) -> tuple[str, ...]:
    """Return the names in braces, in order."""
    return tuple(_PLACEHOLDER.findall(template))


@dataclass(frozen=True, slots=True)
class Meant:
    """The operation that a request means, with what its path says."""

    operation: BotOperation
    arguments: dict[str, str] = field(default_factory=dict[str, str])


def meant_by(method: str, path: str, operations: Iterable[BotOperation]) -> Meant | None:
    """Return the operation that a method and a decoded path mean, the one with the fewest placeholders first."""
    for operation in sorted(operations, key=lambda operation: len(placeholders(operation.path))):
        if operation.method == method:
            arguments = _match(operation.path, path)
            if arguments is not None:
                return Meant(operation, arguments)
    return None


def nearest(method: str, path: str, operations: Iterable[BotOperation]) -> tuple[str, ...]:
    """Return what might have been meant, as `METHOD path`: other methods of the path, else paths written alike."""
    known = list(operations)
    others = [_shown(operation) for operation in known if _match(operation.path, path) is not None]
    if others:
        return tuple(others)
    return tuple(get_close_matches(f"{method} {path}", map(_shown, known), n=_SUGGESTIONS, cutoff=0.0))


def _shown(operation: BotOperation) -> str:
    return f"{operation.method} {operation.path}"


def _match(template: str, path: str) -> dict[str, str] | None:
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    arguments: dict[str, str] = {}
    for pattern, segment in zip(wanted, given, strict=True):
        placeholder = _PLACEHOLDER.fullmatch(pattern)
        if placeholder is not None and segment:
            arguments[placeholder[1]] = segment
        elif pattern != segment:
            return None
    return arguments
