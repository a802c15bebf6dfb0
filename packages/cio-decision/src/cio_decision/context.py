"""Everything a decision depends on besides the intent, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from cio_decision.intent import Intent
from petrosa_contracts import FailSafeLimits, Mode, ResolvedPolicy, ScopedControl
from petrosa_contracts.primal import PrimalLimits
from petrosa_contracts.sizing import decimal_of, largest_amount, reference_price


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What the ledger says about an intent.

    Before the ledger was asked it holds what the gate last knew, which for the trade counts is at most what is true
    and for the identity is nothing.
    """

    taken_by: str | None = None
    """Decision id of the approval that holds this identity; None if it is free."""

    trades_today: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Approved trades of the UTC day per scope key, this one not included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The values that `evaluate` decides on. Times are aware UTC.

    `system_mode` is the mode that the gate's own inputs allow (ACTIVE, CONSERVATIVE or BLIND) and `system_reason` says
    why; `control` is the strictest entry that people or watchdogs set for a scope of this intent.
    """

    decision_id: str
    now: datetime
    received_at: datetime
    policy: ResolvedPolicy
    epoch: int | None
    system_mode: Mode = Mode.ACTIVE
    system_reason: str = ""
    control: ScopedControl | None = None
    failsafe: FailSafeLimits = field(default_factory=FailSafeLimits)
    primal: PrimalLimits | None = None
    """The hard ceilings; None where the settings name none."""
    known_symbols: frozenset[str] = frozenset()
    """Symbols traded today or yesterday (UTC); empty while there is no such history."""
    ledger: LedgerView = field(default_factory=LedgerView)
    orders_last_second: int = 0
    max_orders_per_second: int | None = None
    clock_tolerance_seconds: float = 2.0
    decision_seconds: float = 0.0
    """How long the decision has taken so far, not counting the wait for its turn."""
    decision_deadline_seconds: float = 0.05

    @property
    def mode(self) -> Mode:
        """The strictest of the gate's own mode and what was set for the intent's scopes."""
        if self.control is None or self.control.entry.mode.strictness <= self.system_mode.strictness:
            return self.system_mode
        return self.control.entry.mode


def notional(intent: Intent) -> Decimal:
    """Return N: the largest value in quote currency that any engine generation would order. Leverage does not enter."""
    return largest_amount(intent.signal) * reference_price(intent.signal)


def requested_notional(intent: Intent) -> Decimal:
    """Return the value in quote currency that the intent asks for; N where it leaves the amount to the engine."""
    if intent.signal.quantity > 0:
        return decimal_of(intent.signal.quantity) * reference_price(intent.signal)
    return notional(intent)
