"""The mirror: an in-memory copy of policy and control that follows the store."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

import structlog

from cio_decision.freshness import Ages
from cio_nurse.errors import StoreContentError, StoreError
from cio_nurse.ports import Clock, PolicyStore, StoredPulse
from cio_nurse.service.modes import PolicyStanding, SystemMode, system_mode
from petrosa_contracts import (
    ControlEntry,
    ControlState,
    Mode,
    PolicyLayer,
    PolicySnapshot,
    PolicyUnreadableError,
    ResolvedPolicy,
    Scope,
    ScopedControl,
    ScopeError,
    ScopeKind,
    Side,
    resolve,
)

POLL_SECONDS = 1.0
"""How often the epoch is compared, so that a lost announcement costs at most this."""

_RESOLVED_LIMIT = 10_000
_MEND_THE_SCOPE = "to be mended with cio-policy rebuild, or with set or clear of that scope"
_MEND_THE_EPOCH = "which cio-policy rebuild gives it again, or init where there is no authority"

_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class View:
    """What the mirror shows at one moment. Swapped whole; only the memo of resolved policies grows."""

    snapshot: PolicySnapshot | None = None
    control: ControlState = field(default_factory=ControlState)
    trades_day: date | None = None
    trades_counted: Mapping[str, int] = field(default_factory=dict[str, int])
    known_symbols: frozenset[str] = frozenset()
    _resolved: dict[tuple[str, str, Side | None], ResolvedPolicy] = field(
        default_factory=dict[tuple[str, str, Side | None], ResolvedPolicy]
    )

    @property
    def epoch(self) -> int | None:
        """The policy epoch shown; None while policy was never loaded."""
        return None if self.snapshot is None else self.snapshot.epoch

    def knows(self, symbol: str) -> bool:
        """Whether a symbol was traded today or yesterday (UTC); true of any while there is no such history."""
        return not self.known_symbols or symbol in self.known_symbols

    def trades_on(self, day: date) -> Mapping[str, int]:
        """Return the trades per scope key counted so far on a UTC day; empty for any day but the one last read."""
        return self.trades_counted if day == self.trades_day else {}

    def policy_for(self, symbol: str, strategy_id: str, side: Side | None) -> ResolvedPolicy:
        """Return the policy in force for an order; the defaults while policy was never loaded."""
        key = (symbol, strategy_id, side)
        found = self._resolved.get(key)
        if found is None:
            layers: Mapping[str, PolicyLayer] = {} if self.snapshot is None else self.snapshot.layers
            found = resolve(layers, symbol=symbol, strategy_id=strategy_id, side=side)
            if len(self._resolved) >= _RESOLVED_LIMIT:
                self._resolved.clear()
            self._resolved[key] = found
        return found


class Mirror:
    """Keeps one immutable `View`. Follows the store's announcements and compares the epoch every second.

    When the store is away, slow or holds something unreadable, the last good view stays, and `system_mode` says what
    may still pass; likewise while there is a `refusal`, because the store takes no approvals although it can be read.
    """

    def __init__(self, store: PolicyStore, clock: Clock, limits: Ages, *, refusal: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._refusal = refusal
        self._standing = PolicyStanding()
        self._wake = asyncio.Event()
        self._loaded = asyncio.Event()
        self._outdated = True
        self._logged: Mode | None = None
        self._control: Mapping[str, ControlEntry] = {}
        self.view = View()

    @property
    def standing(self) -> PolicyStanding:
        """What is known about the policy that the gate has."""
        return self._standing

    @property
    def policy_age_seconds(self) -> float | None:
        """Seconds since the store last confirmed the policy shown; None if it never did, 0 if the clock went back."""
        confirmed = self._standing.confirmed_at
        return None if confirmed is None else max(0.0, (self._clock.now() - confirmed).total_seconds())

    async def until_loaded(self) -> None:
        """Return once a policy was loaded."""
        await self._loaded.wait()

    def system_mode(self) -> SystemMode:
        """Return the mode that policy's standing allows at this moment."""
        return system_mode(replace(self._standing, refusal=self._refusal()), self._limits, self._clock.now())

    def control_everywhere(self) -> ScopedControl | None:
        """Return what was set for everything and is in force; None if nothing is."""
        return self.view.control.deciding(symbol=None, strategy_id=None, now=self._clock.now())

    def store_lost(self) -> None:
        """Note that the store was found away elsewhere, without waiting for the next comparison."""
        self._standing = replace(self._standing, store_up=False)
        self._wake.set()

    async def run(self) -> None:
        """Follow the store until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._compare())

    async def _follow(self) -> None:
        while True:
            try:
                async for _ in self._store.changes():
                    # Also after a reconnect: a store that was replaced may hold another policy under the same epoch.
                    self._outdated = True
                    self._wake.set()
            except StoreError as error:
                _log.debug("policy_announcements_lost", error=str(error))
            await asyncio.sleep(POLL_SECONDS)

    async def _compare(self) -> None:
        while True:
            await self.refresh()
            self._note_mode()
            self._note_control()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def refresh(self) -> None:
        """Bring the view up to date with the store. Never raises; what went wrong is in `standing`."""
        try:
            pulse = await self._store.read_pulse(self._clock.now().date())
            believed = pulse.epoch is not None and not self._standing.trouble
            if believed and pulse.epoch == self.view.epoch and not self._outdated:
                self._confirm()
            else:
                self._outdated = False
                await self._load_or_try_again()
            self._show_trades(pulse)
        except StoreContentError as error:
            self._distrust(str(error))
        except StoreError as error:
            level = _log.error if self._standing.store_up else _log.debug
            level("policy_store_unreachable", error=str(error))
            self._standing = replace(self._standing, store_up=False)

    async def _load_or_try_again(self) -> None:
        try:
            await self._load()
        except StoreError:
            self._outdated = True
            raise

    async def _load(self) -> None:
        stored = await self._store.read_policy()
        control = ControlState.read(stored.control)
        if stored.epoch is None:
            # What was set before the epoch was lost still holds, and so does what was set since.
            self.view = replace(self.view, control=self.view.control.together_with(control))
            self._distrust_missing_epoch()
            return
        try:
            snapshot = PolicySnapshot.read(stored.epoch, stored.policy, as_of=self._clock.now())
        except PolicyUnreadableError as error:
            self.view = replace(self.view, control=control)
            self._distrust(f"{error}, {_MEND_THE_SCOPE}")
            return
        self.view = replace(self.view, snapshot=snapshot, control=control, _resolved={})
        self._confirm()
        self._loaded.set()
        if control.unreadable:
            _log.error("control_entries_unreadable", fields=control.unreadable)
        if snapshot.unknown_parameters:
            _log.warning("policy_parameters_unknown", parameters=snapshot.unknown_parameters)
        _log.info("policy_loaded", epoch=stored.epoch, scopes=len(snapshot.layers), controls=len(control.entries))

    def _show_trades(self, pulse: StoredPulse) -> None:
        if (pulse.today, pulse.trades_today) == (self.view.trades_day, self.view.trades_counted):
            return
        self.view = replace(
            self.view,
            trades_day=pulse.today,
            trades_counted=pulse.trades_today,
            known_symbols=_symbols(pulse.trades_yesterday) | _symbols(pulse.trades_today),
        )

    def _confirm(self) -> None:
        self._standing = PolicyStanding(confirmed_at=self._clock.now(), store_up=True)

    def _distrust_missing_epoch(self) -> None:
        # Without a snapshot this is a store that nobody has written to yet, which is no fault of the store.
        lost = f"the store has lost its policy epoch, {_MEND_THE_EPOCH}"
        self._distrust("" if self.view.snapshot is None else lost)

    def _distrust(self, trouble: str) -> None:
        if trouble and trouble != self._standing.trouble:
            _log.error("policy_not_believed", reason=trouble)
        self._standing = replace(self._standing, store_up=True, trouble=trouble)

    def _note_mode(self) -> None:
        found = self.system_mode()
        if found.mode is not self._logged:
            level = _log.info if found.mode is Mode.ACTIVE else _log.error
            level("system_mode_changed", before=self._logged, now=found.mode, reason=found.reason)
            self._logged = found.mode

    def _note_control(self) -> None:
        found = self.view.control.in_force(self._clock.now())
        if found == self._control:
            return
        for scope, entry in found.items():
            if entry != self._control.get(scope):
                ends = None if entry.expires_at is None else entry.expires_at.isoformat()
                by, why = entry.set_by, entry.reason
                _log.warning("control_set", scope=scope, mode=entry.mode, set_by=by, reason=why, expires_at=ends)
        for scope in self._control.keys() - found.keys():
            _log.info("control_ended", scope=scope, mode=self._control[scope].mode)
        self._control = found


def _symbols(trades: Mapping[str, int]) -> frozenset[str]:
    found: set[str] = set()
    for key, count in trades.items():
        with suppress(ScopeError):
            scope = Scope.parse(key)
            if scope.kind is ScopeKind.SYMBOL and scope.symbol and count > 0:
                found.add(scope.symbol)
    return frozenset(found)
