"""What the services need from the outside."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from cio_strategist.domain.audit import AuditRecord, HistoryFilter
from cio_strategist.domain.bot import Bot
from cio_strategist.domain.bot_call import BotCall, BotReply
from cio_strategist.domain.outcome import Enforcement
from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.domain.portfolio.reading import Reading
from cio_strategist.domain.projection import Shown, Update
from cio_strategist.domain.proposal import Proposal, ProposalStatus
from cio_strategist.domain.stored import Answer, Change, StoredPolicy
from cio_strategist.domain.token import StoredToken
from petrosa_contracts import Alert, PortfolioState

ChangeT = TypeVar("ChangeT", bound=Change)
ChangeT_co = TypeVar("ChangeT_co", bound=Change, covariant=True)


@dataclass(frozen=True, slots=True)
class Committed(Generic[ChangeT_co]):
    """A change as it was written."""

    change: ChangeT_co
    epoch: int | None
    """Count of the writes to that store after it: the epoch in Redis, the revision in MongoDB."""


class Clock(Protocol):
    """The time, which tests set."""

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        ...


class PolicyStore(Protocol):
    """Where policy and control state are kept. Any number of writers may use it at once.

    Everything here raises `StoreUnreachableError` when the store does not answer, and `StoreUnreadableError` when it
    holds something of another kind.
    """

    async def read(self) -> StoredPolicy:
        """Return everything stored, all of one moment."""
        ...

    async def commit(self, decide: Callable[[StoredPolicy], ChangeT]) -> Committed[ChangeT]:
        """Ask `decide` what to write, given what is stored, and write that whole or not at all.

        `decide` must be pure: it is asked again whenever another writer got in between. Raises `ConflictError` when
        others keep getting in between, and whatever `decide` raises; in both cases nothing was written.
        """
        ...


class History(Protocol):
    """The trail of changes, append only. Kept where the changes are kept, in the same transactions."""

    async def records(self, wanted: HistoryFilter, *, limit: int) -> Sequence[AuditRecord]:
        """Return the newest records that fit, newest first."""
        ...

    async def record(self, audit_id: str) -> AuditRecord | None:
        """Return one record."""
        ...

    async def at_version(self, scope: str, version: int) -> AuditRecord | None:
        """Return the record that made this version of a scope, the newest where older engines gave it twice."""
        ...

    async def proposals(self, status: ProposalStatus | None, *, limit: int) -> Sequence[Proposal]:
        """Return proposals, newest first."""
        ...

    async def proposal(self, proposal_id: str) -> Proposal | None:
        """Return one proposal."""
        ...

    async def answer(self, key: str) -> Answer | None:
        """Return what was answered to a request that carried this idempotency key."""
        ...


class AuthorityStore(PolicyStore, History, Protocol):
    """A store of policy with its history: the authority's own."""


class Projection(Protocol):
    """The store that gates read, as an authority shows its policy there.

    Everything here raises `StoreUnreachableError` when it does not answer. What is damaged in it reads as missing.
    """

    async def read(self) -> Shown:
        """Return what is shown, all of one moment."""
        ...

    async def update(self, plan: Callable[[Shown], Awaitable[Update | None]]) -> int | None:
        """Ask `plan` what to write, given what is shown, write that whole or not at all, and return the epoch after it.

        `plan` is asked again whenever somebody else wrote since it was given what is shown; what it reads meanwhile is
        therefore never older than what it overwrites. Raises `ConflictError` when others keep getting in between, and
        whatever `plan` raises; in both cases nothing was written.
        """
        ...


class ProjectionMetrics(Protocol):
    """Counts what happens to the projection."""

    def drift(self, fields: int) -> None:
        """Count a drift that was found and repaired: so many fields in Redis were not what was written there."""
        ...


class Enforcer(Protocol):
    """Carries what was committed on to where the gates read it."""

    async def begin(self) -> None:
        """Take over what gates have from before the authority; to be done before each write.

        Does nothing where anything was ever written. Raises `StoreUnreachableError` or `StoreUnreadableError` where
        there may be something and it cannot be taken over.
        """
        ...

    async def project(self) -> Enforcement:
        """Bring the gates' store up to date, within about a second, and say whether it is.

        Never raises for a store that is away: then it is tried again until it is done.
        """
        ...


class SecondFactor(Protocol):
    """Proof that the person who asks holds more than a token."""

    async def verify(self, code: str | None, *, caller: str) -> None:
        """Use up a code. Raises `SecondFactorError`, saying what to do, if it is missing, wrong, used or locked."""
        ...


class SecondFactorStore(Protocol):
    """What must be remembered of second factors, across processes and restarts."""

    async def spend(self, step: int) -> bool:
        """Use up the code of a time step. False if that step, or a later one, was used before."""
        ...

    async def failures_since(self, moment: datetime) -> Sequence[datetime]:
        """Return when wrong codes were given since then, oldest first."""
        ...

    async def fail(self, at: datetime) -> None:
        """Remember a wrong code."""
        ...

    async def forgive(self) -> None:
        """Forget all wrong codes, after a right one."""
        ...


class TokenStore(Protocol):
    """Bearer tokens, of which only a digest is kept."""

    async def add(self, token: StoredToken) -> None:
        """Keep a new token. Raises `ConflictError` if its id or its name is taken by one in use."""
        ...

    async def find(self, token_id: str) -> StoredToken | None:
        """Return a token by its id."""
        ...

    async def all(self) -> Sequence[StoredToken]:
        """Return every token, revoked and expired ones included, oldest first."""
        ...

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """End a token. False if there is none of that id, or it was revoked before."""
        ...


