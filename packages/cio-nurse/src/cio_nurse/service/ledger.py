"""The ledger: what replicas must agree on, and what this one does while they cannot."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice

import structlog

from cio_decision.context import LedgerView, Reserved
from cio_nurse.domain.reservations import Reservations
from cio_nurse.errors import StoreConnectionLostError, StoreError, StoreRefusedError, StoreUnavailableError
from cio_nurse.ports import DUPLICATE_WINDOW, Claim, ClaimAnswer, Clock, LedgerStore

RECENT = 10_000
"""How many approvals can still be undone when it turns out that nobody took their signal."""

MEMORY = 100_000
"""How many approvals one replica remembers by itself. At the fleet's pace that is more than the 24 hour window."""

CATCH_UP = 100
"""How many claims the store is told of in one round trip when it is back."""

_log = structlog.stdlib.get_logger()

_Waiting = OrderedDict[str, tuple[Claim, date]]
"""Claims with their UTC day by decision id, oldest first."""


class Ledger:
    """Takes claims to the shared store and remembers what this replica approved.

    While the store is away, claims are decided on that memory alone: a duplicate sent to the same replica is still
    found, one sent to another is not, which is why the fail-safe limits hold meanwhile. When the store is back, what
    was undone, what was approved without it and what is still on its way is entered there first.
    """

    def __init__(self, store: LedgerStore, clock: Clock, *, reservation_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._reservation_seconds = reservation_seconds
        self._reservations = Reservations()
        self._remembered: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._unsettled: _Waiting = OrderedDict()
        self._to_release: _Waiting = OrderedDict()
        self._recent: _Waiting = OrderedDict()
        self._made: dict[date, Counter[str]] = {}
        self._catching_up = asyncio.Lock()
        self._refusal = ""

    @property
    def refusal(self) -> str:
        """Why the shared store takes no approvals although it answers; empty if it took the last, or did not answer."""
        return self._refusal

    @property
    def unsettled(self) -> int:
        """How many approvals the shared store does not know yet."""
        return len(self._unsettled)

    async def claim(self, claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        """Settle claims in the shared store.

        Raises `StoreTimeoutError` when it is unknown what became of them (the caller has them undone by `forget`) and
        `StoreUnavailableError` when the store is away.
        """
        try:
            answers = await self._claim_in_store(claims, day)
        except StoreConnectionLostError:
            # Once more is safe, even if the first time was carried out: a claim names its decision.
            answers = await self._claim_in_store(claims, day)
        return [self._agreed(claim, answer, day) for claim, answer in zip(claims, answers, strict=True)]

    def _agreed(self, claim: Claim, answer: ClaimAnswer, day: date) -> ClaimAnswer:
        """Remember what the store granted, unless it has lost the approval that this replica remembers."""
        if not answer.granted:
            return answer
        holder = self._holder(claim.identity)
        if holder is not None and holder != claim.decision_id:
            self.forget([claim], day)
            if found := self._recent.get(holder):
                _keep(self._unsettled, *found, MEMORY)
            return replace(answer, granted=False, taken_by=holder)
        before = {} if claim.limited_scope is None else {claim.limited_scope: answer.trades}
        self._remember(claim, day, before)
        return answer

    async def _claim_in_store(self, claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        try:
            await self._catch_up()
            answers = await self._store.claim(claims, day)
        except StoreUnavailableError as error:
            self._refusal = str(error) if isinstance(error, StoreRefusedError) else ""
            self._doubt_what_is_on_its_way()
            raise
        self._refusal = ""
        return answers

    def claim_alone(self, claims: Sequence[Claim], day: date, counted: Mapping[str, int]) -> Sequence[ClaimAnswer]:
        """Settle claims on memory: on what this replica knows to have been traded, at least what was last `counted`.

        What other replicas reserved is not known then; what this one did still counts.
        """
        return [self._claim_alone(claim, day, counted) for claim in claims]

    def recall(self, identity: str, day: date, counted: Mapping[str, int]) -> LedgerView:
        """Return what this replica knows by itself, for a decision without the store."""
        return LedgerView(taken_by=self._holder(identity), trades_today=self._trades(day, counted))

    async def release(self, claims: Sequence[Claim], day: date) -> None:
        """Undo claims whose signals did not leave. Never raises: what cannot be undone now is undone later."""
        for claim in claims:
            self._unsettled.pop(claim.decision_id, None)
            self._recent.pop(claim.decision_id, None)
            self._reservations.give_back(claim.decision_id)
            if self._holder(claim.identity) == claim.decision_id:
                del self._remembered[claim.identity]
                self._made.get(day, Counter[str]()).subtract(claim.scopes)
        self.forget(claims, day)
        await self.settle()

    async def settle(self) -> None:
        """Tell the store what it missed, without waiting for the next claim. Never raises: what fails is done later.

        While orders are on their way this asks the store even if it missed nothing that this gate knows of, because it
        may have been started anew without them; and after a refusal, because it may have ended.
        """
        self._reservations.end_expired(self._clock.seconds())
        if not (self._to_release or self._unsettled or self._reservations or self._refusal):
            return
        try:
            await self.claim([], self._clock.now().date())
        except StoreError as error:
            _log.warning("ledger_release_postponed", claims=len(self._to_release), error=str(error))

    async def undo(self, decision_id: str) -> None:
        """Release a recent approval whose signal nobody took, so that the same intent may be sent again."""
        if found := self._recent.get(decision_id):
            claim, day = found
            await self.release([claim], day)

    def forget(self, claims: Sequence[Claim], day: date) -> None:
        """Note claims of which it is unknown whether the store took them; they are undone before the next claim."""
        for claim in claims:
            _keep(self._to_release, claim, day, MEMORY)

    def _holder(self, identity: str) -> str | None:
        """Return which approval of this replica holds an identity; None if none does."""
        decision_id, since = self._remembered.get(identity, (None, 0.0))
        return decision_id if self._clock.seconds() - since < DUPLICATE_WINDOW.total_seconds() else None

    def _claim_alone(self, claim: Claim, day: date, counted: Mapping[str, int]) -> ClaimAnswer:
        holder = self._holder(claim.identity)
        trades = 0 if claim.limited_scope is None else self._trades(day, counted).get(claim.limited_scope, 0)
        within_limit = claim.limit is None or trades < claim.limit
        self._reservations.end_expired(self._clock.seconds())
        reserved = Reserved() if claim.reserves is None else self._reservations.beside(claim.reserves)
        fits = claim.reserves is None or claim.reserves.fits(reserved)
        granted = holder is None and within_limit and fits
        if granted:
            self._remember(claim, day, counted)
            _keep(self._unsettled, claim, day, MEMORY)
        return ClaimAnswer(granted=granted, taken_by=holder, trades=trades, reserved=reserved)

    def _trades(self, day: date, counted: Mapping[str, int]) -> Mapping[str, int]:
        made: Mapping[str, int] = self._made.get(day, {})
        return {**counted, **{scope: max(n, counted.get(scope, 0)) for scope, n in made.items()}}

    def _remember(self, claim: Claim, day: date, before: Mapping[str, int]) -> None:
        """Note an approval; `before` holds trades per scope that the store had counted without it."""
        self._remembered[claim.identity] = (claim.decision_id, self._clock.seconds())
        self._remembered.move_to_end(claim.identity)
        if len(self._remembered) > MEMORY:
            self._remembered.popitem(last=False)
        _keep(self._recent, claim, day, RECENT)
        self._reserve(claim)
        if day not in self._made:
            self._made = {past: made for past, made in self._made.items() if past >= day - timedelta(days=1)}
            self._made[day] = Counter()
        made = self._made[day]
        for scope in claim.scopes:
            made[scope] = max(made[scope], before.get(scope, 0)) + 1

    def _reserve(self, claim: Claim) -> None:
        if claim.reserves is not None:
            now = self._clock.seconds()
            self._reservations.end_expired(now)
            self._reservations.take(claim.decision_id, claim.reserves, until=now + self._reservation_seconds)

    def _doubt_what_is_on_its_way(self) -> None:
        """Have the store told once more of orders that are on their way: it may come back without them."""
        for decision_id in self._reservations:
            if found := self._recent.get(decision_id):
                claim, day = found
                _keep(self._unsettled, claim, day, MEMORY)

    async def _catch_up(self) -> None:
        """Tell the store what it missed, oldest first. One task at a time, so that nothing is taken off unsent."""
        if not (self._to_release or self._unsettled):
            return
        async with self._catching_up:
            while self._to_release:
                claims, day = _oldest(self._to_release)
                await self._store.release(claims, day)
                for claim in claims:
                    self._to_release.pop(claim.decision_id, None)
            while self._unsettled:
                await self._settle(*_oldest(self._unsettled))

    async def _settle(self, claims: Sequence[Claim], day: date) -> None:
        self._reservations.end_expired(self._clock.seconds())
        answers = await self._store.claim([self._on_its_way(claim) for claim in claims], day)
        for claim, answer in zip(claims, answers, strict=True):
            if answer.taken_by not in {None, claim.decision_id}:
                _log.error("approved_twice_while_alone", first=answer.taken_by, second=claim.decision_id)
                # The identity is another decision's, yet the trade was made and has to count.
                await self._store.claim([replace(self._on_its_way(claim), identity=claim.decision_id)], day)
            self._unsettled.pop(claim.decision_id, None)

    def _on_its_way(self, claim: Claim) -> Claim:
        """Return a claim that was granted already: no limit stands in its way, and it reserves what it still holds."""
        held = claim.reserves is not None and claim.decision_id in self._reservations
        return replace(claim, limit=None, reserves=claim.reserves.unlimited() if claim.reserves and held else None)


def _keep(waiting: _Waiting, claim: Claim, day: date, at_most: int) -> None:
    waiting[claim.decision_id] = (claim, day)
    if len(waiting) > at_most:
        waiting.popitem(last=False)


def _oldest(waiting: _Waiting) -> tuple[list[Claim], date]:
    """Return the oldest claims that share the first one's day."""
    day = next(iter(waiting.values()))[1]
    return [claim for claim, its_day in islice(waiting.values(), CATCH_UP) if its_day == day], day
