"""The pipeline: from waiting intents to verdicts, a batch at a time."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from cio_decision.context import Context, LedgerView
from cio_decision.evaluation import examine
from cio_decision.exits import increases_risk
from cio_decision.gates import daily_trades
from cio_decision.identity import new_decision_id
from cio_decision.intent import Intent
from cio_decision.reservation import Entry, Exit, reservation_of
from cio_nurse.errors import StoreTimeoutError, StoreUnavailableError
from cio_nurse.ports import Claim, ClaimAnswer, Clock
from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.lanes import Arrival
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.mirror import View
from cio_nurse.service.modes import PolicyStanding, SystemMode
from cio_nurse.service.outbox import Outbox
from cio_nurse.service.recording import Recording
from cio_nurse.service.release import Case, Release
from petrosa_contracts import FailSafeLimits
from petrosa_contracts.primal import PrimalLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLimits:
    """Limits of deciding that are settings rather than policy."""

    deadline_seconds: float
    clock_tolerance_seconds: float
    max_orders_per_second: int | None
    failsafe: FailSafeLimits = field(default_factory=FailSafeLimits)
    primal: PrimalLimits | None = None

    @property
    def bounds_rate(self) -> bool:
        """Whether it matters how many orders left in the last second."""
        return self.max_orders_per_second is not None or self.primal is not None


class PolicyInForce(Protocol):
    """What decisions ask about policy: the mirror, wherever an order is meant."""

    @property
    def view(self) -> View:
        """Policy and control of this moment."""
        ...

    @property
    def standing(self) -> PolicyStanding:
        """What is known about the store."""
        ...

    def system_mode(self) -> SystemMode:
        """Return the mode that policy's standing allows at this moment."""
        ...

    def store_lost(self) -> None:
        """Note that the store was found away."""
        ...


