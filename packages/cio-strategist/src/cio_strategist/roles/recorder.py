"""The role that keeps the audit chain."""

import os
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import PATIENT_SECONDS, connect
from cio_strategist.adapters.mongo.lease import MongoLease
from cio_strategist.adapters.mongo.trail import MongoTrail
from cio_strategist.adapters.nats.alert_outlet import NatsAlerts
from cio_strategist.adapters.nats.connection import NatsConnection
from cio_strategist.adapters.nats.jetstream import IntentStream, JetStreamSource, Streams, connected
from cio_strategist.adapters.signing import SigningKey
from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.adapters.telemetry.recorder import RecorderTelemetry
from cio_strategist.adapters.telemetry.tracing import OtelTracing
from cio_strategist.domain.record.recording import decision_draft, failsafe_draft
from cio_strategist.errors import UsageError
from cio_strategist.gateway.readiness import Readiness
from cio_strategist.roles.active import ActiveRole
from cio_strategist.roles.role import Role
from cio_strategist.service.record.accounting import Accountant, Accounting
from cio_strategist.service.record.chain_writer import ChainWriter
from cio_strategist.service.record.leadership import Leadership
from cio_strategist.service.record.recorder import Feed, Recorder
from cio_strategist.settings import Settings
from petrosa_contracts import streams
from petrosa_contracts.subjects import subscriptions

_UNSIGNED = "no checkpoints are made: STRATEGIST_AUDIT_KEY_FILE is not set"


@asynccontextmanager
async def open_recorder(settings: Settings, telemetry: Telemetry) -> AsyncGenerator[ActiveRole]:
    """Open the recorder. Raises `UsageError` without MONGODB_URI, and for a key that cannot be used."""
    if settings.mongodb_uri is None:
        raise UsageError("MONGODB_URI is not set: the recorder keeps the audit chain in MongoDB")
    signer = None if settings.audit_key_file is None else SigningKey.read(settings.audit_key_file)
    clock, metrics = SystemClock(), RecorderTelemetry(telemetry.registry)
    nats = NatsConnection(settings.nats_url.get_secret_value(), name="cio-recorder")
    alerts = NatsAlerts(nats)
    uri = settings.mongodb_uri.get_secret_value()
    # What is added rests on what was there a moment before: a server that went in between must be noticed.
    async with AsyncExitStack() as stack:
        mongo = await stack.enter_async_context(
            connect(uri, settings.mongodb_database, retry_writes=False, answer_seconds=PATIENT_SECONDS)
        )
        store = MongoChainStore(mongo)
        leadership = Leadership(MongoLease(mongo, holder=_holder(), clock=clock))
        writer = ChainWriter(
            store,
            clock=clock,
            metrics=metrics,
            signer=signer,
            checkpoint_entries=settings.checkpoint_records,
            checkpoint_seconds=settings.checkpoint_seconds,
        )
        kept = _streams(settings, nats)
        sources = sources_of(kept)
        tracing = stack.enter_context(_tracing(settings))
        recorder = Recorder(
            leadership=leadership,
            store=store,
            writer=writer,
            feeds=(Feed(sources.decisions, decision_draft), Feed(sources.failsafe, failsafe_draft)),
            trail=MongoTrail(mongo),
            clock=clock,
            metrics=metrics,
            alerts=alerts,
            tracing=tracing,
        )
        accountant = Accountant(
            Accounting(sources.intents, store, sources.decisions, clock=clock),
            leadership=leadership,
            clock=clock,
            metrics=metrics,
            alerts=alerts,
            every_seconds=settings.reconcile_seconds,
        )
        metrics.watch(
            leads=lambda: leadership.is_leader,
            head=lambda: writer.head.sequence,
            signed_to=lambda: writer.signed_to,
        )

        def readiness() -> Readiness:
            facts = {**recorder.facts(), "nats": nats.listening, "signing": _UNSIGNED if signer is None else "on"}
            # Who leads makes the streams; what comes before they stand is kept by none.
            at_work = kept.stand or not leadership.is_leader
            return Readiness(
                ready=nats.listening and at_work and not recorder.trouble, facts={Role.RECORDER.value: facts}
            )

        yield ActiveRole(Role.RECORDER, tasks=(nats.run, *recorder.tasks(), accountant.run), readiness=readiness)


def _streams(settings: Settings, nats: NatsConnection) -> Streams:
    """Return the streams that the recorder makes where they are missing."""
    intents = streams.intents(subscriptions(settings.intent_topics))
    return Streams(nats.jetstream, (streams.DECISIONS, streams.FAILSAFE, intents), replicas=settings.stream_replicas)


@contextmanager
def _tracing(settings: Settings) -> Generator[OtelTracing | None]:
    """Open what the standard variables ask for, and send what waits at the end."""
    tracing = OtelTracing(settings.exporters, instance=_holder()) if settings.exporters else None
    try:
        yield tracing
    finally:
        if tracing is not None:
            tracing.close()


@dataclass(frozen=True, slots=True)
class Sources:
    """The streams that the recorder reads."""

    decisions: JetStreamSource
    failsafe: JetStreamSource
    intents: IntentStream


def sources_of(made: Streams) -> Sources:
    """Return the streams to read from."""
    return Sources(
        decisions=JetStreamSource(made, streams.DECISIONS.name),
        failsafe=JetStreamSource(made, streams.FAILSAFE.name),
        intents=IntentStream(made, streams.intents().name),
    )


@asynccontextmanager
async def open_sources(settings: Settings) -> AsyncGenerator[Sources]:
    """Open the streams for a command, which makes none. Raises `TransportUnavailableError` while NATS is away."""
    async with connected(settings.nats_url, name="cio-audit") as jetstream:
        yield sources_of(Streams(lambda: jetstream, (), replicas=1))


def _holder() -> str:
    """Return a name that tells recorders apart, and says where one runs."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
