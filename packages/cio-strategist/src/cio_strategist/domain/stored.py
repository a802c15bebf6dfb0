"""What is stored at one moment, and what a change wants written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from pydantic import BaseModel, ValidationError

from cio_strategist.errors import StoreUnreadableError, UsageError
from petrosa_contracts import PolicyLayer, PolicySnapshot, PolicyUnreadableError, Scope, ScopeError, ScopeKind

Fields: TypeAlias = Mapping[str, str | None]
"""Fields of a hash to write: JSON text, or None to delete the field."""

_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """Policy and control as they lie in the store, unread."""

    epoch: int | None = None
    """Count of the writes so far; None: no policy was ever loaded, and the gate is BLIND."""
    layers: Mapping[str, str] = field(default_factory=_nothing)
    """Field of `cio:policy` to its JSON text."""
    versions: Mapping[str, str] = field(default_factory=_nothing)
    """Field of `cio:policy:versions` to the last version given to that scope, as text."""
    control: Mapping[str, str] = field(default_factory=_nothing)
    """Field of `cio:control` to its JSON text."""


@dataclass(frozen=True, slots=True)
class Write:
    """Everything that one change writes, in one transaction."""

    scope: str | None
    """Whom it concerns; goes into the hint that readers are sent."""
    layers: Fields = field(default_factory=_nothing)
    versions: Mapping[str, int] = field(default_factory=_nothing)
    control: Fields = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Change:
    """A decision about what is stored. `write` is None where there is nothing to do."""

    write: Write | None


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """One field of `cio:policy`, read as far as it can be."""

    field: str
    layer: PolicyLayer | None
    """What it says; None if not even its form is that of a layer."""
    problem: str | None
    """Why the gate does not believe it; None if it does."""


def read_layer(field: str, text: str) -> StoredLayer:
    """Read one stored layer by the same rule as the gate, and keep what can be read of one that it would refuse."""
    try:
        snapshot = PolicySnapshot.read(0, {field: text}, as_of=_ANY_TIME)
    except PolicyUnreadableError as error:
        problem = explain(error)
    else:
        return StoredLayer(field, snapshot.layers[field], None)
    try:
        return StoredLayer(field, PolicyLayer.model_validate_json(text), problem)
    except ValidationError:
        return StoredLayer(field, None, problem)


def explain(error: PolicyUnreadableError) -> str:
    """Return why policy cannot be read, on one line and without what a validation error adds for programmers."""
    cause = error.__cause__
    text = str(error)
    if isinstance(cause, ValidationError):
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'it'}: {item['msg']}" for item in cause.errors())
        text = text.replace(str(cause), wrong)
    return " ".join(text.split())


def layer_version(stored: StoredPolicy, field: str) -> int:
    """Return the version of the layer stored under `field`; 0 if there is no layer, or none that tells its version."""
    text = stored.layers.get(field)
    if text is None:
        return 0
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        return 0
    version = cast("dict[str, object]", content).get("version") if isinstance(content, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) and version > 0 else 0


def last_version(stored: StoredPolicy, field: str) -> int:
    """Return the highest version that `field` was ever given, cleared layers included; 0 if it never had one.

    Raises `StoreUnreadableError` if the remembered version is not a number.
    """
    remembered = stored.versions.get(field, "0")
    if not (remembered.isascii() and remembered.isdigit()):
        raise StoreUnreadableError(
            f"the last version remembered for {field!r} is {remembered[:40]!r}, which is no number"
        )
    return max(int(remembered), layer_version(stored, field))


def scope_order(field: str) -> tuple[int, str]:
    """Sort key for fields named after scopes: global, symbols, strategies, symbol sides, then names that are none."""
    kinds = list(ScopeKind)
    try:
        return kinds.index(Scope.parse(field).kind), field
    except ScopeError:
        return len(kinds), field


def to_json(model: BaseModel) -> str:
    """Return the JSON text under which `model` is stored. Raises `UsageError` for text that UTF-8 cannot hold."""
    try:
        return model.model_dump_json()
    except ValueError as error:
        raise UsageError("this holds text that is not valid UTF-8 and cannot be stored") from error
