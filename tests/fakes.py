"""Fakes of the gate's ports. Each behaves as the port's suite in `tests/ports` says, and can be made to fail."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from cio_decision.context import Reserved
from cio_nurse.domain.reservations import Reservations
from cio_nurse.errors import (
    JournalError,
    StoreConnectionLostError,
    StoreContentError,
    StoreTimeoutError,
    StoreUnavailableError,
    TransportUnavailableError,
)
from cio_nurse.ports import Claim, ClaimAnswer, JournalEntry, StoredPolicy, StoredPulse
from petrosa_contracts import MarketState, PortfolioState, RegimeStatus, TraceContext, Verdict
from petrosa_contracts.portfolio import SETTLE_SECONDS
from petrosa_contracts.record import DecisionRecord

IDENTITY_LASTS = timedelta(hours=24)
RESERVATION_SECONDS = 90.0


class FakeClock:
    """A clock that stands still until it is jumped. `step_back` moves the calendar alone, as a time server may."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def seconds(self) -> float:
        return self._seconds

    def jump(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds

    def jump_to(self, moment: datetime) -> None:
        self.jump((moment - self._now).total_seconds())

    def step_back(self, seconds: float) -> None:
        self._now -= timedelta(seconds=seconds)


class Message(NamedTuple):
    """What left through a transport; `decision_id` names the decision where it was published as a signal."""

    subject: str
    payload: bytes
    headers: Mapping[str, str] | None
    decision_id: str | None = None

    @property
    def content(self) -> Any:
        return json.loads(self.payload, parse_constant=_not_json)

    @property
    def verdict(self) -> Verdict:
        return Verdict.model_validate_json(self.payload)


class Reports(Protocol):
    """Who is told what became of a signal."""

    async def undelivered(self, decision_id: str) -> None: ...

    def engine_replied(self, decision_id: str, data: bytes) -> None: ...


class RecordReports(Protocol):
    """Who is told what became of a record."""

    async def acknowledged(self, record_id: str) -> None: ...

    async def refused(self, record_id: str, reason: str) -> None: ...


class FakeTransport:
    """Keeps what was published, in order. What became of signals is reported when the server is flushed.

    Records are acknowledged at once while `stream` is "keeps"; "refuses" refuses them, "silent" says nothing.
    """

    def __init__(self, *, reports: Reports | None = None, connected: bool = True) -> None:
        self.connected = connected
        self.published: list[Message] = []
        self.engine: Callable[[Message], bytes | None] | None = lambda _signal: None
        """Who takes signals: returns its reply, or None for none. Set to None while nobody listens."""
        self.before_publish: Callable[[], None] = lambda: None
        """Called before every message, so that something can happen in the middle of a batch."""
        self.stream = "keeps"
        self.largest_record = 1_000_000
        self.records: list[DecisionRecord] = []
        self._record_reports: RecordReports | None = None
        self._reports = reports
        self._unreported: list[Message] = []

    def disconnect(self) -> None:
        self.connected = False

    def connect(self) -> None:
        self.connected = True

    @property
    def signals(self) -> list[Message]:
        return [message for message in self.published if message.decision_id is not None]

    def on(self, subject: str) -> list[Message]:
        return [message for message in self.published if message.subject == subject]

    async def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        self._send(Message(subject, payload, headers))

    async def publish_signal(
        self, subject: str, payload: bytes, decision_id: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        signal = Message(subject, payload, headers, decision_id)
        self._send(signal)
        self._unreported.append(signal)

    def report_records_to(self, records: RecordReports) -> None:
        self._record_reports = records

    async def publish_record(
        self, subject: str, payload: bytes, record_id: str, *, trace: TraceContext | None = None
    ) -> None:
        if not self.connected:
            raise TransportUnavailableError("not connected")
        assert self._record_reports is not None
        assert len(payload) <= self.largest_record
        if self.stream == "keeps":
            self.records.append(DecisionRecord.model_validate_json(payload))
            assert self.records[-1].record_id == record_id
            assert subject.startswith("cio.record.decision.")
            await self._record_reports.acknowledged(record_id)
        elif self.stream == "refuses":
            await self._record_reports.refused(record_id, "the stream is full")

    async def flush(self) -> None:
        if not self.connected:
            raise TransportUnavailableError("not connected")
        signals, self._unreported = self._unreported, []
        for signal in signals:
            await self._report(signal)

    async def _report(self, signal: Message) -> None:
        if self._reports is None or signal.decision_id is None:
            return
        if self.engine is None:
            await self._reports.undelivered(signal.decision_id)
        elif (reply := self.engine(signal)) is not None:
            self._reports.engine_replied(signal.decision_id, reply)

    def _send(self, message: Message) -> None:
        self.before_publish()
        if not self.connected:
            raise TransportUnavailableError("not connected")
        self.published.append(message)


class FakeRedis:
    """What the two stores of a gate share, and the ways in which it can fail."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.epoch: int | None = None
        self.policy: dict[str, bytes] = {}
        self.control: dict[str, bytes] = {}
        self.identities: dict[str, tuple[str, datetime]] = {}
        self.trades: dict[date, Counter[str]] = {}
        self.reservations = Reservations()
        self.restarts = 0
        self.up = True
        self.hangs = False
        self.carries_out_late = False
        """Whether what was asked while it hangs is carried out all the same."""
        self.answers_after = 0.0
        """Seconds by which every answer, or waiting for one in vain, moves the clock."""
        self.listeners: list[asyncio.Queue[None]] = []
        self.market: dict[str, bytes] = {}
        self.regime: dict[str, bytes] = {}
        self.portfolio: bytes | None = None
        self.wrong_types: set[str] = set()
        """Inputs whose key holds another type of value than it should: `market`, `regime` or `portfolio`."""
        self.market_listeners: list[asyncio.Queue[frozenset[str]]] = []

    def stop(self) -> None:
        self.up = False
        self.announce()
        self.announce_market()

    def hang(self, *, carries_out_late: bool = False) -> None:
        self.hangs, self.carries_out_late = True, carries_out_late

    def recover(self) -> None:
        self.up, self.hangs, self.carries_out_late = True, False, False

    def write(self, *, policy: Mapping[str, bytes] | None = None, control: Mapping[str, bytes] | None = None) -> None:
        """Replace policy or control and announce it, as its owner does."""
        if policy is not None:
            self.policy = dict(policy)
        if control is not None:
            self.control = dict(control)
        self.epoch = (self.epoch or 0) + 1
        self.announce()

    def announce(self) -> None:
        for listener in self.listeners:
            listener.put_nowait(None)

    def write_market(self, *states: MarketState) -> None:
        """Store symbols and announce them, as the feed does."""
        self.market |= {state.symbol: state.model_dump_json().encode() for state in states}
        self.announce_market(*(state.symbol for state in states))

    def announce_market(self, *symbols: str) -> None:
        for listener in self.market_listeners:
            listener.put_nowait(frozenset(symbols))

    def write_regime(self, *statuses: RegimeStatus) -> None:
        self.regime |= {status.symbol or "global": status.model_dump_json().encode() for status in statuses}

    def write_portfolio(self, state: PortfolioState) -> None:
        self.portfolio = state.model_dump_json().encode()

    def lose_everything(self) -> None:
        self.epoch = None
        self.policy, self.control, self.identities, self.trades = {}, {}, {}, {}
        self.market, self.regime, self.portfolio = {}, {}, None
        self.reservations = Reservations()

    def restart_empty(self) -> None:
        """Be started anew without what it held, before anybody noticed that it was away."""
        self.lose_everything()
        self.restarts += 1

    def settle(self, revision: int, *decision_ids: str) -> None:
        """Note that a revision of the portfolio shows what became of orders, as the tracker does."""
        for decision_id in decision_ids:
            self.reservations.settle(decision_id, revision, until=self.clock.seconds() + SETTLE_SECONDS)

    def holder(self, identity: str) -> str | None:
        decision_id, until = self.identities.get(identity, (None, self.clock.now()))
        return decision_id if until > self.clock.now() else None

    def made(self, day: date, scope: str) -> int:
        return self.trades.get(day, Counter())[scope]

    async def carry_out(self, work: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        if not self.up:
            raise StoreUnavailableError("connection refused")
        if self.hangs:
            if self.carries_out_late:
                work()
            self.clock.jump(self.answers_after)
            raise StoreTimeoutError("no answer in time")
        answer = work()
        self.clock.jump(self.answers_after)
        await asyncio.sleep(0)
        return answer


class FakePolicyStore:
    """Reads a `FakeRedis` and counts how often it was asked to."""

    def __init__(self, redis: FakeRedis) -> None:
        self._redis = redis
        self.policy_reads = 0
        self.pulse_reads = 0
        self.attempts_to_listen = 0
        self.before_policy_read: Callable[[], None] = lambda: None
        """Called before policy is read, so that something can happen between pulse and policy."""

    async def read_policy(self) -> StoredPolicy:
        self.policy_reads += 1
        self.before_policy_read()
        redis = self._redis
        stored: StoredPolicy = await redis.carry_out(
            lambda: StoredPolicy(redis.epoch, dict(redis.policy), dict(redis.control))
        )
        return stored

    async def read_pulse(self, today: date) -> StoredPulse:
        self.pulse_reads += 1
        redis = self._redis
        yesterday = today - timedelta(days=1)
        pulse: StoredPulse = await redis.carry_out(
            lambda: StoredPulse(
                redis.epoch, today, dict(redis.trades.get(yesterday, {})), dict(redis.trades.get(today, {}))
            )
        )
        return pulse

    async def changes(self) -> AsyncIterator[None]:
        self.attempts_to_listen += 1
        listener: asyncio.Queue[None] = asyncio.Queue()
        await self._redis.carry_out(lambda: self._redis.listeners.append(listener))
        try:
            yield
            while True:
                await listener.get()
                if not self._redis.up:
                    raise StoreUnavailableError("connection lost")
                yield
        finally:
            self._redis.listeners.remove(listener)


class FakeInputStore:
    """Reads a `FakeRedis`. `market_reads` holds the symbols that were asked for each time; None: all of them."""

    def __init__(self, redis: FakeRedis) -> None:
        self._redis = redis
        self.market_reads: list[frozenset[str] | None] = []

    async def read_market(self, symbols: Collection[str] | None = None) -> Mapping[str, bytes]:
        self.market_reads.append(None if symbols is None else frozenset(symbols))
        market: dict[str, bytes] = await self._read("market", lambda: dict(self._redis.market))
        return market if symbols is None else {name: market[name] for name in symbols if name in market}

    async def read_regime(self) -> Mapping[str, bytes]:
        regime: dict[str, bytes] = await self._read("regime", lambda: dict(self._redis.regime))
        return regime

    async def read_portfolio(self) -> bytes | None:
        portfolio: bytes | None = await self._read("portfolio", lambda: self._redis.portfolio)
        return portfolio

    async def market_changes(self) -> AsyncIterator[frozenset[str]]:
        listener: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        await self._redis.carry_out(lambda: self._redis.market_listeners.append(listener))
        try:
            yield frozenset()
            while True:
                symbols = await listener.get()
                if not self._redis.up:
                    raise StoreUnavailableError("connection lost")
                yield symbols
        finally:
            self._redis.market_listeners.remove(listener)

    async def _read(self, name: str, work: Callable[[], Any]) -> Any:
        answer = await self._redis.carry_out(work)
        if name in self._redis.wrong_types:
            raise StoreContentError("WRONGTYPE Operation against a key holding the wrong kind of value")
        return answer


class FakeLedgerStore:
    """Settles claims in a `FakeRedis`. `batches` holds the claims of every round trip that was asked for."""

    def __init__(self, redis: FakeRedis) -> None:
        self._redis = redis
        self._connected_since = redis.restarts
        self.batches: list[Sequence[Claim]] = []
        self.released: list[Sequence[Claim]] = []

    async def claim(self, claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        self.batches.append(claims)
        self._use_connection()
        answers: Sequence[ClaimAnswer] = await self._redis.carry_out(
            lambda: [self._settle(claim, day) for claim in claims]
        )
        return answers

    async def release(self, claims: Sequence[Claim], day: date) -> None:
        self.released.append(claims)
        self._use_connection()
        await self._redis.carry_out(lambda: [self._undo(claim, day) for claim in claims])

    def _use_connection(self) -> None:
        if self._connected_since != self._redis.restarts:
            self._connected_since = self._redis.restarts
            raise StoreConnectionLostError("connection lost")

    def _settle(self, claim: Claim, day: date) -> ClaimAnswer:
        redis = self._redis
        redis.reservations.end_expired(redis.clock.seconds())
        trades = 0 if claim.limited_scope is None else redis.made(day, claim.limited_scope)
        reserved = Reserved() if claim.reserves is None else redis.reservations.beside(claim.reserves)
        if (holder := redis.holder(claim.identity)) is not None:
            own = holder == claim.decision_id
            if own:
                self._reserve(claim)
            return ClaimAnswer(own, None if own else holder, trades, reserved)
        beyond_limit = claim.limit is not None and trades >= claim.limit
        if beyond_limit or (claim.reserves is not None and not claim.reserves.fits(reserved)):
            return ClaimAnswer(granted=False, trades=trades, reserved=reserved)
        redis.identities[claim.identity] = (claim.decision_id, redis.clock.now() + IDENTITY_LASTS)
        redis.trades.setdefault(day, Counter()).update(_counted(claim))
        self._reserve(claim)
        return ClaimAnswer(granted=True, trades=trades, reserved=reserved)

    def _reserve(self, claim: Claim) -> None:
        if claim.reserves is not None:
            until = self._redis.clock.seconds() + RESERVATION_SECONDS
            self._redis.reservations.take(claim.decision_id, claim.reserves, until=until)

    def _undo(self, claim: Claim, day: date) -> None:
        if claim.reserves is not None:
            self._redis.reservations.give_back(claim.decision_id)
        if self._redis.holder(claim.identity) == claim.decision_id:
            del self._redis.identities[claim.identity]
            self._redis.trades.setdefault(day, Counter()).subtract(_counted(claim))


class FakeJournal:
    """A journal in memory; `broken` makes every write fail, `unreadable` every reading."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.broken = False
        self.unreadable = False

    def open(self) -> int:
        return len(self.entries)

    def append(self, entries: Sequence[JournalEntry]) -> None:
        if self.broken:
            raise JournalError("the disk is full")
        self.entries += entries

    def oldest(self, at_most: int) -> Sequence[JournalEntry]:
        if self.unreadable:
            raise JournalError("input/output error")
        return self.entries[:at_most]

    def forget(self, count: int) -> None:
        del self.entries[:count]


class FakeMetrics:
    """Keeps what was counted."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self.verdicts: list[Verdict] = []
        self.signals: Counter[str] = Counter()
        self.engine_replies: Counter[str] = Counter()

    def verdict(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def signal(self, outcome: str) -> None:
        self.signals[outcome] += 1

    def record(self, outcome: str) -> None:
        self.records[outcome] += 1

    def engine_reply(self, status: str) -> None:
        self.engine_replies[status] += 1


async def eventually(condition: Callable[[], bool], *, seconds: float = 5.0) -> None:
    """Return once the condition holds; fail if it does not within that time of the loop."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds:g} s"
        await asyncio.sleep(0.001)


async def settled(turns: int = 50) -> None:
    """Let every task of the loop that can go on do so."""
    for _ in range(turns):
        await asyncio.sleep(0)


def _counted(claim: Claim) -> set[str]:
    return {*claim.scopes, *(() if claim.limited_scope is None else (claim.limited_scope,))}


def _not_json(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
