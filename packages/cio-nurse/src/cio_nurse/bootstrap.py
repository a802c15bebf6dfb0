"""Putting the gate together: every concrete thing is made here, once, and passed down."""

import asyncio

import structlog

from cio_decision.freshness import Ages
from cio_nurse import parts
from cio_nurse.adapters import gauges, log
from cio_nurse.adapters.clock import SystemClock
from cio_nurse.adapters.health import HealthServer
from cio_nurse.adapters.jetstream import RecordStream, StreamProbe
from cio_nurse.adapters.nats import NatsConnection, Subscription, private_subject
from cio_nurse.adapters.redis import RedisLedgerStore, RedisPolicyStore
from cio_nurse.adapters.redis_inputs import RedisInputStore
from cio_nurse.adapters.telemetry import Telemetry
from cio_nurse.adapters.tracing import OtelTracing
from cio_nurse.domain.dialects import DIALECTS
from cio_nurse.errors import TransportUnavailableError
from cio_nurse.ports import Inbound
from cio_nurse.service import primal
from cio_nurse.service.delivery import Delivery
from cio_nurse.service.gate_mode import GateMode
from cio_nurse.service.heartbeat import Heartbeat
from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.intake import Intake
from cio_nurse.service.lanes import Lanes
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.mirror import Mirror
from cio_nurse.service.outbox import Outbox
from cio_nurse.service.pipeline import Pipeline
from cio_nurse.service.portfolio_troubles import PortfolioTroubles
from cio_nurse.service.readiness import Readiness
from cio_nurse.service.recording import Recording
from cio_nurse.service.restriction import Restriction
from cio_nurse.service.self_check import SelfCheck
from cio_nurse.service.silent_halt import SilentHalts
from cio_nurse.settings import Settings
from petrosa_contracts import Alert, subjects
from petrosa_contracts.runtime.alert_queue import AlertQueue

_log = structlog.stdlib.get_logger()


