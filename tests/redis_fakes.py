"""Fakes of what the gate keeps in Redis: one world that policy, inputs and ledger share, and that can be away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from cio_decision.context import Reserved
from cio_nurse.domain.reservations import Reservations
from cio_nurse.errors import (
    StoreConnectionLostError,
    StoreContentError,
    StoreRefusedError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from cio_nurse.ports import Claim, ClaimAnswer, StoredPolicy, StoredPulse
from petrosa_contracts import MarketState, PortfolioState, RegimeStatus
from petrosa_contracts.portfolio import SETTLE_SECONDS
from tests.fakes import FakeClock

IDENTITY_LASTS = timedelta(hours=24)
RESERVATION_SECONDS = 90.0


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
        """What holds another type of value than it should: `market`, `regime`, `portfolio`, `policy` or `control`."""
        self.epoch_text = ""
        """What stands in the place of the epoch and is no number; empty: the epoch does."""
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

    def check(self, *names: str) -> None:
        """Raise what a store raises whose epoch is no number, or that holds another type of value under a name."""
        if self.epoch_text:
            raise StoreContentError(f"cio:policy:epoch in Redis is no whole number: {self.epoch_text!r}")
        for name in names:
            if name in self.wrong_types:
                raise StoreContentError(f"cio:{name} in Redis holds another type of value than it should")


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
        redis.check("policy", "control")
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
        redis.check()
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
    """Settles claims in a `FakeRedis`. `batches` holds the claims of every round trip that was asked for.

    `refusal` is what the store answers instead, as one that can only be read.
    """

    def __init__(self, redis: FakeRedis) -> None:
        self._redis = redis
        self._connected_since = redis.restarts
        self.batches: list[Sequence[Claim]] = []
        self.released: list[Sequence[Claim]] = []
        self.refusal = ""

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
        if self.refusal:
            raise StoreRefusedError(self.refusal)

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


def _counted(claim: Claim) -> set[str]:
    return {*claim.scopes, *(() if claim.limited_scope is None else (claim.limited_scope,))}
