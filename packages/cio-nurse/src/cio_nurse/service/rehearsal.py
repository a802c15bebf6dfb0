"""Rehearsal: an order that nobody gave goes the way of every order, and reaches nobody.

Everything on its way is the gate's own but for what would make it count: it is decided under the default policy with
no other input, its claim counts as no trade and reserves nothing, and all that would be published goes below a private
subject.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from cio_decision.decoding import Unreadable, decode
from cio_nurse.domain.dialects import Dialect
from cio_nurse.errors import StoreError
from cio_nurse.ports import Claim, ClaimAnswer, Clock, Inbound, JournalEntry, LedgerStore, RecordProbe, Transport
from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.lanes import Arrival
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.mirror import View
from cio_nurse.service.modes import PolicyStanding, SystemMode
from cio_nurse.service.outbox import Outbox
from cio_nurse.service.pipeline import DecisionLimits, Pipeline
from cio_nurse.service.recording import Recorder, Recording
from petrosa_contracts import Mode, PolicySnapshot, TraceContext, Verdict, tracing


class PrivateTransport:
    """Publishes everything below a private subject."""

    def __init__(self, transport: Transport, private: str) -> None:
        self._transport = transport
        self._private = private

    @property
    def connected(self) -> bool:
        """Whether what is published now would leave."""
        return self._transport.connected

    async def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        """Publish a message there. Raises as the transport behind it."""
        await self._transport.publish(f"{self._private}.{subject}", payload, headers=headers)

    async def publish_signal(
        self,
        subject: str,
        payload: bytes,
        decision_id: str,  # noqa: ARG002
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Publish a signal there; nobody reports what becomes of it, so the decision need not be named."""
        await self.publish(subject, payload, headers=headers)

    async def flush(self) -> None:
        """Return once the server has all that was published."""
        await self._transport.flush()


class UncountedClaims:
    """The gate's ledger store, where claims hold an identity and nothing else.

    Tells which decisions it was asked for and has not released, and which of them hold their identity.
    """

    def __init__(self, store: LedgerStore) -> None:
        self._store = store
        self.asked: set[str] = set()
        self.held: set[str] = set()
        self.trouble = ""

    async def claim(self, claims: Sequence[Claim], day: date) -> Sequence[ClaimAnswer]:
        """Settle claims in order. Raises as the store behind it."""
        self.asked |= {claim.decision_id for claim in claims}
        try:
            answers = await self._store.claim([_uncounted(claim) for claim in claims], day)
        except StoreError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        self.held |= {claim.decision_id for claim, answer in zip(claims, answers, strict=True) if answer.granted}
        return answers

    async def release(self, claims: Sequence[Claim], day: date) -> None:
        """Undo claims. Raises as the store behind it."""
        try:
            await self._store.release([_uncounted(claim) for claim in claims], day)
        except StoreError as error:
            self.trouble = str(error)
            raise
        released = {claim.decision_id for claim in claims}
        self.asked -= released
        self.held -= released


class _ProbedRecords:
    """Asks the stream whether it would keep records, and tells the recording so."""

    connected = True
    """Whether it really is, the probe finds out."""
    largest_record = 1_000_000
    """Far more than what is made up for a rehearsal."""

    def __init__(self, probe: RecordProbe) -> None:
        self._probe = probe
        self.recording: Recording | None = None
        self.probed: set[str] = set()
        """Records that the stream would keep."""
        self.trouble = ""

    async def publish_record(
        self,
        subject: str,
        payload: bytes,
        record_id: str,
        *,
        trace: TraceContext | None = None,  # noqa: ARG002
    ) -> None:
        if self.recording is None:
            raise AssertionError("the recording is set before anything is decided")
        self.trouble = await self._probe.refusal_of(subject, payload, record_id)
        if self.trouble:
            await self.recording.refused(record_id, self.trouble)
        else:
            self.probed.add(record_id)
            await self.recording.acknowledged(record_id)


class Rehearsal:
    """One way through the gate. It serves one attempt: what is away stays away for it."""

    def __init__(
        self,
        *,
        transport: PrivateTransport,
        ledger: Ledger,
        records: RecordProbe,
        records_needed: Callable[[], bool],
        recorder: Recorder,
        dialect: Dialect,
        signals: str,
        clock: Clock,
        limits: DecisionLimits,
    ) -> None:
        self._clock = clock
        self._payload_limits = recorder.limits
        uncounted = _NoMetrics()
        self.records = _ProbedRecords(records)
        recording = Recording(
            recorder=recorder,
            transport=self.records,
            journal=_NoJournal(),
            clock=clock,
            metrics=uncounted,
            deadline_seconds=0,
            enabled=records_needed,
        )
        self.records.recording = recording
        self._pipeline = Pipeline(
            mirror=_DefaultPolicy(clock),
            inputs=LiveInputs(clock),
            ledger=ledger,
            recording=recording,
            outbox=Outbox(transport=transport, dialect=dialect, signals=signals, metrics=uncounted),
            clock=clock,
            limits=replace(limits, max_orders_per_second=None, primal=None),
        )

    async def go(self, message: Inbound) -> None:
        """Have a message decided. What cannot be read gets no verdict, which the self-check misses."""
        received_at, arrived = self._clock.now(), self._clock.seconds()
        intent = decode(message.data, self._payload_limits)
        if isinstance(intent, Unreadable):
            return
        trace = tracing.of_message(message.headers, intent.payload)
        await self._pipeline.decide([Arrival(intent, message, trace, received_at, arrived)])


class _DefaultPolicy:
    """Policy as it is where nobody has set any, confirmed just now."""

    def __init__(self, clock: Clock) -> None:
        now = clock.now()
        self.view = View(snapshot=PolicySnapshot.read(0, {}, as_of=now))
        self.standing = PolicyStanding(confirmed_at=now, store_up=True)

    def system_mode(self) -> SystemMode:
        return SystemMode(Mode.ACTIVE)

    def store_lost(self) -> None:
        self.standing = replace(self.standing, store_up=False)


class _NoMetrics:
    def verdict(self, verdict: Verdict) -> None:
        """Count nothing, likewise the next two."""

    def signal(self, outcome: str) -> None: ...

    def record(self, outcome: str) -> None: ...


class _NoJournal:
    """Never written to: nobody runs the backlog of a rehearsal."""

    def open(self) -> int:
        return 0

    def append(self, entries: Sequence[JournalEntry]) -> None: ...

    def oldest(self, at_most: int) -> Sequence[JournalEntry]:  # noqa: ARG002
        return ()

    def forget(self, count: int) -> None: ...


def _uncounted(claim: Claim) -> Claim:
    return replace(claim, scopes=(), limited_scope=None, limit=None, reserves=None)
