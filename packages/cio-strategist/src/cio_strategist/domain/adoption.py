"""What an authority takes over from Redis: policy from before it came, and halts set while it was away. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from cio_strategist.domain.audit import AuditRecord, Subject
from cio_strategist.domain.caller import CallerClass
from cio_strategist.domain.control_change import StoredControl, is_laxer, read_control
from cio_strategist.domain.projection import Shown, is_blank, problems_of
from cio_strategist.domain.stored import Change, StoredPolicy, Write, last_version, own_parameters, read_layer, to_json
from cio_strategist.errors import StoreUnreadableError
from petrosa_contracts import ControlEntry, Mode, strictest

IMPORT = "import"
"""What the trail calls it."""

_CALLER = "cio-strategist"


@dataclass(frozen=True, slots=True)
class Adoption:
    """A change that takes something over from Redis."""

    shown: Shown
    now: datetime
    new_id: Callable[[], str]


def stricter_in_redis(shown: Shown, stored: StoredPolicy, now: datetime) -> tuple[StoredControl, ...]:
    """Return the entries in Redis, in force at `now`, without which more would pass at some time."""
    ours = read_control(stored)
    return tuple(
        control
        for control in read_control(shown.policy)
        if control.entry.in_force(now)
        and control.entry.mode is not Mode.ACTIVE
        and all(is_laxer(control.entry, entry) for entry in [None, *_entries(ours, control.scope, now)])
    )


def is_known(control: StoredControl, records: Iterable[AuditRecord]) -> bool:
    """Whether an entry in Redis was the authority's own once, so that it is not news but what Redis shows late."""
    if control.unreadable or control.entry.set_at is None:
        return False
    states = (state for record in records if record.scope == control.scope for state in (record.before, record.after))
    return any(_entry_of(state) == control.entry for state in states if state is not None)


def adopt(stored: StoredPolicy, control: StoredControl, adoption: Adoption) -> Change:
    """Decide to take over an entry found in Redis; where ours is stricter in part, both together."""
    if control not in stricter_in_redis(adoption.shown, stored, adoption.now):
        return Change(None)
    ours = [other for other in read_control(stored) if other.scope == control.scope]
    entry = control.entry
    if entry.set_at is None:
        entry = entry.model_copy(update={"set_at": adoption.now})
    for other in _entries(ours, control.scope, adoption.now):
        entry = _both(entry, other)
    before = ours[-1].entry if ours else None
    fields = {**{other.field: None for other in ours}, control.scope: to_json(entry)}
    return Change(
        Write(scope=control.scope, control=fields, audit=_control_record(control.scope, before, entry, adoption))
    )


def import_all(stored: StoredPolicy, adoption: Adoption) -> Change:
    """Decide to take over everything that Redis shows, into a store that nothing was ever written to.

    Raises `StoreUnreadableError` if gates would not believe it.
    """
    if not is_blank(stored):
        return Change(None)
    policy = adoption.shown.policy
    if problems := problems_of(policy):
        raise StoreUnreadableError(
            f"what Redis holds cannot be taken over: {'; '.join(problems)}; correct it, or remove it with clear"
        )
    control: dict[str, ControlEntry] = {}
    for found in read_control(policy):
        if found.entry.in_force(adoption.now):
            known = control.get(found.scope)
            control[found.scope] = found.entry if known is None else _both(found.entry, known)
    records = [_layer_record(policy, name, adoption) for name in sorted(policy.layers)]
    records += [_control_record(scope, None, entry, adoption) for scope, entry in sorted(control.items())]
    return Change(
        Write(
            scope=None,
            layers=dict(policy.layers),
            versions={name: last_version(policy, name) for name in sorted({*policy.layers, *policy.versions})},
            control={scope: to_json(entry) for scope, entry in control.items()},
            also_audit=tuple(records),
        )
    )


def _entries(controls: Sequence[StoredControl], scope: str, now: datetime) -> list[ControlEntry]:
    return [control.entry for control in controls if control.scope == scope and control.entry.in_force(now)]


def _entry_of(state: dict[str, Any]) -> ControlEntry | None:
    try:
        return ControlEntry.model_validate(state)
    except ValidationError:
        return None


def _both(first: ControlEntry, second: ControlEntry) -> ControlEntry:
    """Return an entry at least as strict as both at any time."""
    mode = strictest(first.mode, second.mode)
    ends = (first.expires_at, second.expires_at)
    expires_at = None if None in ends else max(end for end in ends if end is not None)
    return (first if first.mode is mode else second).model_copy(update={"expires_at": expires_at})


def _layer_record(policy: StoredPolicy, name: str, adoption: Adoption) -> AuditRecord:
    layer = read_layer(name, policy.layers[name]).layer
    return AuditRecord(
        id=adoption.new_id(),
        scope=name,
        action="create",
        edit=IMPORT,
        before=None,
        after=own_parameters(policy.layers[name]),
        version_before=None,
        version=last_version(policy, name),
        changed_by="unknown" if layer is None else layer.updated_by,
        caller=_CALLER,
        caller_class=CallerClass.OPERATOR,
        reason="was in force in Redis before an authority owned it",
        at=adoption.now,
    )


def _control_record(scope: str, before: ControlEntry | None, after: ControlEntry, adoption: Adoption) -> AuditRecord:
    return AuditRecord(
        id=adoption.new_id(),
        subject=Subject.CONTROL,
        scope=scope,
        action="create" if before is None else "update",
        edit=IMPORT,
        before=None if before is None else before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
        version_before=None,
        version=None,
        changed_by=after.set_by,
        caller=_CALLER,
        caller_class=CallerClass.OPERATOR,
        reason=after.reason or "set straight in Redis",
        at=adoption.now,
    )