class AccountSource(Protocol):
    """The account on the exchange, which is the truth about the portfolio."""

    async def read(self, *, known_until: datetime | None) -> Reading:
        """Return a complete reading, with the transfers since `known_until`, or else since midnight UTC.

        Raises `ExchangeUnavailableError` where any part of it is not to be had; it says how long to wait.
        """
        ...


@dataclass(frozen=True, slots=True)
class ShownPortfolio:
    """What lies in the gates' store at one moment."""

    state: PortfolioState | None
    """None: nothing, or nothing that can be read."""
    problem: str | None = None
    """Why it cannot be read."""
    cleared: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """Latch to the instant at which an operator cleared it last."""


class PortfolioStore(Protocol):
    """Where gates read the portfolio. Several trackers may write it.

    Everything here raises `StoreUnreachableError` when it does not answer, and `StoreUnreadableError` when it refuses.
    """

    async def read(self) -> ShownPortfolio:
        """Return what is there."""
        ...

    async def publish(self, make: Callable[[ShownPortfolio], PortfolioState | None]) -> PortfolioState | None:
        """Ask `make` what to write in place of what is there, write it, and return it; None: nothing is written.

        `make` is asked again whenever somebody else wrote in between. Raises `ConflictError` when others keep doing so.
        """
        ...

    async def settle(self, revision: int, decision_ids: Sequence[str]) -> None:
        """End the reservations of orders whose outcome this revision shows."""
        ...


class LatchStore(Protocol):
    """Where trackers are asked to clear a latch. Raises what `PortfolioStore` does."""

    async def read(self) -> ShownPortfolio:
        """Return the portfolio as gates see it."""
        ...

    async def clear(self, latch: Latch, at: datetime, *, by: str, reason: str) -> None:
        """Ask trackers to clear a latch; an instant asks once."""
        ...


class TrackerMetrics(Protocol):
    """Counts what the tracker does."""

    def reading(self, outcome: str) -> None:
        """Count an attempt to read the account: `complete` or `failed`."""
        ...

    def event(self, kind: str) -> None:
        """Count an execution event by its type, or `unreadable`."""
        ...

    def published(self) -> None:
        """Count a publication."""
        ...


class AlertChannel(Protocol):
    """Takes alerts, and brings them out when it can."""

    def tell(self, alert: Alert) -> None:
        """Take an alert to publish, without waiting."""
        ...


class BotClient(Protocol):
    """Speaks with bots. Everything here raises `BotError` when a bot is away, too slow, or answers nonsense."""

    async def document(self, bot: Bot) -> object:
        """Return the JSON of its OpenAPI document, whatever that is."""
        ...

    async def send(self, bot: Bot, call: BotCall) -> BotReply:
        """Send a request once, to the address registered for the bot and no other, and return the reply."""
        ...


class MarketSource(Protocol):
    """The exchange's public answers, decoded from JSON. Everything here raises `ExchangeUnavailableError`."""

    def allow(self, weight_per_minute: int) -> None:
        """Take note of the request weight that the exchange allows an address per minute."""
        ...

    async def listing(self) -> object:
        """Return what it lists, in the form of `exchangeInfo`."""
        ...

    async def premium_index(self) -> object:
        """Return the mark prices of all symbols."""
        ...

    async def book_tickers(self) -> object:
        """Return the best bids and asks of all symbols."""
        ...


class CandleSource(Protocol):
    """Where past candles are read. Everything here raises `ExchangeUnavailableError`."""

    most_candles: int
    """The most that one answer holds."""

    async def klines(self, symbol: str, interval: str, *, since: datetime, limit: int) -> object:
        """Return at most `limit` candles that open at `since` (aware UTC) or later, oldest first, decoded from JSON."""
        ...


class RegimeOpinion(Protocol):
    """Somebody else's word on the regime. Raises `ExchangeUnavailableError` when there is none to be had."""

    async def regime(self, symbol: str, period: str) -> object:
        """Return the answer, decoded from JSON; `period` is the length of its candles, such as 1h."""
        ...


class FieldStore(Protocol):
    """A hash that gates read, and that the process alone writes.

    Everything here raises `StoreUnreachableError` when it does not answer, and `StoreUnreadableError` when it refuses.
    """

    async def read(self) -> Mapping[str, str]:
        """Return all fields."""
        ...

    async def write(self, fields: Mapping[str, str], *, remove: Iterable[str] = ()) -> int:
        """Set and remove fields, whole or not at all, tell gates which, and return how many there are then."""
        ...


class FeedMetrics(Protocol):
    """Counts what the market feed takes, drops and writes."""

    def taken(self, source: str) -> None:
        """Count an observation that was believed. `source` is stream or poll."""
        ...

    def dropped(self, source: str, reason: str) -> None:
        """Count something that was not."""
        ...

    def written(self, symbols: int) -> None:
        """Count one write to Redis, of so many symbols."""
        ...

    def repaired(self, fields: int) -> None:
        """Count fields in Redis that were not what was written there, found and repaired."""
        ...

    def failed(self, what: str) -> None:
        """Count something that could not be read or written and is tried again."""
        ...
