"""Intake: every message becomes an arrival in a lane or an answer at once."""

import asyncio

from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import Findings, conclude, refuse
from cio_decision.identity import new_decision_id
from cio_nurse.ports import Clock, Inbound, Span, Tracing
from cio_nurse.service.gate_mode import GateMode
from cio_nurse.service.lanes import Arrival, Lanes
from cio_nurse.service.mirror import Mirror
from cio_nurse.service.outbox import Outbox
from cio_nurse.service.pipeline import Pipeline
from cio_nurse.service.recording import Recording
from cio_nurse.service.release import MILLISECONDS
from petrosa_contracts import Breach, TraceContext, Verdict
from petrosa_contracts.answer_by import read_answer_by
from petrosa_contracts.tracing import of_message

BATCH = 32
"""Most intents decided before the loop serves others again; at some 0.1 ms each, a heartbeat waits a few ms."""


class Intake:
    """Reads messages into lanes and has the pipeline decide them in batches."""

    def __init__(
        self,
        *,
        lanes: Lanes,
        pipeline: Pipeline,
        recording: Recording,
        outbox: Outbox,
        mirror: Mirror,
        mode: GateMode,
        clock: Clock,
        limits: PayloadLimits,
        tracing: Tracing | None = None,
    ) -> None:
        self._lanes = lanes
        self._pipeline = pipeline
        self._recording = recording
        self._outbox = outbox
        self._mirror = mirror
        self._mode = mode
        self._clock = clock
        self._limits = limits
        self._tracing = tracing
        self._idle = asyncio.Event()
        self._idle.set()

    async def accept(self, message: Inbound) -> None:
        """Take one message: queue it, or answer at once if it cannot be read or there is no room."""
        received_at, arrived = self._clock.now(), self._clock.seconds()
        began = self._tracing.now() if self._tracing else 0
        intent = decode(message.data, self._limits)
        trace = of_message(message.headers, intent.payload)
        if span := self._tracing.begin(trace, began) if self._tracing else None:
            span.step("decode", began)
            trace = span.context
        if isinstance(intent, Unreadable):
            verdict = refuse(
                intent,
                decision_id=new_decision_id(),
                mode=self._mode.now(),
                epoch=self._mirror.view.epoch,
                received_at=received_at,
                latency_ms=(self._clock.seconds() - arrived) * MILLISECONDS,
            )
            await self._answer(message, trace, span, verdict)
            return
        arrival = Arrival(intent, message, trace, received_at, arrived, span, read_answer_by(message.headers))
        breach = self._lanes.offer(arrival)
        if breach is None:
            self._idle.clear()
        else:
            await self._refuse_overload(arrival, breach)

    async def run(self) -> None:
        """Decide what waits in the lanes until cancelled."""
        while True:
            batch = await self._lanes.take(BATCH)
            await self._pipeline.decide(batch)
            if not self._lanes.waiting:
                self._idle.set()
            await asyncio.sleep(0)

    async def drained(self) -> None:
        """Return once everything accepted so far is answered."""
        await self._idle.wait()

    async def _refuse_overload(self, arrival: Arrival, breach: Breach) -> None:
        context = self._pipeline.context_of(arrival)
        latency_ms = (self._clock.seconds() - arrival.arrived) * MILLISECONDS
        verdict = conclude(arrival.intent, context, Findings((breach,)), latency_ms=latency_ms)
        await self._answer(arrival.message, arrival.trace, arrival.span, verdict)

    async def _answer(self, message: Inbound, trace: TraceContext | None, span: Span | None, verdict: Verdict) -> None:
        await self._recording.keep(message, trace, verdict)
        await self._outbox.veto(verdict, message.reply)
        if span:
            span.end(verdict)
