"""Control state: modes, and who set which mode for which scope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.scope import Scope, ScopeError, ScopeKind


class Mode(StrEnum):
    """What the gate lets through, from the laxest to the strictest.

    ACTIVE, SAFE, HALTED and FROZEN are set by people and watchdogs. CONSERVATIVE and BLIND are entered by the gate
    itself when an input is stale or missing, and left by itself.
    """

    ACTIVE = "ACTIVE"
    SAFE = "SAFE"
    CONSERVATIVE = "CONSERVATIVE"
    HALTED = "HALTED"
    BLIND = "BLIND"
    FROZEN = "FROZEN"

    @property
    def strictness(self) -> int:
        """Rank of the mode: 0 for ACTIVE, growing as less may pass."""
        return _STRICTNESS[self]

    @property
    def is_restricted(self) -> bool:
        """Whether the fail-safe limits hold on top of policy: SAFE and CONSERVATIVE."""
        return self in {Mode.SAFE, Mode.CONSERVATIVE}

    @property
    def only_reduces(self) -> bool:
        """Whether at most risk-reducing intents pass: HALTED, BLIND and FROZEN."""
        return self in {Mode.HALTED, Mode.BLIND, Mode.FROZEN}


_STRICTNESS = {mode: rank for rank, mode in enumerate(Mode)}


def strictest(first: Mode, second: Mode) -> Mode:
    """Return the stricter of two modes."""
    return max(first, second, key=_STRICTNESS.__getitem__)


class ControlEntry(BaseModel):
    """A mode set for one scope, as stored in the hash `cio:control`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: Mode = Field(description="SAFE, HALTED or FROZEN; ACTIVE has no effect.")
    reason: str = Field(default="", description="Why, in words for the operator.")
    set_by: str = Field(default="unknown", description="Who set it.")
    set_at: UtcDatetime | None = Field(default=None, description="When it was set, UTC.")
    expires_at: UtcDatetime | None = Field(
        default=None, description="When it ends by itself, UTC; null: it stays until somebody lifts it."
    )

    def in_force(self, now: datetime) -> bool:
        """Whether the entry still holds at `now` (aware UTC). The instant of expiry itself no longer counts."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class ScopedControl:
    """The entry that decides for an intent, and the scope that carries it."""

    scope: str
    entry: ControlEntry


@dataclass(frozen=True, slots=True)
class ControlState:
    """All control entries at one moment. Immutable; unreadable entries count as HALTED for their scope."""

    entries: Mapping[str, tuple[ControlEntry, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Scope key to what was set for it; more than one where a symbol was stored in several spellings."""

    unreadable: tuple[str, ...] = ()
    """Fields of the store that could not be read."""

    @classmethod
    def read(cls, stored: Mapping[str, str | bytes]) -> Self:
        """Build the state from the fields of the hash `cio:control`.

        Never raises: an entry that cannot be read halts its scope, and a field whose name is no scope halts
        everything, because whoever wrote it meant to stop something.
        """
        entries: dict[str, tuple[ControlEntry, ...]] = {}
        unreadable: list[str] = []
        for key, text in stored.items():
            scope_key, entry = _read_entry(key, text)
            if entry is None:
                unreadable.append(key)
                entry = ControlEntry(mode=Mode.HALTED, reason=f"the control entry {key!r} cannot be read")
            entries[scope_key] = (*entries.get(scope_key, ()), entry)
        return cls(MappingProxyType(entries), tuple(unreadable))

    def together_with(self, other: Self) -> Self:
        """Return what holds while both do: in every scope the entries of either."""
        entries = dict(self.entries)
        for scope, found in other.entries.items():
            known = entries.get(scope, ())
            entries[scope] = (*known, *(entry for entry in found if entry not in known))
        unreadable = dict.fromkeys((*self.unreadable, *other.unreadable))
        return type(self)(MappingProxyType(entries), tuple(unreadable))

    def in_force(self, now: datetime) -> dict[str, ControlEntry]:
        """Return the strictest entry in force of every scope that is restricted at `now` (aware UTC)."""
        found: dict[str, ControlEntry] = {}
        for scope, entries in self.entries.items():
            holding = [entry for entry in entries if entry.in_force(now) and entry.mode is not Mode.ACTIVE]
            if holding:
                found[scope] = max(holding, key=lambda entry: entry.mode.strictness)
        return found

    def deciding(self, *, symbol: str | None, strategy_id: str | None, now: datetime) -> ScopedControl | None:
        """Return the strictest entry in force among global, the symbol and the strategy; None if nothing is set."""
        if not self.entries:
            return None
        keys = [Scope.everything().key]
        if symbol is not None:
            keys.append(Scope.of_symbol(symbol).key)
        if strategy_id is not None:
            keys.append(Scope.of_strategy(strategy_id).key)
        in_force = [
            ScopedControl(key, entry) for key in keys for entry in self.entries.get(key, ()) if entry.in_force(now)
        ]
        return max(in_force, key=lambda control: control.entry.mode.strictness, default=None)


def _read_entry(key: str, text: str | bytes) -> tuple[str, ControlEntry | None]:
    everything = Scope.everything().key
    try:
        scope = Scope.parse(key)
    except ScopeError:
        return everything, None
    if scope.kind is ScopeKind.SYMBOL_SIDE:
        return Scope.of_symbol(scope.symbol or "").key, None
    try:
        return scope.key, ControlEntry.model_validate_json(text)
    except ValidationError:
        return scope.key, None
