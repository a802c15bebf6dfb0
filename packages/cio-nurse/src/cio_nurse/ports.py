"""What the gate needs from the outside, as the service sees it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from cio_decision.context import Reserved
from cio_decision.reservation import Reservation
from petrosa_contracts import TraceContext, Verdict

DUPLICATE_WINDOW = timedelta(hours=24)
"""How long an approval holds its identity."""


class Clock(Protocol):
    """Time, so that a test can jump it."""

    def now(self) -> datetime:
        """Return the current instant, aware UTC."""
        ...

    def seconds(self) -> float:
        """Return seconds on a clock that never jumps, for durations."""
        ...


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as it came: its bytes, where it came on, where to reply (empty: nowhere), its headers."""

    data: bytes
    subject: str
    reply: str
    headers: Mapping[str, str] | None


class Transport(Protocol):
    """Publishing on NATS."""

    @property
    def connected(self) -> bool:
        """Whether a message published now would leave."""
        ...

    async def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        """Publish a message. Raises `TransportUnavailableError` while not connected."""
        ...

    async def publish_signal(
        self, subject: str, payload: bytes, decision_id: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Publish a signal such that it is noticed when nobody consumes it. Raises as `publish`."""
        ...

    async def flush(self) -> None:
        """Return once the server has all that was published. Raises as `publish`."""
        ...


class Span(Protocol):
    """One intent's way through the gate, as a trace shows it."""

    @property
    def context(self) -> TraceContext:
        """What is passed on, so that whatever follows hangs below it."""
        ...

    def now(self) -> int:
        """Return the instant at which a step begins, in the form that `step` takes."""
        ...

    def step(self, name: str, began: int) -> None:
        """Add a step that ends now."""
        ...

    def end(self, verdict: Verdict) -> None:
        """End it with what was decided."""
        ...


class Tracing(Protocol):
    """Beginning spans."""

    def now(self) -> int:
        """Return an instant, in the form that `begin` takes."""
        ...

    def begin(self, parent: TraceContext | None, began: int) -> Span | None:
        """Begin the span of an intent below that of its sender; None where the trace is not sampled."""
        ...


class RecordTransport(Protocol):
    """Publishing records to the stream. What becomes of them is told to whoever the adapter was given."""

    @property
    def connected(self) -> bool:
        """Whether what is published now would leave."""
        ...

    @property
    def largest_record(self) -> int:
        """Bytes of the largest record that fits into one message."""
        ...

    async def publish_record(
        self, subject: str, payload: bytes, record_id: str, *, trace: TraceContext | None = None
    ) -> None:
        """Publish a record under its id, with the trace it belongs to.

        Raises `TransportUnavailableError` while not connected.
        """
        ...


class RecordProbe(Protocol):
    """Asking the stream of records whether it would keep one, without having it kept."""

    async def refusal_of(self, subject: str, payload: bytes, record_id: str) -> str:
        """Return why it would not; empty if it would."""
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A record that waits for the stream: its id, its subject and its bytes."""

    record_id: str
    subject: str
    payload: bytes


class Journal(Protocol):
    """Records on this machine's disk. Every method blocks, so it is called in a thread; any may run beside another."""

    def open(self) -> int:
        """Take over what earlier gates left behind and return how many records wait."""
        ...

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Write records and return when they are on the disk. Raises `JournalError`."""
        ...

    def oldest(self, at_most: int) -> Sequence[JournalEntry]:
        """Return the oldest records that are not delivered. Raises `JournalError`."""
        ...

    def forget(self, count: int) -> None:
        """Note that the oldest records are delivered. Raises `JournalError`."""
        ...


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """Policy and control as they stand in the store at one moment; `epoch` is None if policy was never written."""

    epoch: int | None
    policy: Mapping[str, bytes]
    control: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class StoredPulse:
    """What is read every second: the epoch, and the trades per scope key of yesterday and today (UTC)."""

    epoch: int | None
    today: date
    trades_yesterday: Mapping[str, int]
    trades_today: Mapping[str, int]


class PolicyStore(Protocol):
    """Reading policy.

    Every method raises `StoreContentError`, saying which key, where one holds what it cannot hold, and another
    `StoreError` when the store does not answer.
    """

    async def read_policy(self) -> StoredPolicy:
        """Return epoch, policy and control of the same moment."""
        ...

    async def read_pulse(self, today: date) -> StoredPulse:
        """Return the epoch and the trade counts around the UTC day `today`."""
        ...

    def changes(self) -> AsyncIterator[None]:
        """Yield once when listening has begun and then whenever a change is announced."""
        ...


class InputStore(Protocol):
    """Reading market, regime and portfolio, as bytes.

    Every method raises `StoreContentError` where the key holds another type of value, and another `StoreError` when the
    store does not answer. What is not there is left out.
    """

    async def read_market(self, symbols: Collection[str] | None = None) -> Mapping[str, bytes]:
        """Return what is stored of these symbols, or of all."""
        ...

    async def read_regime(self) -> Mapping[str, bytes]:
        """Return the statuses by symbol, that of the market as a whole under `global`."""
        ...

    async def read_portfolio(self) -> bytes | None:
        """Return the portfolio."""
        ...

    def market_changes(self) -> AsyncIterator[frozenset[str]]:
        """Yield an empty set when listening has begun and then what each announcement names; empty: all of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An approval that wants its place in the ledger.

    `limited_scope` and `limit` bound the trades of one scope; both are None for what does not count as a trade, and
    `scopes` (all scope keys whose trades it adds to) is then empty. `reserves` is what its order takes up until the
    portfolio shows it, and what is left of that; None where no portfolio is known.
    """

    identity: str
    decision_id: str
    scopes: tuple[str, ...] = ()
    limited_scope: str | None = None
    limit: int | None = None
    reserves: Reservation | None = None


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """What became of a claim.

    `taken_by` names the decision that already holds the identity; `trades` is the count of the limited scope before
    this claim, and `reserved` what was on its way beside its order. The claim holds if none of them stands in its way.
    """

    granted: bool
    taken_by: str | None = None
    trades: int = 0
    reserved: Reserved = field(default_factory=Reserved)


class LedgerStore(Protocol):
    """The shared ledger. Methods raise `StoreTimeoutError` or `StoreUnavailableError`."""

    async def claim(self, claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        """Settle claims in order, each atomically, in one round trip."""
        ...

    async def release(self, claims: Sequence[Claim], day: date) -> None:
        """Undo claims that this gate holds: free the identity, the trade and what was reserved."""
        ...
