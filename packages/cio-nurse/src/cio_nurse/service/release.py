"""Release: verdicts and their records on their way out; an entry only leaves when its record is kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from cio_decision.context import Context
from cio_decision.evaluation import Findings, conclude, examine
from cio_decision.exits import increases_risk
from cio_nurse.ports import Claim, Clock
from cio_nurse.service.backlog import Settle
from cio_nurse.service.departures import Departures
from cio_nurse.service.lanes import Arrival
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.outbox import Outbox
from cio_nurse.service.recording import Recording
from petrosa_contracts import Verdict

MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """An intent under decision."""

    arrival: Arrival
    context: Context
    findings: Findings
    claim: Claim


class Release:
    """Concludes cases: records each verdict and lets signals go.

    A veto is recorded and told at once. An approval joins the line of its symbol; what increases risk leaves when the
    stream has acknowledged its record, and is withdrawn with AUDIT_UNAVAILABLE when that comes too late. `cancelled`
    is called with the decision id of an approval that became no order.
    """

    def __init__(
        self,
        *,
        recording: Recording,
        outbox: Outbox,
        ledger: Ledger,
        clock: Clock,
        cancelled: Callable[[str], None],
    ) -> None:
        self._recording = recording
        self._outbox = outbox
        self._ledger = ledger
        self._clock = clock
        self._cancelled = cancelled
        self._departures = Departures()

    async def room(self) -> None:
        """Return once not too many approvals wait for their records."""
        await self._departures.room()

    async def conclude(self, case: Case) -> None:
        """See a verdict on its way, or to its place in the line."""
        verdict = self._verdict_on(case)
        if verdict.approved:
            await self._approve(case, verdict)
        else:
            await self._veto(case, verdict)

    async def _approve(self, case: Case, verdict: Verdict) -> None:
        arrival = case.arrival
        began = arrival.span.now() if arrival.span else 0
        settle = self._departures.join(arrival.intent.signal.symbol, partial(self._leave, case, verdict, began))
        if increases_risk(arrival.intent, case.context):
            await self._keep(case, verdict, settle=settle)
        else:
            await self._keep(case, verdict)
            await settle(True)

    async def _leave(self, case: Case, verdict: Verdict, began: int, kept: bool) -> None:
        span = case.arrival.span
        if span:
            span.step("record", began)
            began = span.now()
        if not kept:
            await self._withdraw(case)
            return
        if not await self._outbox.approve(case.arrival, verdict):
            await self._cancel(case)
        if span:
            span.step("publish", began)
            span.end(verdict)

    async def _withdraw(self, case: Case) -> None:
        context = replace(case.context, audit_available=False)
        withdrawn = replace(case, context=context, findings=examine(case.arrival.intent, context))
        await self._veto(withdrawn, self._verdict_on(withdrawn), withdraws=True)
        await self._cancel(case)

    async def _veto(self, case: Case, verdict: Verdict, *, withdraws: bool = False) -> None:
        await self._keep(case, verdict, withdraws=withdraws)
        await self._outbox.veto(verdict, case.arrival.message.reply)
        if case.arrival.span:
            case.arrival.span.end(verdict)

    async def _cancel(self, case: Case) -> None:
        self._cancelled(case.context.decision_id)
        await self._ledger.release([case.claim], case.context.now.date())

    async def _keep(
        self, case: Case, verdict: Verdict, *, settle: Settle | None = None, withdraws: bool = False
    ) -> None:
        await self._recording.keep(
            case.arrival.message,
            case.arrival.trace,
            verdict,
            case.context,
            case.findings,
            withdraws=withdraws,
            settle=settle,
        )

    def _verdict_on(self, case: Case) -> Verdict:
        latency_ms = (self._clock.seconds() - case.arrival.arrived) * MILLISECONDS
        return conclude(case.arrival.intent, case.context, case.findings, latency_ms=latency_ms)
