"""Putting the gate together: every concrete thing is made here, once, and passed down."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Generator, Mapping
from typing import Any

import structlog

from cio_decision.freshness import Ages
from cio_nurse import __version__, parts
from cio_nurse.adapters import gauges, log
from cio_nurse.adapters.apart import Apart
from cio_nurse.adapters.clock import SystemClock
from cio_nurse.adapters.health import HealthServer
from cio_nurse.adapters.jetstream import RecordStream
from cio_nurse.adapters.nats import NatsConnection, Subscription, private_subject
from cio_nurse.adapters.redis import RedisLedgerStore, RedisPolicyStore
from cio_nurse.adapters.redis_inputs import RedisInputStore
from cio_nurse.adapters.telemetry import Telemetry
from cio_nurse.adapters.tracing import OtelTracing
from cio_nurse.domain.dialects import DIALECTS
from cio_nurse.errors import StoreError, TransportUnavailableError
from cio_nurse.ports import Inbound
from cio_nurse.service import primal
from cio_nurse.service.delivery import Delivery
from cio_nurse.service.gate_mode import GateMode
from cio_nurse.service.heartbeat import Heartbeat
from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.intake import Intake
from cio_nurse.service.lanes import Lanes
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.mirror import POLL_SECONDS, Mirror
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

POLICY_GRACE_SECONDS = 1.0
"""How long a starting gate waits for policy and inputs before it takes intents without them."""

TURN_SECONDS = 0.2
"""How often the main loop shows that it turns."""

COLLECT_AFTER = (5_000, 1_000, 10)
"""Thresholds of the garbage collector. An approval leaves some five objects behind until its reservation ends, which
must not be walked over and over: a collection of the young takes about 2 ms, one of the old tens of them."""

_log = structlog.stdlib.get_logger()


class Nurse:
    """One gate, wired and ready to run."""

    def __init__(self, settings: Settings, lines: log.LineWriter) -> None:
        self._clock = SystemClock()
        self._settings = settings
        self._lines = lines
        self._telemetry = Telemetry(settings.instance)
        self._primal = primal.standing_of(settings.primal_file, settings.primal_approvers)
        self._tracing = OtelTracing(settings.exporters, instance=settings.instance) if settings.exporters else None
        redis_url, nats_url = settings.redis_url.get_secret_value(), settings.nats_url.get_secret_value()
        self._turned_at = self._clock.seconds()
        self._policy_store = RedisPolicyStore(redis_url)
        self._ledger_store = RedisLedgerStore(
            redis_url,
            deadline_seconds=settings.decision_deadline_ms / 1000,
            reservation_seconds=settings.reservation_seconds,
        )
        self._ledger = Ledger(self._ledger_store, self._clock, reservation_seconds=settings.reservation_seconds)
        self._mirror = Mirror(
            self._policy_store,
            self._clock,
            Ages(stale_seconds=settings.policy_max_age_seconds, lost_seconds=settings.policy_hard_age_seconds),
            refusal=lambda: self._ledger.refusal,
        )
        self._input_store = RedisInputStore(redis_url)
        self._inputs = LiveInputs(self._clock, parts.mirrors(settings, self._input_store, self._clock))
        self._mode = GateMode(self._mirror, self._inputs)
        self._record_stream = RecordStream()
        private = private_subject()
        self._halts = self._make_halts()
        self._troubles = PortfolioTroubles(
            inputs=self._inputs, mirror=self._mirror, primal=self._primal, tell=self._tell, clock=self._clock
        )
        self._intents = self._make_line(nats_url, private)
        self._alerts = AlertQueue(self._publish_alert, unavailable=TransportUnavailableError, log=_log)
        self._journal = parts.journal(settings)
        self._recording = self._make_recording()
        self._intents.report_records_to(self._recording)
        self._restriction = Restriction(
            mode=self._mode,
            recording=self._recording,
            tell=self._tell,
            clock=self._clock,
            instance=settings.instance,
        )
        self._self_check = self._make_self_check(private)
        self._lanes = Lanes(lane_capacity=settings.lane_capacity, queue_capacity=settings.queue_capacity)
        self._intake = self._make_intake()
        self._pulse = NatsConnection(
            nats_url,
            name="cio-nurse-heartbeat",
            subscriptions=[Subscription((settings.heartbeat, subjects.PING), self._answer_ping)],
        )
        self._heartbeat = self._make_heartbeat()
        self._readiness = self._make_readiness()
        self._health = HealthServer(
            host=settings.http_host, port=settings.http_port, readiness=self.readiness, telemetry=self._telemetry
        )
        self._expose_gauges()

    def _make_halts(self) -> SilentHalts:
        settings = self._settings
        return SilentHalts(
            clock=self._clock,
            instance=settings.instance,
            seconds=settings.silent_halt_seconds,
            entries=settings.silent_halt_entries,
            tell=self._tell,
        )

    def _make_line(self, nats_url: str, private: str) -> NatsConnection:
        settings = self._settings
        return NatsConnection(
            nats_url,
            name="cio-nurse",
            subscriptions=[
                Subscription(subjects.subscriptions(settings.intents), self._accept, subjects.NURSE_QUEUE_GROUP),
                Subscription((f"{private}.>",), self._hear_self_check),
                Subscription(subjects.subscriptions(settings.execution_events), self._halts.hear),
            ],
            delivery=Delivery(ledger=self._ledger, metrics=self._telemetry, watch=self._halts),
            prepare=self._record_stream.prepare if settings.audit != "off" else None,
        )

    def _make_self_check(self, private: str) -> SelfCheck:
        settings = self._settings
        return parts.self_check(
            settings,
            primal=self._primal,
            connection=self._intents,
            private=private,
            store=self._ledger_store,
            records_needed=self._needs_records,
            clock=self._clock,
        )

    def _make_heartbeat(self) -> Heartbeat:
        settings = self._settings
        return Heartbeat(
            transport=self._pulse,
            mirror=self._mirror,
            mode=self._mode,
            halts=self._halts,
            troubles=self._troubles,
            clock=self._clock,
            subject=settings.heartbeat,
            instance=settings.instance,
            every_seconds=settings.heartbeat_seconds,
            stalled_seconds=lambda: self._clock.seconds() - self._turned_at,
            primal_problem=self._primal.problem if self._primal else "",
            recording=self._recording,
        )

    def _make_readiness(self) -> Readiness:
        return Readiness(
            # Bots go by the pulse: where it is not heard, the gate is not there.
            lines=(self._intents, self._pulse),
            heartbeat=self._heartbeat,
            mirror=self._mirror,
            inputs=self._inputs,
            recording=self._recording,
            primal=self._primal,
            self_check=self._self_check,
        )

    def _expose_gauges(self) -> None:
        gauges.expose(
            self._telemetry,
            mode=lambda: self._heartbeat.pulse().mode,
            lanes=self._lanes,
            mirror=self._mirror,
            inputs=self._inputs,
            ledger=self._ledger,
            recording=self._recording,
            primal=self._primal,
            self_check=self._self_check,
            halts=self._halts,
            troubles=self._troubles,
            connected=lambda: self._intents.listening,
            log_lines_dropped=lambda: self._lines.dropped,
        )

    def _make_recording(self) -> Recording:
        settings = self._settings
        return Recording(
            recorder=parts.recorder(settings, self._primal),
            transport=self._intents,
            journal=self._journal,
            clock=self._clock,
            metrics=self._telemetry,
            deadline_seconds=settings.audit_deadline_ms / 1000,
            enabled=self._needs_records,
        )

    def _needs_records(self) -> bool:
        audit = self._settings.audit
        return audit == "required" or (audit == "auto" and self._record_stream.offered)

    def _make_intake(self) -> Intake:
        settings = self._settings
        outbox = Outbox(
            transport=self._intents,
            dialect=DIALECTS[settings.engine_dialect],
            signals=settings.signals,
            metrics=self._telemetry,
            watch=self._halts,
        )
        pipeline = Pipeline(
            mirror=self._mirror,
            inputs=self._inputs,
            ledger=self._ledger,
            recording=self._recording,
            outbox=outbox,
            clock=self._clock,
            limits=parts.decision_limits(settings, self._primal),
        )
        return Intake(
            lanes=self._lanes,
            pipeline=pipeline,
            recording=self._recording,
            outbox=outbox,
            mirror=self._mirror,
            mode=self._mode,
            clock=self._clock,
            limits=parts.payload_limits(settings),
            tracing=self._tracing,
        )

    async def serve(self) -> None:
        """Serve until SIGTERM or SIGINT, then answer what is in hand and leave.

        Raises `OSError` if the HTTP port is taken.
        """
        stop = _stop_on_signals()
        port = await self._health.start()
        announcer = log.announcer(self._lines, self._settings.instance)
        announcer.info("http_listening", host=self._settings.http_host, port=port, version=__version__)
        if self._primal is not None and not self._primal.signed:
            self._alerts.tell(primal.built_in_alert(self._primal, self._settings.instance, self._clock.now()))
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(work)
                for work in (
                    self._mirror.run(),
                    self._inputs.run(),
                    self._take_intents(),
                    self._intake.run(),
                    self._alerts.run(),
                    self._halts.run(),
                    self._restriction.run(),
                    self._troubles.run(),
                    self._turn(),
                    self._recording.run(),
                    self._keep_record_stream(),
                    Apart(self._beat).run(),
                    self._settle_when_store_is_back(),
                    self._check_itself(),
                    self._announce_ready(),
                )
            ]
            await stop.wait()
            await self._drain()
            for task in running:
                task.cancel()
        await self._health.stop()
        self._journal.close()
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)
        await self._policy_store.close()
        await self._input_store.close()
        await self._ledger_store.close()

    def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Return whether this gate should be counted on, and the facts behind it."""
        return self._readiness.now()

    async def _accept(self, message: Inbound) -> None:
        await self._intake.accept(message)

    def _tell(self, alert: Alert) -> None:
        self._alerts.tell(alert)

    async def _publish_alert(self, subject: str, payload: bytes) -> None:
        await self._intents.publish(subject, payload)
        await self._intents.flush()

    async def _hear_self_check(self, message: Inbound) -> None:
        await self._self_check.receive(message)

    async def _check_itself(self) -> None:
        await self._intents.until_listening()
        await self._self_check.run()

    async def _answer_ping(self, message: Inbound) -> None:
        await self._heartbeat.answer(message.reply)

    async def _take_intents(self) -> None:
        # A replica that joins before it has read policy and inputs would veto what the others approve. Without any it
        # joins all the same, for the sake of exits.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLICY_GRACE_SECONDS):
                await self._mirror.until_loaded()
                await self._inputs.until_read()
        await self._intents.run()

    async def _keep_record_stream(self) -> None:
        # The stream may be made late, or be lost: until it stands, nothing opens.
        while self._settings.audit != "off":
            await asyncio.sleep(POLL_SECONDS)
            if self._recording.enabled and not (self._record_stream.stands and self._recording.available):
                await self._intents.prepare()

    async def _turn(self) -> None:
        # The heartbeat has a loop of its own and would go on for a gate whose loop stands still; this tells it.
        while True:
            self._turned_at = self._clock.seconds()
            await asyncio.sleep(TURN_SECONDS)

    async def _beat(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pulse.run())
            await self._pulse.until_listening()
            await self._heartbeat.run()

    async def _settle_when_store_is_back(self) -> None:
        # Otherwise the store would learn of it with this replica's next approval, and another one might see the
        # repetition first.
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._mirror.standing.store_up:
                await self._ledger.settle()

    async def _announce_ready(self) -> None:
        await self._intents.until_listening()
        await self._mirror.until_loaded()
        with contextlib.suppress(StoreError):
            # Loads the script, so that the first approval does not pay for it.
            await self._ledger_store.claim([], self._clock.now().date())
        await self._self_check.until_passed()
        # What was built so far stays for good, and decisions leave no cycles behind: keeping the collector from walking
        # the one, and from walking what is on its way again and again, avoids pauses under load.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        _log.info("ready", **{name: value for name, value in self.readiness()[1].items() if name != "inputs"})
        if self._inputs.off:
            _log.info("inputs_not_configured", off=list(self._inputs.off))

    async def _drain(self) -> None:
        _log.info("draining", waiting=self._lanes.waiting)
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                await self._intents.stop_listening()
                await self._intake.drained()
                await self._recording.drained()
                await self._ledger.settle()
                if self._intents.connected:
                    await self._intents.flush()
        except TimeoutError:
            _log.error("drain_timed_out", unanswered=self._lanes.waiting)
        except TransportUnavailableError as error:
            _log.warning("drain_not_confirmed", reason=str(error))
        _log.info("stopped")


@contextlib.contextmanager
def logging_of(settings: Settings) -> Generator[log.LineWriter]:
    """Log for as long as the block lasts, and write what waits at its end; what ends it untimely is logged too."""
    lines = log.configure(settings.log_level, settings.instance)
    try:
        yield lines
    except Exception:
        _log.exception("gate_failed")
        raise
    finally:
        lines.close()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