class Pipeline:
    """Decides batches of intents in order.

    Evaluation is in memory; vetoes are answered at once. All approvals of a batch share one round trip to the ledger,
    and only then are they concluded, in the order in which the intents came.
    """

    def __init__(
        self,
        *,
        mirror: PolicyInForce,
        inputs: LiveInputs,
        ledger: Ledger,
        recording: Recording,
        outbox: Outbox,
        clock: Clock,
        limits: DecisionLimits,
    ) -> None:
        self._mirror = mirror
        self._inputs = inputs
        self._ledger = ledger
        self._recording = recording
        self._clock = clock
        self._limits = limits
        self._orders: OrderedDict[str, float] = OrderedDict()
        self._release = Release(
            recording=recording, outbox=outbox, ledger=ledger, clock=clock, cancelled=self._is_no_order
        )

    async def decide(self, batch: Sequence[Arrival]) -> None:
        """Decide on a batch and see every verdict on its way."""
        await self._release.room()
        began = self._clock.seconds()
        passing = await self._pass_gates(batch)
        if passing:
            await self._settle(passing, began)

    async def _pass_gates(self, batch: Sequence[Arrival]) -> list[Case]:
        """Answer what a gate vetoes and return the rest."""
        passing: list[Case] = []
        for arrival in batch:
            case = self._evaluate(arrival)
            if case.findings.vetoing:
                await self._release.conclude(case)
            else:
                passing.append(case)
        return passing

    def context_of(self, arrival: Arrival) -> Context:
        """Return all that a decision on an intent depends on, as it is known in memory at this moment."""
        intent, view, now = arrival.intent, self._mirror.view, self._clock.now()
        symbol, strategy_id = intent.signal.symbol, intent.signal.strategy_id
        system = self._mirror.system_mode()
        return Context(
            decision_id=new_decision_id(),
            now=now,
            received_at=arrival.received_at,
            answer_by=arrival.answer_by,
            policy=view.policy_for(symbol, strategy_id, intent.side),
            epoch=view.epoch,
            system_mode=system.mode,
            system_reason=system.reason,
            control=view.control.deciding(symbol=symbol, strategy_id=strategy_id, now=now),
            failsafe=self._limits.failsafe,
            primal=self._limits.primal,
            market=self._inputs.market_view(symbol, now),
            regime=self._inputs.regime_view(symbol),
            portfolio=self._inputs.portfolio_view(),
            symbol_known=view.knows(symbol),
            audit_available=self._recording.available,
            ledger=self._known(arrival, view, now.date()),
            orders_last_second=self._orders_last_second(),
            max_orders_per_second=self._limits.max_orders_per_second,
            clock_tolerance_seconds=self._limits.clock_tolerance_seconds,
            decision_deadline_seconds=self._limits.deadline_seconds,
        )

    def _evaluate(self, arrival: Arrival) -> Case:
        intent, span = arrival.intent, arrival.span
        began = span.now() if span else 0
        context = self.context_of(arrival)
        if span:
            span.step("resolve", began)
            began = span.now()
        findings = examine(intent, context)
        if span:
            span.step("gates", began)
        if not findings.vetoing and self._limits.bounds_rate and intent.action != "hold":
            self._orders[context.decision_id] = self._clock.seconds()
        return Case(arrival, context, findings, _claim(intent, context, passes=not findings.vetoing))

    def _known(self, arrival: Arrival, view: View, today: date) -> LedgerView:
        counted = view.trades_on(today)
        if self._mirror.standing.store_up:
            return LedgerView(trades_today=counted)
        return self._ledger.recall(arrival.intent.identity, today, counted)

    def _orders_last_second(self) -> int:
        horizon = self._clock.seconds() - 1
        while self._orders and next(iter(self._orders.values())) <= horizon:
            self._orders.popitem(last=False)
        return len(self._orders)

    async def _settle(self, cases: list[Case], began: float) -> None:
        day = cases[0].context.now.date()
        claims = [case.claim for case in cases]
        if not self._mirror.standing.store_up:
            await self._finish(cases, self._claim_alone(cases, day), began)
            return
        try:
            answers = await self._claimed(cases, claims, day)
        except StoreTimeoutError:
            self._mirror.store_lost()
            await self._too_late(cases, day, began)
        except StoreUnavailableError:
            self._mirror.store_lost()
            await self._without_store(cases, began)
        else:
            await self._finish(cases, answers, began)

    async def _claimed(self, cases: Sequence[Case], claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        spans = [(span, span.now()) for case in cases if (span := case.arrival.span)]
        answers = await self._ledger.claim(claims, day)
        for span, began in spans:
            span.step("ledger", began)
        return answers

    async def _too_late(self, cases: list[Case], day: date, began: float) -> None:
        """Conclude without the ledger's answer: entries are vetoed and undone later, exits go on memory alone."""
        entries = [case for case in cases if increases_risk(case.arrival.intent, case.context)]
        exits = [case for case in cases if not increases_risk(case.arrival.intent, case.context)]
        self._ledger.forget([case.claim for case in entries], day)
        took = max(self._clock.seconds() - began, math.nextafter(self._limits.deadline_seconds, math.inf))
        for case in entries:
            await self._veto(case, replace(case.context, decision_seconds=took))
        await self._finish(exits, self._claim_alone(exits, day), began)

    async def _without_store(self, cases: list[Case], began: float) -> None:
        """Decide once more without the ledger, under the mode that follows from its absence."""
        for case in cases:
            self._is_no_order(case.context.decision_id)
        passing = await self._pass_gates([case.arrival for case in cases])
        if passing:
            await self._finish(passing, self._claim_alone(passing, passing[0].context.now.date()), began)

    def _claim_alone(self, cases: Sequence[Case], day: date) -> Sequence[ClaimAnswer]:
        return self._ledger.claim_alone([case.claim for case in cases], day, self._mirror.view.trades_on(day))

    async def _finish(self, cases: Sequence[Case], answers: Sequence[ClaimAnswer], began: float) -> None:
        took = self._clock.seconds() - began
        undone: list[Claim] = []
        for case, answer in zip(cases, answers, strict=True):
            late = took > self._limits.deadline_seconds and increases_risk(case.arrival.intent, case.context)
            if answer.granted and not late:
                await self._release.conclude(case)
                continue
            await self._refuse(case, replace(case.context, ledger=_told(case, answer), decision_seconds=took), began)
            if answer.granted:
                undone.append(case.claim)
        if undone:
            await self._ledger.release(undone, cases[0].context.now.date())

    async def _refuse(self, case: Case, context: Context, began: float) -> None:
        """Conclude what was not granted, or came too late; an exit that finds too little left may yet be an entry."""
        if isinstance(case.claim.reserves, Exit) and increases_risk(case.arrival.intent, context):
            findings = examine(case.arrival.intent, context)
            if not findings.vetoing:
                claim = _claim(case.arrival.intent, context, passes=True)
                await self._settle([replace(case, context=context, findings=findings, claim=claim)], began)
                return
        await self._veto(case, context)

    async def _veto(self, case: Case, context: Context) -> None:
        """Conclude with what the ledger or the clock added to the context."""
        findings = examine(case.arrival.intent, context)
        self._is_no_order(context.decision_id)
        if not findings.vetoing:
            raise AssertionError(f"decision {context.decision_id} was not granted, yet no gate says why")
        await self._release.conclude(replace(case, context=context, findings=findings))

    def _is_no_order(self, decision_id: str) -> None:
        """Give back the place in the rate that an intent took while it looked like an order."""
        self._orders.pop(decision_id, None)


def _claim(intent: Intent, context: Context, *, passes: bool) -> Claim:
    reserves = reservation_of(intent, context) if passes else None
    if not increases_risk(intent, context):
        return Claim(identity=intent.identity, decision_id=context.decision_id, reserves=reserves)
    return Claim(
        identity=intent.identity,
        decision_id=context.decision_id,
        scopes=context.policy.scopes,
        limited_scope=daily_trades.counted_scope(intent, context),
        limit=context.policy["max_daily_trades"],
        reserves=reserves,
    )


def _told(case: Case, answer: ClaimAnswer) -> LedgerView:
    """Return what an answer says, and what was known before of an exit's trades and of an entry's room as an exit."""
    scope, known = case.claim.limited_scope, case.context.ledger
    trades = known.trades_today if scope is None else {scope: answer.trades}
    reserved = answer.reserved
    if isinstance(case.claim.reserves, Entry):
        reserved = replace(reserved, exiting=known.reserved.exiting)
    return LedgerView(taken_by=answer.taken_by, trades_today=trades, reserved=reserved)
