"""Changes of policy layers: what is stored goes in, what is to be written comes out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cio_strategist.domain.stored import (
    Change,
    StoredLayer,
    StoredPolicy,
    Write,
    last_version,
    layer_version,
    read_layer,
    to_json,
)
from cio_strategist.errors import ConflictError, RefusedError, RejectedError, UsageError
from petrosa_contracts import CATALOGUE, PolicyLayer, Scope, ScopeError, validate_patch


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a scope sets."""

    value: object


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter before and after; None: the scope does not set it."""

    name: str
    before: Setting | None
    after: Setting | None


@dataclass(frozen=True, slots=True)
class LayerChange(Change):
    """A change of one scope's layer."""

    scope: str
    version: int
    """Version of the layer after the change; of the last layer, if it was cleared; 0 if there never was one."""
    differences: tuple[Difference, ...]
    problem: str | None = None
    """Why the gate will not believe the layer even after this change; None if it will."""


def set_parameters(
    stored: StoredPolicy,
    *,
    scope: Scope,
    patch: Mapping[str, Any],
    by: str,
    now: datetime,
    replace: bool = False,
    expect_version: int | None = None,
) -> LayerChange:
    """Merge `patch` into the layer of `scope`, or with `replace` make it the whole layer.

    Parameters that are stored and unknown to the catalogue survive a merge. Raises `RejectedError` if the patch or
    the layer it leads to breaks the catalogue, `ConflictError` if `expect_version` (0: no layer) is not the stored
    version, and `RefusedError` for a merge into a layer that cannot be read.
    """
    if errors := validate_patch(patch):
        raise RejectedError(errors)
    _expect(stored, scope.key, expect_version)
    current = _current(stored, scope.key)
    if current is not None and current.layer is None and not replace:
        raise RefusedError(f"{current.problem}; start it afresh with --replace, or remove it with clear")
    after = dict(patch) if replace else {**_parameters(current), **patch}
    if errors := validate_patch({name: value for name, value in after.items() if name in CATALOGUE}):
        raise RejectedError(errors)
    return _changed(stored, scope.key, after, by=by, now=now)


def unset_parameters(
    stored: StoredPolicy, *, scope: Scope, names: Sequence[str], by: str, now: datetime
) -> LayerChange:
    """Take `names` out of the layer of `scope`, so that wider scopes decide again. Absent names are no error.

    A layer left without parameters stays, for its version and author. Raises `RefusedError` if the layer cannot be
    read.
    """
    current = _current(stored, scope.key)
    if current is None:
        return LayerChange(None, scope.key, last_version(stored, scope.key), ())
    if current.layer is None:
        raise RefusedError(f"{current.problem}; remove it with clear, or start it afresh with set --replace")
    after = {name: value for name, value in current.layer.parameters.items() if name not in names}
    if len(after) == len(current.layer.parameters):
        return LayerChange(None, scope.key, current.layer.version, (), current.problem)
    return _changed(stored, scope.key, after, by=by, now=now)


def clear_layer(stored: StoredPolicy, *, name: str) -> LayerChange:
    """Remove the layer called `name`: the field of exactly that name, else the one of the scope that it spells.

    So fields that are no scope's name can be removed too. The last version stays remembered: the scope's next layer
    counts on from it. Raises `UsageError` if there is no such field and the name is no scope either.
    """
    field = field_of(stored.layers, name)
    last = last_version(stored, field)
    current = _current(stored, field)
    if current is None:
        return LayerChange(None, field, last, ())
    differences = _differences(_parameters(current), {})
    write = Write(scope=field, layers={field: None}, versions={field: last} if last else {})
    return LayerChange(write, field, last, differences)


def start_policy(stored: StoredPolicy) -> Change:
    """Make whatever is stored, be it nothing, a valid policy by giving it an epoch. Does nothing if it has one."""
    return Change(Write(scope=None) if stored.epoch is None else None)


def field_of(stored: Mapping[str, str], name: str) -> str:
    """Return the field that a typed `name` means: exactly that one if it is stored, else its scope's key.

    Raises `UsageError` if it is neither.
    """
    if name in stored:
        return name
    try:
        return Scope.parse(name).key
    except ScopeError as error:
        raise UsageError(str(error)) from error


def _expect(stored: StoredPolicy, field: str, version: int | None) -> None:
    actual = layer_version(stored, field)
    if version is not None and version != actual:
        raise ConflictError(f"{field} is at version {actual}, not {version}; nothing was written")


def _current(stored: StoredPolicy, field: str) -> StoredLayer | None:
    text = stored.layers.get(field)
    return None if text is None else read_layer(field, text)


def _parameters(current: StoredLayer | None) -> Mapping[str, Any]:
    return {} if current is None or current.layer is None else current.layer.parameters


def _changed(stored: StoredPolicy, field: str, after: Mapping[str, Any], *, by: str, now: datetime) -> LayerChange:
    current = _current(stored, field)
    differences = _differences(_parameters(current), after)
    last = last_version(stored, field)
    if not differences and current is not None and current.problem is None:
        return LayerChange(None, field, layer_version(stored, field), ())
    layer = PolicyLayer(scope=field, version=last + 1, parameters=dict(after), updated_at=now, updated_by=by)
    text = to_json(layer)
    write = Write(scope=field, layers={field: text}, versions={field: layer.version})
    return LayerChange(write, field, layer.version, differences, read_layer(field, text).problem)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name, _setting(before, name), _setting(after, name))
        for name in dict.fromkeys((*before, *after))
        if not (name in before and name in after and _same(before[name], after[name]))
    )


def _setting(parameters: Mapping[str, Any], name: str) -> Setting | None:
    return Setting(parameters[name]) if name in parameters else None


def _same(first: object, second: object) -> bool:
    # True equals 1 in Python, and a stored `true` where a number belongs is exactly what a set may want to repair.
    return bool(first == second) and isinstance(first, bool) == isinstance(second, bool)
