"""Changes of policy layers: what is stored goes in, what is to be written comes out. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cio_strategist.domain.policy.edit import (
    DeleteConfig,
    Edit,
    PatchParameters,
    Restore,
    SetParameters,
    UnsetParameters,
)
from cio_strategist.domain.policy.impact import changes_of
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.policy.stored import (
    Change,
    StoredLayer,
    StoredPolicy,
    Write,
    last_version,
    read_layer,
    to_json,
)
from cio_strategist.errors import ConflictError, RefusedError, RejectedError
from petrosa_contracts import CATALOGUE, PolicyLayer, validate_patch


@dataclass(frozen=True, slots=True)
class LayerChange(Change):
    """A change of one scope's layer."""

    scope: str
    version_before: int
    """Version of the scope before the change; 0 if nothing was ever set for it."""
    version: int
    """Version of the scope after the change; 0 if nothing was ever set for it."""
    problem: str | None = None
    """Why the gate will not believe the layer even after this change; None if it will."""


def edit_layer(
    stored: StoredPolicy, edit: Edit, *, scope: str, by: str, now: datetime, expect_version: int | None = None
) -> LayerChange:
    """Decide what `edit` makes of the layer called `scope`.

    A name that is no scope's can only be deleted. Raises `RejectedError` if values break the catalogue or a name to
    unset is neither stored nor a parameter's, `ConflictError` if `expect_version` is not the scope's version,
    `RefusedError` for a merge into a layer that cannot be read, and `UsageError` for a name that is neither stored nor
    a scope's.
    """
    if isinstance(edit, SetParameters | PatchParameters) and (errors := validate_patch(edit.parameters)):
        raise RejectedError(errors)
    field = field_of(stored.layers, scope)
    _expect(stored, field, expect_version)
    current = _current(stored, field)
    after = _after(edit, current)
    if after is None:
        return _removed(stored, field, current)
    if isinstance(edit, UnsetParameters):
        _check_names(edit.names, _parameters(current))
        if after == _parameters(current):
            return _unchanged(stored, field, current)
    elif edit == PatchParameters(parameters={}) and current is None:
        return _unchanged(stored, field, None)
    else:
        _check_known(after)
    return _changed(stored, parse_scope(field).key, current, after, by=by, now=now)


def start_policy(stored: StoredPolicy) -> Change:
    """Make whatever is stored, be it nothing, a valid policy by giving it an epoch. Does nothing if it has one."""
    return Change(Write(scope=None) if stored.epoch is None else None)


def field_of(stored: Mapping[str, str], name: str) -> str:
    """Return the field that a typed `name` means: exactly that one if it is stored, else its scope's key.

    Raises `UsageError` if it is neither.
    """
    return name if name in stored else parse_scope(name).key


def _expect(stored: StoredPolicy, field: str, version: int | None) -> None:
    actual = last_version(stored, field)
    if version is not None and version != actual:
        raise ConflictError(
            f"{field} is at version {actual}, not {version}; nothing was written", current_version=actual
        )


def _current(stored: StoredPolicy, field: str) -> StoredLayer | None:
    text = stored.layers.get(field)
    return None if text is None else read_layer(field, text)


def _after(edit: Edit, current: StoredLayer | None) -> Mapping[str, Any] | None:
    match edit:
        case DeleteConfig():
            return None
        case SetParameters() | Restore():
            return edit.parameters
        case PatchParameters():
            return {**_own_parameters(current), **edit.parameters}
        case UnsetParameters():
            return {name: value for name, value in _own_parameters(current).items() if name not in edit.names}


def _own_parameters(current: StoredLayer | None) -> Mapping[str, Any]:
    if current is not None and current.layer is None:
        raise RefusedError(f"{current.problem}; remove it with clear, or start it afresh by setting all of it")
    return _parameters(current)


def _parameters(current: StoredLayer | None) -> Mapping[str, Any]:
    return {} if current is None or current.layer is None else current.layer.parameters


def _unchanged(stored: StoredPolicy, field: str, current: StoredLayer | None) -> LayerChange:
    last = last_version(stored, field)
    return LayerChange(None, field, last, last, None if current is None else current.problem)


def _removed(stored: StoredPolicy, field: str, current: StoredLayer | None) -> LayerChange:
    if current is None:
        return _unchanged(stored, field, None)
    last = last_version(stored, field)
    version = last + 1 if last else 0
    write = Write(scope=field, layers={field: None}, versions={field: version} if version else {})
    return LayerChange(write, field, last, version)


def _changed(
    stored: StoredPolicy,
    field: str,
    current: StoredLayer | None,
    after: Mapping[str, Any],
    *,
    by: str,
    now: datetime,
) -> LayerChange:
    same = not changes_of(_parameters(current), after)
    if same and current is not None and current.problem is None:
        return _unchanged(stored, field, current)
    last = last_version(stored, field)
    version = last + 1
    layer = PolicyLayer(scope=field, version=version, parameters=dict(after), updated_at=now, updated_by=by)
    text = to_json(layer)
    write = Write(scope=field, layers={field: text}, versions={field: version})
    return LayerChange(write, field, last, version, read_layer(field, text).problem)


def _check_names(names: Iterable[str], present: Mapping[str, Any]) -> None:
    # A name that is stored may go, whatever it is; any other that is no parameter's is a misspelling.
    unknown = {name: None for name in names if name not in CATALOGUE and name not in present}
    if errors := validate_patch(unknown):
        raise RejectedError(errors)


def _check_known(parameters: Mapping[str, Any]) -> None:
    # What is stored and unknown to this catalogue has no effect, and survives merges and rollbacks as it is.
    known = {name: value for name, value in parameters.items() if name in CATALOGUE}
    if errors := validate_patch(known):
        raise RejectedError(errors)
