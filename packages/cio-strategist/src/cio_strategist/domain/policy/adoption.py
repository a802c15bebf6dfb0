"""What an authority takes over from Redis: policy from before it came, and halts set while it was away. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from pydantic import ValidationError

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.audit import AuditRecord, Subject
from cio_strategist.domain.policy.control_change import StoredControl, is_laxer, read_control
from cio_strategist.domain.policy.projection import Shown, is_blank, problems_of
from cio_strategist.domain.policy.stored import (
    Change,
    StoredPolicy,
    Write,
    last_version,
    own_parameters,
    read_layer,
    to_json,
)
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


def adopt(stored: StoredPolicy, found: Sequence[StoredControl], adoption: Adoption, *, revision: int | None) -> Change:
    """Decide to take over entries found in Redis; where ours are stricter in part, both together.

    `revision` is that of the authority when its trail did not know them. Does nothing if somebody wrote since: one of
    them may have been adopted by another process meanwhile, and lifted again by an operator.
    """
    if stored.epoch != revision:
        return Change(None)
    fields: dict[str, str | None] = {}
    records: list[AuditRecord] = []
    for scope, news in _by_scope(found).items():
        replaced = [other for other in read_control(stored) if other.scope == scope]
        entry, made = _taken_over(scope, replaced, news, adoption)
        fields |= {**{other.field: None for other in replaced}, scope: to_json(entry)}
        records += made
    (scope, *others) = _by_scope(found)
    return Change(Write(scope=None if others else scope, control=fields, also_audit=tuple(records)))


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
    records = [_layer_record(policy, name, adoption) for name in sorted(policy.layers)]
    control: dict[str, str] = {}
    in_force = [found for found in read_control(policy) if found.entry.in_force(adoption.now)]
    for scope, news in sorted(_by_scope(in_force).items()):
        entry, made = _taken_over(scope, [], news, adoption)
        control[scope] = to_json(entry)
        records += made
    return Change(
        Write(
            scope=None,
            layers=dict(policy.layers),
            versions={name: last_version(policy, name) for name in sorted({*policy.layers, *policy.versions})},
            control=control,
            also_audit=tuple(records),
        )
    )


def _by_scope(found: Iterable[StoredControl]) -> dict[str, list[ControlEntry]]:
    scopes: dict[str, list[ControlEntry]] = {}
    for control in found:
        scopes.setdefault(control.scope, []).append(control.entry)
    return scopes


def _taken_over(
    scope: str, replaced: Sequence[StoredControl], news: Sequence[ControlEntry], adoption: Adoption
) -> tuple[ControlEntry, list[AuditRecord]]:
    """Return the entry as strict as all together, and its records.

    Each of `news` is recorded as it was found: so it is known if Redis shows it again after a lift.
    """
    together = reduce(_both, [*news, *_entries(replaced, scope, adoption.now)])
    if together.set_at is None:
        together = together.model_copy(update={"set_at": adoption.now})
    before = replaced[-1].entry if replaced else None
    records: list[AuditRecord] = []
    for after in [*(entry for entry in news if entry.set_at is not None), together]:
        if after != before:
            records.append(_control_record(scope, before, after, adoption))
        before = after
    return together, records


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
