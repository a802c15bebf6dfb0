"""Recording: every decision is kept durably, and no entry leaves before its record is."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from cio_decision.context import Context
from cio_decision.decoding import PayloadLimits
from cio_decision.evaluation import Findings
from cio_decision.record_writing import Origin, record_json
from cio_nurse.errors import TransportUnavailableError
from cio_nurse.ports import Clock, Inbound, Journal, JournalEntry, RecordTransport
from cio_nurse.service.backlog import Backlog, Settle
from petrosa_contracts import TraceContext, Verdict, subjects, tracing
from petrosa_contracts.record import record_id

OUTSTANDING = 20_000
"""How many records may wait for their acknowledgement; beyond it the oldest counts as late."""

LOOK_SECONDS = 0.005
"""How often late acknowledgements are looked for while records wait."""

_log = structlog.stdlib.get_logger()


class RecordMetrics(Protocol):
    """Counting records by what became of them."""

    def record(self, outcome: str) -> None:
        """Count a record: `kept` or `late` by the stream, `journaled`, or `dropped`."""
        ...


@dataclass(frozen=True, slots=True)
class _Sent:
    entry: JournalEntry
    sent_at: float
    settle: Settle | None
    """Who waits for it; None: nobody, and it goes to the journal when it is late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Who records: what is the same in every record of one gate."""

    instance: str
    version: str
    primal_digest: str | None
    limits: PayloadLimits


class Recording:
    """Publishes records and settles who waits for them: acknowledged in time, or not.

    Acknowledgements are not waited for one by one: any number may be on their way. What nobody waits for (vetoes,
    exits) and is late goes to the journal, and from there to the stream when it answers again. `available` is false
    from the first late record to the next acknowledgement, and while the stream is known to be gone; meanwhile entries
    are vetoed at once.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        transport: RecordTransport,
        journal: Journal,
        clock: Clock,
        metrics: RecordMetrics,
        deadline_seconds: float,
        enabled: Callable[[], bool],
    ) -> None:
        self._recorder = recorder
        self._transport = transport
        self._clock = clock
        self._metrics = metrics
        self._deadline_seconds = deadline_seconds
        self._enabled = enabled
        self._sent: OrderedDict[str, _Sent] = OrderedDict()
        self._stirred = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._troubled = False
        self._gone = False
        self._backlog = Backlog(
            journal,
            connected=lambda: transport.connected,
            largest=lambda: transport.largest_record,
            on_written=lambda: metrics.record("journaled"),
            on_dropped=lambda: metrics.record("dropped"),
        )

    @property
    def enabled(self) -> bool:
        """Whether decisions are recorded at all."""
        return self._enabled()

    @property
    def available(self) -> bool:
        """Whether a record of now can be expected to be kept in time; true where nothing is recorded."""
        return not ((self._troubled or self._gone) and self.enabled)

    @property
    def outstanding(self) -> int:
        """How many records are on their way to the stream."""
        return len(self._sent)

    @property
    def backlog(self) -> Backlog:
        """What the stream did not take in time."""
        return self._backlog

    async def keep(
        self,
        message: Inbound,
        trace: TraceContext | None,
        verdict: Verdict,
        context: Context | None = None,
        findings: Findings | None = None,
        *,
        withdraws: bool = False,
        settle: Settle | None = None,
    ) -> None:
        """Publish the record of a decision; context and findings are left out where there was no intent to evaluate.

        They are left out as well, and that is logged, where they are too large for a message. `settle` is called once
        with whether it was kept in time, and at once where nothing is recorded.
        """
        if not self.enabled:
            if settle is not None:
                await settle(True)
            return
        origin = Origin(
            raw=message.data,
            subject=message.subject,
            headers=message.headers or {},
            limits=self._recorder.limits,
            instance=self._recorder.instance,
            version=self._recorder.version,
            primal_digest=self._recorder.primal_digest,
            trace_id=(trace or tracing.of_decision(verdict.decision_id)).trace_id,
        )
        record = record_json(origin, verdict, context, findings, withdraws=withdraws)
        if len(record) > self._transport.largest_record:
            record = record_json(origin.shortened(), verdict, context, findings, withdraws=withdraws)
        if len(record) > self._transport.largest_record:
            _log.error("record_without_inputs", decision_id=verdict.decision_id, record_bytes=len(record))
            record = record_json(origin.shortened(), verdict, withdraws=withdraws)
        subject = subjects.decision_record(verdict.strategy_id or "")
        await self._send(
            JournalEntry(record_id(verdict.decision_id, withdraws=withdraws), subject, record), settle, trace
        )

    async def acknowledged(self, record_id: str) -> None:
        """Note that the stream holds a record."""
        self._note(troubled=False, gone=False)
        sent = self._taken_off(record_id)
        if sent is None:
            return
        self._metrics.record("kept")
        if sent.settle is not None:
            await sent.settle(True)

    async def refused(self, record_id: str, reason: str) -> None:
        """Note that the stream does not take a record, or that there is no stream."""
        if sent := self._taken_off(record_id):
            await self._late(sent, reason)

    def note_stream(self, refusal: str) -> None:
        """Note why the stream would keep no record, found out while none told of it; empty if it stands."""
        self._note(troubled=self._troubled, gone=bool(refusal), reason=refusal)

    async def run(self) -> None:
        """Look after what is late until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._expire_always())
            tasks.create_task(self._backlog.run(self._send))

    async def drained(self) -> None:
        """Return once every record is acknowledged or in the journal; what neither takes is dropped."""
        await self._quiet.wait()
        await self._backlog.end()

    async def _expire_always(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while self._sent:
                await self._expire()
                await asyncio.sleep(LOOK_SECONDS)

    async def _expire(self) -> None:
        horizon = self._clock.seconds() - self._deadline_seconds
        while self._sent and next(iter(self._sent.values())).sent_at < horizon:
            await self.refused(next(iter(self._sent)), f"not acknowledged within {self._deadline_seconds:g} seconds")

    async def _send(self, entry: JournalEntry, settle: Settle | None, trace: TraceContext | None = None) -> None:
        if len(self._sent) >= OUTSTANDING:
            await self.refused(next(iter(self._sent)), f"{OUTSTANDING} records wait for their acknowledgement")
        sent = _Sent(entry, self._clock.seconds(), settle)
        self._sent[entry.record_id] = sent
        self._quiet.clear()
        self._stirred.set()
        try:
            await self._transport.publish_record(entry.subject, entry.payload, entry.record_id, trace=trace)
        except TransportUnavailableError as error:
            await self.refused(entry.record_id, str(error))

    def _note(self, *, troubled: bool, gone: bool, reason: str = "") -> None:
        before, now = self._troubled or self._gone, troubled or gone
        self._troubled, self._gone = troubled, gone
        if now and not before:
            _log.error("records_not_kept", reason=reason)
        elif before and not now:
            _log.info("records_kept_again", backlog=self._backlog.waiting)

    def _taken_off(self, record_id: str) -> _Sent | None:
        sent = self._sent.pop(record_id, None)
        if not self._sent:
            self._quiet.set()
        return sent

    async def _late(self, sent: _Sent, reason: str) -> None:
        self._note(troubled=True, gone=self._gone, reason=reason)
        self._metrics.record("late")
        if sent.settle is None:
            self._backlog.add(sent.entry)
        else:
            # Whoever waits for it withdraws it, and the withdrawal has a record of its own.
            await sent.settle(False)