class Nurse:
    """One gate: every part of it, wired and ready to be served."""

    def __init__(self, settings: Settings, lines: log.LineWriter) -> None:
        self.clock = SystemClock()
        self.settings = settings
        self.lines = lines
        self._telemetry = Telemetry(settings.instance)
        self.primal = primal.standing_of(settings.primal_file, settings.primal_approvers)
        self._tracing = OtelTracing(settings.exporters, instance=settings.instance) if settings.exporters else None
        redis_url, nats_url = settings.redis_url.get_secret_value(), settings.nats_url.get_secret_value()
        self.turned_at = self.clock.seconds()
        self._policy_store = RedisPolicyStore(redis_url)
        self.ledger_store = RedisLedgerStore(
            redis_url,
            deadline_seconds=settings.decision_deadline_ms / 1000,
            reservation_seconds=settings.reservation_seconds,
        )
        self.ledger = Ledger(self.ledger_store, self.clock, reservation_seconds=settings.reservation_seconds)
        self.mirror = Mirror(
            self._policy_store,
            self.clock,
            Ages(stale_seconds=settings.policy_max_age_seconds, lost_seconds=settings.policy_hard_age_seconds),
            refusal=lambda: self.ledger.refusal,
        )
        self._input_store = RedisInputStore(redis_url)
        self.inputs = LiveInputs(self.clock, parts.mirrors(settings, self._input_store, self.clock))
        self._mode = GateMode(self.mirror, self.inputs)
        self.record_stream = RecordStream()
        private = private_subject()
        self.halts = self._make_halts()
        self.troubles = PortfolioTroubles(
            inputs=self.inputs, mirror=self.mirror, primal=self.primal, tell=self._tell, clock=self.clock
        )
        self.intents = self._make_line(nats_url, private)
        self.alerts = AlertQueue(self._publish_alert, unavailable=TransportUnavailableError, log=_log)
        self.journal = parts.journal(settings)
        self.recording = self._make_recording()
        self.intents.report_records_to(self.recording)
        self.record_probe = StreamProbe(self.intents, seconds=settings.audit_deadline_ms / 1000)
        self.restriction = Restriction(
            mode=self._mode,
            recording=self.recording,
            tell=self._tell,
            clock=self.clock,
            instance=settings.instance,
        )
        self.self_check = self._make_self_check(private)
        self.lanes = Lanes(lane_capacity=settings.lane_capacity, queue_capacity=settings.queue_capacity)
        self.intake = self._make_intake()
        self.pulse = NatsConnection(
            nats_url,
            name="cio-nurse-heartbeat",
            subscriptions=[Subscription((settings.heartbeat, subjects.PING), self._answer_ping)],
            speaks_on=self._spoken_subjects(),
        )
        self.heartbeat = self._make_heartbeat()
        self.readiness = self._make_readiness()
        self.health = HealthServer(
            host=settings.http_host, port=settings.http_port, readiness=self.readiness.now, telemetry=self._telemetry
        )
        self._expose_gauges()

    async def close(self) -> None:
        """Let go of everything, once its loops have ended. Sends what waits of traces."""
        await self.health.stop()
        self.journal.close()
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)
        await self._policy_store.close()
        await self._input_store.close()
        await self.ledger_store.close()

    def _make_halts(self) -> SilentHalts:
        settings = self.settings
        return SilentHalts(
            clock=self.clock,
            instance=settings.instance,
            seconds=settings.silent_halt_seconds,
            entries=settings.silent_halt_entries,
            tell=self._tell,
        )

    def _make_line(self, nats_url: str, private: str) -> NatsConnection:
        settings = self.settings
        return NatsConnection(
            nats_url,
            name="cio-nurse",
            subscriptions=[
                Subscription(subjects.subscriptions(settings.intents), self._accept, subjects.NURSE_QUEUE_GROUP),
                Subscription((f"{private}.>",), self._hear_self_check),
                Subscription(subjects.subscriptions(settings.execution_events), self.halts.hear),
            ],
            delivery=Delivery(ledger=self.ledger, metrics=self._telemetry, watch=self.halts),
            prepare=self.record_stream.prepare if settings.audit != "off" else None,
            speaks_on=self._spoken_subjects(),
        )

    def _spoken_subjects(self) -> tuple[str, ...]:
        """Return on what the gate speaks of its own accord, so that nobody can have an answer sent there."""
        signals = self.settings.signals
        own = (self.settings.heartbeat, subjects.VERDICTS, subjects.DECISION_RECORDS, subjects.ALERTS)
        return (signals, f"{signals}.>", *own)

    def _make_self_check(self, private: str) -> SelfCheck:
        settings = self.settings
        return parts.self_check(
            settings,
            primal=self.primal,
            connection=self.intents,
            private=private,
            store=self.ledger_store,
            probe=self.record_probe,
            records_needed=self._needs_records,
            clock=self.clock,
        )

    def _make_heartbeat(self) -> Heartbeat:
        settings = self.settings
        return Heartbeat(
            transport=self.pulse,
            mirror=self.mirror,
            mode=self._mode,
            halts=self.halts,
            troubles=self.troubles,
            clock=self.clock,
            subject=settings.heartbeat,
            instance=settings.instance,
            every_seconds=settings.heartbeat_seconds,
            stalled_seconds=lambda: self.clock.seconds() - self.turned_at,
            primal_problem=self.primal.problem if self.primal else "",
            recording=self.recording,
        )

    def _make_readiness(self) -> Readiness:
        return Readiness(
            # Bots go by the pulse: where it is not heard, the gate is not there.
            lines=(self.intents, self.pulse),
            heartbeat=self.heartbeat,
            mirror=self.mirror,
            inputs=self.inputs,
            recording=self.recording,
            primal=self.primal,
            self_check=self.self_check,
        )

    def _expose_gauges(self) -> None:
        gauges.expose(
            self._telemetry,
            mode=lambda: self.heartbeat.pulse().mode,
            lanes=self.lanes,
            mirror=self.mirror,
            inputs=self.inputs,
            ledger=self.ledger,
            recording=self.recording,
            primal=self.primal,
            self_check=self.self_check,
            halts=self.halts,
            troubles=self.troubles,
            connected=lambda: self.intents.listening,
            log_lines_dropped=lambda: self.lines.dropped,
        )

    def _make_recording(self) -> Recording:
        settings = self.settings
        return Recording(
            recorder=parts.recorder(settings, self.primal),
            transport=self.intents,
            journal=self.journal,
            clock=self.clock,
            metrics=self._telemetry,
            deadline_seconds=settings.audit_deadline_ms / 1000,
            enabled=self._needs_records,
        )

    def _needs_records(self) -> bool:
        audit = self.settings.audit
        return audit == "required" or (audit == "auto" and self.record_stream.offered)

    def _make_intake(self) -> Intake:
        settings = self.settings
        outbox = Outbox(
            transport=self.intents,
            dialect=DIALECTS[settings.engine_dialect],
            signals=settings.signals,
            metrics=self._telemetry,
            watch=self.halts,
        )
        pipeline = Pipeline(
            mirror=self.mirror,
            inputs=self.inputs,
            ledger=self.ledger,
            recording=self.recording,
            outbox=outbox,
            clock=self.clock,
            limits=parts.decision_limits(settings, self.primal),
        )
        return Intake(
            lanes=self.lanes,
            pipeline=pipeline,
            recording=self.recording,
            outbox=outbox,
            mirror=self.mirror,
            mode=self._mode,
            clock=self.clock,
            limits=parts.payload_limits(settings),
            tracing=self._tracing,
        )

    async def _accept(self, message: Inbound) -> None:
        await self.intake.accept(message)

    def _tell(self, alert: Alert) -> None:
        self.alerts.tell(alert)

    async def _publish_alert(self, subject: str, payload: bytes) -> None:
        await self.intents.publish(subject, payload)
        await self.intents.flush()

    async def _hear_self_check(self, message: Inbound) -> None:
        await self.self_check.receive(message)

    async def _answer_ping(self, message: Inbound) -> None:
        await self.heartbeat.answer(message.reply)
