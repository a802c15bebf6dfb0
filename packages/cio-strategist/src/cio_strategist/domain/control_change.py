"""Changes of control state: imposing and lifting a mode. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cio_strategist.domain.stored import Change, StoredPolicy, Write, to_json
from cio_strategist.errors import RefusedError, UsageError
from petrosa_contracts import ControlEntry, ControlState, Mode, Scope, ScopedControl, ScopeError, ScopeKind


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
class ControlChange(Change):
    """A mode imposed on a scope or lifted from it."""

    scope: str
    before: tuple[StoredControl, ...]
    """The entries replaced or removed."""
    after: ControlEntry | None
    """The entry imposed; None if lifted."""
    remaining: ScopedControl | None = None
    """What still restricts the scope after a lift, from here or from a wider scope."""


def control_scope(text: str) -> Scope:
    """Read the scope of a control entry: global, a symbol or a strategy.

    Raises `UsageError` for anything else, a symbol's side included.
    """
    try:
        scope = Scope.parse(text)
    except ScopeError as error:
        raise UsageError(str(error)) from error
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


def impose(
    stored: StoredPolicy,
    *,
    scope: Scope,
    mode: Mode,
    reason: str,
    by: str,
    now: datetime,
    lasting: timedelta | None = None,
) -> ControlChange:
    """Put `scope` into `mode`, replacing what was set for it, from `now` on and for `lasting` (None: until lifted).

    Raises `UsageError` for an empty reason and `RefusedError` if that would end a FROZEN in force.
    """
    if not reason.strip():
        raise UsageError("a reason is needed: say in a few words why, for whoever finds it in force")
    _, before = _meant(stored, scope.key)
    if any(_is_frozen(control, now) for control in before):
        raise RefusedError(f"{scope} is FROZEN, which {mode} would loosen; lift it first with resume {scope} --yes")
    expires_at = None if lasting is None else now + lasting
    entry = ControlEntry(mode=mode, reason=reason.strip(), set_by=by, set_at=now, expires_at=expires_at)
    fields = {control.field: None for control in before}
    write = Write(scope=scope.key, control={**fields, scope.key: to_json(entry)})
    return ControlChange(write, scope.key, before, entry)


def lift(stored: StoredPolicy, *, name: str, now: datetime, even_frozen: bool = False) -> ControlChange:
    """Remove what was set for the scope called `name`, however it was spelled when it was stored.

    A field whose name is no control scope is removed by exactly that name. Raises `UsageError` if there is no such
    field and the name is no control scope either, and `RefusedError` if a FROZEN is in force and not `even_frozen`.
    """
    scope, before = _meant(stored, name)
    if not even_frozen and any(_is_frozen(control, now) for control in before):
        raise RefusedError(f"{name} is FROZEN; to lift that all the same, say resume {name} --yes")
    removed = [control.field for control in before]
    left = {field: text for field, text in stored.control.items() if field not in removed}
    write = Write(scope=scope, control=dict.fromkeys(removed)) if removed else None
    return ControlChange(write, scope, before, None, _restricting(left, scope, now))


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


def _is_frozen(control: StoredControl, now: datetime) -> bool:
    return control.entry.mode is Mode.FROZEN and control.entry.in_force(now)


def _restricting(control: Mapping[str, str], key: str, now: datetime) -> ScopedControl | None:
    scope = Scope.parse(key)
    deciding = ControlState.read(control).deciding(symbol=scope.symbol, strategy_id=scope.strategy_id, now=now)
    return None if deciding is None or deciding.entry.mode is Mode.ACTIVE else deciding
