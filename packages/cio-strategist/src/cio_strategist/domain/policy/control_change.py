"""Changes of control state: imposing and lifting a mode. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.audit import AuditRecord, Subject
from cio_strategist.domain.policy.outcome import ControlOutcome, OutcomeStatus
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.policy.stored import Decided, StoredPolicy, Write, to_json
from cio_strategist.errors import UsageError
from petrosa_contracts import ControlEntry, ControlState, Mode, Scope, ScopedControl, ScopeError, ScopeKind

_SETTABLE = (Mode.SAFE, Mode.HALTED, Mode.FROZEN)


@dataclass(frozen=True, slots=True)
class StoredControl:
    """One field of `cio:control`, read as the gate reads it."""

    field: str
    scope: str
    """Scope that it restricts; what cannot be read may restrict a wider one than its name says."""
    entry: ControlEntry
    """What it says, or the halt that the gate takes it for."""
    unreadable: bool


@dataclass(frozen=True, slots=True)
class ControlOrder:
    """A mode to impose on a scope, or to lift from it."""

    scope: str
    """Scope key; for a lift also the name of a stored field that is none."""
    mode: Mode
    """SAFE, HALTED or FROZEN; ACTIVE lifts."""
    request: ChangeRequest
    now: datetime
    new_id: str
    """Id for the record."""
    lasting: timedelta | None = None
    """How long from `now`; None: until somebody lifts it."""


@dataclass(frozen=True, slots=True)
class ControlChange(Decided[ControlOutcome]):
    """A decision about control."""

    laxer: bool
    """Whether at some time more may pass than before."""
    is_frozen: bool
    """Whether a FROZEN is in force on the scope before it."""


def control_scope(text: str) -> Scope:
    """Read the scope of a control entry: global, a symbol or a strategy.

    Raises `UsageError` for anything else, a symbol's side included.
    """
    scope = parse_scope(text)
    if scope.kind is ScopeKind.SYMBOL_SIDE:
        symbol = Scope.of_symbol(scope.symbol or "")
        switch = "enable_longs" if scope.side == "LONG" else "enable_shorts"
        raise UsageError(
            f"one side of a symbol cannot be halted: halt {symbol}, or close the side with set {symbol} {switch}=false"
        )
    return scope


def read_control(stored: StoredPolicy) -> tuple[StoredControl, ...]:
    """Read every stored control entry, expired ones included."""
    return tuple(_read(field, text) for field, text in stored.control.items())


def decide_control(stored: StoredPolicy, order: ControlOrder) -> ControlChange:
    """Decide about an order on control: impose a mode, replacing what was set for the scope, or lift it.

    Raises `UsageError` for a scope that cannot be controlled, a mode that nobody sets, and an imposed mode without a
    reason.
    """
    return _lifted(stored, order) if order.mode is Mode.ACTIVE else _imposed(stored, order)


def is_laxer(before: ControlEntry, after: ControlEntry | None) -> bool:
    """Whether `after` in place of `before` lets more pass at any time: a lower mode, or one that ends earlier."""
    if after is None or after.mode.strictness < before.mode.strictness:
        return before.mode is not Mode.ACTIVE
    if after.expires_at is None:
        return False
    return before.expires_at is None or after.expires_at < before.expires_at


def _imposed(stored: StoredPolicy, order: ControlOrder) -> ControlChange:
    if order.mode not in _SETTABLE:
        raise UsageError(f"{order.mode} cannot be set: choose SAFE, HALTED or FROZEN, or lift what is set")
    scope = control_scope(order.scope).key
    _, replaced = _meant(stored, scope)
    expires_at = None if order.lasting is None else order.now + order.lasting
    entry = ControlEntry(
        mode=order.mode,
        reason=order.request.needed_reason("why, for whoever finds it in force"),
        set_by=order.request.author,
        set_at=order.now,
        expires_at=expires_at,
    )
    fields = {**{control.field: None for control in replaced}, scope: to_json(entry)}
    until = "it is lifted" if expires_at is None else f"{expires_at:%Y-%m-%d %H:%M:%S}Z"
    message = f"{scope} is {order.mode} until {until}"
    return _decided(order, scope, replaced, entry, fields=fields, message=message)


def _lifted(stored: StoredPolicy, order: ControlOrder) -> ControlChange:
    scope, replaced = _meant(stored, order.scope)
    fields: dict[str, str | None] = dict.fromkeys(control.field for control in replaced)
    left = {field: text for field, text in stored.control.items() if field not in fields}
    remaining = _restricting(left, scope, order.now)
    message = f"{scope}: what was set is lifted" if replaced else f"{scope}: nothing was set"
    return _decided(order, scope, replaced, None, fields=fields, message=message, remaining=remaining)


def _decided(
    order: ControlOrder,
    scope: str,
    replaced: tuple[StoredControl, ...],
    entry: ControlEntry | None,
    *,
    fields: Mapping[str, str | None],
    message: str,
    remaining: ScopedControl | None = None,
) -> ControlChange:
    in_force = tuple(control.entry for control in replaced if control.entry.in_force(order.now))
    still = None
    if remaining is not None:
        still = (
            f"{scope} is still {remaining.entry.mode} by what is set for {remaining.scope}: {remaining.entry.reason}"
        )
    laxer = any(is_laxer(before, entry) for before in in_force)
    record = _record(order, scope, replaced, entry) if fields else None
    return ControlChange(
        write=None if record is None else Write(scope=scope, control=fields, loosens=laxer, audit=record),
        outcome=ControlOutcome(
            status=OutcomeStatus.UNCHANGED if record is None else OutcomeStatus.APPLIED,
            scope=scope,
            audit_id=None if record is None else record.id,
            message=message if still is None else f"{message}; {still}",
            before=in_force,
            after=entry,
            still=still,
        ),
        laxer=laxer,
        is_frozen=any(before.mode is Mode.FROZEN for before in in_force),
    )


def _record(
    order: ControlOrder, scope: str, replaced: tuple[StoredControl, ...], entry: ControlEntry | None
) -> AuditRecord:
    before = replaced[-1].entry if replaced else None
    return AuditRecord(
        id=order.new_id,
        subject=Subject.CONTROL,
        scope=scope,
        action="delete" if entry is None else "create" if before is None else "update",
        edit="lift" if entry is None else "impose",
        before=_plain(before),
        after=_plain(entry),
        version_before=None,
        version=None,
        changed_by=order.request.author,
        caller=order.request.caller.name,
        caller_class=order.request.caller.kind,
        reason=order.request.reason,
        thought_trace=order.request.thought_trace,
        at=order.now,
        request_id=order.request.request_id,
    )


def _plain(entry: ControlEntry | None) -> dict[str, Any] | None:
    return None if entry is None else entry.model_dump(mode="json")


def _read(field: str, text: str) -> StoredControl:
    state = ControlState.read({field: text})
    ((scope, (entry,)),) = state.entries.items()
    return StoredControl(field, scope, entry, bool(state.unreadable))


def _meant(stored: StoredPolicy, name: str) -> tuple[str, tuple[StoredControl, ...]]:
    controls = read_control(stored)
    exact = tuple(control for control in controls if control.field == name)
    if exact and _key_of(name) is None:
        return exact[0].scope, exact
    scope = control_scope(name).key
    return scope, tuple(control for control in controls if _key_of(control.field) == scope)


def _key_of(field: str) -> str | None:
    try:
        scope = Scope.parse(field)
    except ScopeError:
        return None
    return None if scope.kind is ScopeKind.SYMBOL_SIDE else scope.key


def _restricting(control: Mapping[str, str], key: str, now: datetime) -> ScopedControl | None:
    scope = Scope.parse(key)
    deciding = ControlState.read(control).deciding(symbol=scope.symbol, strategy_id=scope.strategy_id, now=now)
    return None if deciding is None or deciding.entry.mode is Mode.ACTIVE else deciding
