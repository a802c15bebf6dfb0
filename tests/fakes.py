"""Fakes of the gate's ports. Each behaves as the port's suite in `tests/ports` says, and can be made to fail."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from cio_nurse.errors import (
    JournalError,
    TransportUnavailableError,
)
from cio_nurse.ports import JournalEntry
from petrosa_contracts import TraceContext, Verdict
from petrosa_contracts.record import DecisionRecord


class FakeClock:
    """A clock that stands still until it is jumped. `step_back` moves the calendar alone, as a time server may."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def seconds(self) -> float:
        return self._seconds

    def jump(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds

    def jump_to(self, moment: datetime) -> None:
        self.jump((moment - self._now).total_seconds())

    def step_back(self, seconds: float) -> None:
        self._now -= timedelta(seconds=seconds)


class Message(NamedTuple):
    """What left through a transport; `decision_id` names the decision where it was published as a signal."""

    subject: str
    payload: bytes
    headers: Mapping[str, str] | None
    decision_id: str | None = None

    @property
    def content(self) -> Any:
        return json.loads(self.payload, parse_constant=_not_json)

    @property
    def verdict(self) -> Verdict:
        return Verdict.model_validate_json(self.payload)


class Reports(Protocol):
    """Who is told what became of a signal."""

    async def undelivered(self, decision_id: str) -> None: ...

    def engine_replied(self, decision_id: str, data: bytes) -> None: ...


class RecordReports(Protocol):
    """Who is told what became of a record."""

    async def acknowledged(self, record_id: str) -> None: ...

    async def refused(self, record_id: str, reason: str) -> None: ...


class FakeTransport:
    """Keeps what was published, in order. What became of signals is reported when the server is flushed.

    Records are acknowledged at once while `stream` is "keeps"; "refuses" refuses them, "silent" says nothing.
    """

    def __init__(self, *, reports: Reports | None = None, connected: bool = True) -> None:
        self.connected = connected
        self.published: list[Message] = []
        self.engine: Callable[[Message], bytes | None] | None = lambda _signal: None
        """Who takes signals: returns its reply, or None for none. Set to None while nobody listens."""
        self.before_publish: Callable[[], None] = lambda: None
        """Called before every message, so that something can happen in the middle of a batch."""
        self.stream = "keeps"
        self.largest_record = 1_000_000
        self.records: list[DecisionRecord] = []
        self._record_reports: RecordReports | None = None
        self._reports = reports
        self._unreported: list[Message] = []

    def disconnect(self) -> None:
        self.connected = False

    def connect(self) -> None:
        self.connected = True

    @property
    def signals(self) -> list[Message]:
        return [message for message in self.published if message.decision_id is not None]

    def on(self, subject: str) -> list[Message]:
        return [message for message in self.published if message.subject == subject]

    async def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        self._send(Message(subject, payload, headers))

    async def publish_signal(
        self, subject: str, payload: bytes, decision_id: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        signal = Message(subject, payload, headers, decision_id)
        self._send(signal)
        self._unreported.append(signal)

    def report_records_to(self, records: RecordReports) -> None:
        self._record_reports = records

    async def publish_record(
        self, subject: str, payload: bytes, record_id: str, *, trace: TraceContext | None = None
    ) -> None:
        if not self.connected:
            raise TransportUnavailableError("not connected")
        assert self._record_reports is not None
        assert len(payload) <= self.largest_record
        if self.stream == "keeps":
            self.records.append(DecisionRecord.model_validate_json(payload))
            assert self.records[-1].record_id == record_id
            assert subject.startswith("cio.record.decision.")
            await self._record_reports.acknowledged(record_id)
        elif self.stream == "refuses":
            await self._record_reports.refused(record_id, "the stream is full")

    async def flush(self) -> None:
        if not self.connected:
            raise TransportUnavailableError("not connected")
        signals, self._unreported = self._unreported, []
        for signal in signals:
            await self._report(signal)

    async def _report(self, signal: Message) -> None:
        if self._reports is None or signal.decision_id is None:
            return
        if self.engine is None:
            await self._reports.undelivered(signal.decision_id)
        elif (reply := self.engine(signal)) is not None:
            self._reports.engine_replied(signal.decision_id, reply)

    def _send(self, message: Message) -> None:
        self.before_publish()
        if not self.connected:
            raise TransportUnavailableError("not connected")
        self.published.append(message)


class FakeJournal:
    """A journal in memory; `broken` makes every write fail, `unreadable` every reading."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.broken = False
        self.unreadable = False

    def open(self) -> int:
        return len(self.entries)

    def append(self, entries: Sequence[JournalEntry]) -> None:
        if self.broken:
            raise JournalError("the disk is full")
        self.entries += entries

    def oldest(self, at_most: int) -> Sequence[JournalEntry]:
        if self.unreadable:
            raise JournalError("input/output error")
        return self.entries[:at_most]

    def forget(self, count: int) -> None:
        del self.entries[:count]


class FakeMetrics:
    """Keeps what was counted."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self.verdicts: list[Verdict] = []
        self.signals: Counter[str] = Counter()
        self.engine_replies: Counter[str] = Counter()

    def verdict(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def signal(self, outcome: str) -> None:
        self.signals[outcome] += 1

    def record(self, outcome: str) -> None:
        self.records[outcome] += 1

    def engine_reply(self, status: str) -> None:
        self.engine_replies[status] += 1


async def eventually(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Return once the condition holds; fail if it does not within that time of the loop."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds:g} s"
        await asyncio.sleep(0.001)


@asynccontextmanager
async def following(mirror: Any) -> AsyncIterator[None]:
    """Let a mirror follow its store by itself for as long as the block lasts."""
    running = asyncio.create_task(mirror.run())
    await settled()
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def settled() -> None:
    """Let every task of the loop that can go on do so."""
    for _ in range(50):
        await asyncio.sleep(0)


def _not_json(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
