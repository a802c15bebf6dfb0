"""The ledger: everything the demo observed, in the order in which it was observed. No I/O."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from demo.market import Phase
from petrosa_contracts import Code, GovernanceStatus, RegimeStatus, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something observed; `at` is seconds on the ledger's clock."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced(Event):
    """The market moved."""

    prices: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketChanged(Event):
    """The market was made to do something."""

    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimesRead(Event):
    """What the feed tells of the market was read where gates read it."""

    regimes: Mapping[str, RegimeStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Event):
    """A bot sent an intent: as a request that `asks` for the verdict, or as a plain message."""

    number: int
    signal_id: str
    strategy_id: str
    symbol: str
    action: str
    usd: float
    """What the bot wants to trade, before its quantity is rounded; 0 where it leaves the amount to the engine."""
    asks: bool
    flaw: Code | None = None
    """What is wrong with it by design; None for an honest intent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """A request came to its end, with a verdict or without; `ms` is how long the bot waited."""

    sent: Sent
    verdict: Verdict | None
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Event):
    """A verdict was heard on the verdict subject."""

    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Event):
    """TradeEngine received a signal."""

    decision_id: str | None
    strategy_id: str | None
    symbol: str | None
    action: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded(Event):
    """The exchange filled an order that TradeEngine placed for a decision."""

    decision_id: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """The exchange did not fill what TradeEngine wanted for a decision."""

    decision_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksRead(Event):
    """Open quantities by symbol and side: as the exchange has them, and as gates see them."""

    exchange: Mapping[tuple[str, str], Decimal]
    portfolio: Mapping[tuple[str, str], Decimal]
    differences: tuple[str, ...]
    """Where the tracker says that events and exchange disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse(Event):
    """The gate's heartbeat was heard."""

    status: GovernanceStatus
    mode: str
    epoch: int | None


class Seat(StrEnum):
    """Who changes policy, as the authority names the holder of each one's token."""

    MODEL = "model"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Words:
    """What a change comes with."""

    reason: str
    thought_trace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Event):
    """A change was applied; `at` is when it was asked for. It is about a limit, a strategy's halt, its end, or SAFE."""

    by: Seat
    words: Words
    audit_id: str | None
    epoch: int | None
    """Under which gates know of it, as the authority says; None if it does not."""
    enforced: bool
    """Whether the authority says that gates can know of it."""
    limit_usd: float | None = None
    halted: str | None = None
    resumed: str | None = None
    safe_seconds: int | None = None
    """For how long everybody is in SAFE mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Event):
    """The model asked for a looser limit, at `at`; `proposal_id` is what waits, None where it did not have to."""

    limit_usd: float
    proposal_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRead(Event):
    """The authority told somebody the limit that orders meet, where nothing narrower says otherwise."""

    by: Seat
    usd: float


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the authority's history; `version` is None for a change of control."""

    audit_id: str
    version: int | None
    by: str
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail(Event):
    """The authority's whole history was read."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVerified(Event):
    """The whole audit chain was verified."""

    holds: bool
    entries: int
    """Up to the first bad one, if there is one."""
    signed_to: int
    """The last entry that a checkpoint signs."""
    decisions: frozenset[str]
    """Ids of the decisions that are recorded, whether they hold or not."""
    bad_entry: int | None = None
    bad_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampered(Event):
    """A record was altered in the store."""

    entry: int
    decision_id: str


class GateState(StrEnum):
    """Where the gate's process stands."""

    READY = "ready"
    KILLED = "killed"
    LAUNCHED = "launched"
    """Started anew and not ready yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateChanged(Event):
    """The gate's process entered a state."""

    state: GateState


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """A line of the timeline."""

    text: str


E = TypeVar("E", bound=Event)


class Ledger:
    """Keeps events in order. `clock` gives seconds; it is read relative to the moment the ledger was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.events: list[Event] = []

    def now(self) -> float:
        """Return seconds since the ledger was made."""
        return self._clock() - self._began

    def record(self, event: Event) -> None:
        """Append an event."""
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """Return all events of a kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def waits(self) -> list[float]:
        """How long the bots waited for each verdict they got, in milliseconds."""
        return [answer.ms for answer in self.of(Answered) if answer.verdict is not None]

    def while_gate_was(self, wanted: GateState, kind: type[E]) -> list[E]:
        """Return the events of a kind that were recorded while the gate was in a state."""
        found: list[E] = []
        state: GateState | None = None
        for event in self.events:
            if isinstance(event, GateChanged):
                state = event.state
            elif state is wanted and isinstance(event, kind):
                found.append(event)
        return found

    @property
    def approved(self) -> dict[str, Judged]:
        """Approvals by decision id."""
        return {judged.verdict.decision_id: judged for judged in self.of(Judged) if judged.verdict.approved}

    @property
    def unfilled(self) -> set[str]:
        """Decisions that approved an entry of which the exchange filled nothing yet."""
        entries = {name for name, judged in self.approved.items() if judged.verdict.action in {"buy", "sell"}}
        return entries - {traded.decision_id for traded in self.of(Traded)}

    @property
    def settled(self) -> bool:
        """Whether all that was sent to a gate that was up has been judged, answered and delivered."""
        sent = self.while_gate_was(GateState.READY, Sent)
        judged = Counter(judged.verdict.signal_id or "" for judged in self.of(Judged))
        answered = {answer.sent.number for answer in self.of(Answered)}
        delivered = {delivery.decision_id for delivery in self.of(Delivered)}
        return (
            not Counter(each.signal_id for each in sent) - judged
            and all(each.number in answered for each in self.of(Sent) if each.asks)
            and self.approved.keys() <= delivered
        )
