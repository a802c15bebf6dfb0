"""The audit client: what a bot asks before it trades."""

import asyncio
import json
import logging
import math
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Self, cast

from pydantic import TypeAdapter, ValidationError

from petrosa_contracts import subjects
from petrosa_contracts.answer_by import ANSWER_BY
from petrosa_contracts.client.answer import Answer
from petrosa_contracts.client.governance import ENTRIES, BotMode, Governance, Knowledge, mode_named
from petrosa_contracts.client.journal import Journal
from petrosa_contracts.client.judging import MAX_PAYLOAD_BYTES, Proposal, judge, propose
from petrosa_contracts.client.line import Line, NatsLine, NoAnswerError
from petrosa_contracts.control import Mode, strictest
from petrosa_contracts.failsafe import FailSafeLimits
from petrosa_contracts.failsafe_report import FailSafeReport
from petrosa_contracts.heartbeat import GovernanceHeartbeat
from petrosa_contracts.instant import utc_now
from petrosa_contracts.signal import Signal
from petrosa_contracts.verdict import Breach, Decision, Verdict

MARK: Final = "fail_safe"
"""Key in `metadata` that marks a signal which no gate has seen."""

START_SECONDS: Final = 2.0
"""How long entering the client waits for the first connection; a bot starts without it all the same."""

ACKNOWLEDGE_SECONDS: Final = 1.0
"""How long a report, or the first question after connecting, waits for its answer."""

REPORTING_SECONDS: Final = 5.0
"""How long reports are sent in a row, after a heartbeat and when the client is left."""

_IDENTITIES = ("intent_id", "signal_id", "id")
_OBJECT = TypeAdapter(dict[str, Any])

_log = logging.getLogger(__name__)


class AuditClient:
    """Asks the gate for a verdict on every intent; what is not answered in time the fail-safe limits decide.

    An async context manager: it keeps its connection while it is entered, and may be used by any number of tasks of
    that event loop. `deadline_seconds` is what one `ask` takes at most; raises `ValueError` unless it is finite and
    positive. With a `line` of your own, `servers` is not used; both clocks can be given, in seconds and as aware UTC.
    """

    def __init__(
        self,
        servers: str = "nats://localhost:4222",
        *,
        name: str = "petrosa-bot",
        limits: FailSafeLimits | None = None,
        deadline_seconds: float = 0.2,
        heartbeat_subject: str = subjects.HEARTBEAT,
        report_capacity: int = 1_000,
        line: Line | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        utc_clock: Callable[[], datetime] = utc_now,
    ) -> None:
        if not 0 < deadline_seconds < math.inf:
            raise ValueError(f"deadline_seconds must be finite and above 0, not {deadline_seconds}")
        self._limits = limits or FailSafeLimits()
        self._line = line or NatsLine(servers, name=name)
        self._deadline_seconds = float(deadline_seconds)
        self._heartbeat_subject = heartbeat_subject
        self._monotonic = monotonic
        self._utc_clock = utc_clock
        self._governance = Governance(self._limits)
        self._journal = Journal(report_capacity)
        self._reporting = asyncio.Lock()
        self._greeted = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._mode_seen = BotMode.FAIL_SAFE
        self._gate_ahead = 0.0
        """Seconds by which the gate's clock is ahead of this one at least, by its last heartbeat."""

    @property
    def mode(self) -> BotMode:
        """Whether the bot is in fail-safe mode now."""
        return self._governance.mode(self._monotonic())

    @property
    def unreported(self) -> int:
        """How many trades let through wait to be reported."""
        return len(self._journal)

    @property
    def dropped(self) -> int:
        """How many could not be kept for the report since the start."""
        return self._journal.dropped

    async def __aenter__(self) -> Self:
        self._greeted.clear()
        # Kept and awaited in `__aexit__`; a task group would wrap whatever the bot itself raises.
        self._running = asyncio.create_task(
            self._line.run(self._heartbeat_subject, on_message=self._on_heartbeat, on_connected=self._greet)
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._greeted.wait()
        except TimeoutError:
            _log.warning("started_without_connection")
        except BaseException:
            await self._stop()
            raise
        if self._running.done():
            await self._stop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._report()
        finally:
            if len(self._journal) or self._journal.dropped:
                _log.error("fail_safe_unreported waiting=%d dropped=%d", len(self._journal), self._journal.dropped)
            await self._stop()

    async def ask(self, intent: Mapping[str, Any] | Signal, *, equity: Decimal | float | None = None) -> Answer:
        """Return the verdict on an intent, from the gate if it answers in time and from the fail-safe limits if not.

        The gate's answer is obeyed in either mode; of a veto in words that this version does not know, `code` is None
        and `message` says why. `equity` (quote currency) is needed only to value a `position_size_pct` without the
        gate; one that is not finite and positive counts as unknown. An intent without any id gets a `signal_id`. Raises
        `pydantic_core.PydanticSerializationError` for an intent that JSON cannot hold; nothing else.
        """
        received_at, started = self._utc_clock(), self._monotonic()
        proposal = propose(_identified(intent), equity)
        strategy_id, symbol = proposal.text("strategy_id"), proposal.text("symbol")
        try:
            reply = await self._line.request(
                subjects.intent(strategy_id),
                proposal.body,
                seconds=self._deadline_seconds,
                headers={ANSWER_BY: self._waits_until(received_at).isoformat()},
            )
            verdict = _read(reply)
        except NoAnswerError as error:
            reason = str(error)
        except ValidationError:
            reason = "the answer is no verdict"
        else:
            self._governance.answered(
                verdict, strategy_id=strategy_id, symbol=symbol, action=proposal.text("action"), now=self._monotonic()
            )
            return Answer(verdict=verdict, by_fail_safe=False, to_hand_on=None)
        return self._decide(proposal, reason, received_at, started)

    def _waits_until(self, now: datetime) -> datetime:
        """Return when this question has got no answer, by the gate's clock where that is known to be ahead."""
        return now + timedelta(seconds=self._deadline_seconds + self._gate_ahead)

    def _decide(self, proposal: Proposal, reason: str, received_at: datetime, started: float) -> Answer:
        now = self._monotonic()
        strategy_id, symbol = proposal.text("strategy_id"), proposal.text("symbol")
        self._governance.unanswered(reason, now=now)
        self._tell_mode()
        known = self._governance.knowledge(strategy_id=strategy_id, symbol=symbol, now=now)
        breach = judge(proposal, known, self._limits)
        verdict = _verdict(proposal, breach, known, received_at, latency_ms=max(0.0, now - started) * 1000)
        if breach is not None:
            _log.info("fail_safe_refused decision_id=%s reason=%s", verdict.decision_id, verdict.message)
            return Answer(verdict=verdict, by_fail_safe=True, to_hand_on=None)
        if verdict.action in ENTRIES:
            self._governance.entered(symbol)
        _log.warning("fail_safe_let_through decision_id=%s reason=%s", verdict.decision_id, reason)
        self._journal.add(
            FailSafeReport(
                verdict=verdict,
                intent=json.loads(proposal.body) if len(proposal.body) <= MAX_PAYLOAD_BYTES else None,
                reason=reason,
                heartbeat_age_seconds=known.heartbeat_age,
            )
        )
        return Answer(verdict=verdict, by_fail_safe=True, to_hand_on=_marked(proposal.payload, verdict, reason))

    async def _greet(self) -> None:
        """Ask how the gate is, so that a bot knows something before the next pulse."""
        try:
            answer = await self._line.request(subjects.PING, b"", seconds=ACKNOWLEDGE_SECONDS)
        except NoAnswerError as error:
            _log.info("ping_unanswered reason=%s", error)
        else:
            self._hear(answer)
        self._greeted.set()

    async def _on_heartbeat(self, message: bytes) -> None:
        self._hear(message)
        if self.mode is BotMode.NORMAL:
            await self._report()

    def _hear(self, message: bytes) -> None:
        try:
            heartbeat = GovernanceHeartbeat.model_validate_json(message)
        except ValidationError:
            self._governance.heard_unreadable()
        else:
            age = self._utc_clock().timestamp() - heartbeat.timestamp
            self._gate_ahead = max(0.0, -age)
            self._governance.heard(heartbeat, age_on_arrival=max(0.0, age), now=self._monotonic())
        self._tell_mode()

    async def _report(self) -> None:
        """Send what waits, oldest first, until one is not acknowledged or time is up."""
        async with self._reporting:
            until = self._monotonic() + REPORTING_SECONDS
            while (report := self._journal.oldest()) is not None and self._monotonic() < until:
                if not await self._is_recorded(report):
                    return
                self._journal.acknowledged()

    async def _is_recorded(self, report: FailSafeReport) -> bool:
        try:
            answer = await self._line.request(
                subjects.failsafe_report(report.verdict.strategy_id or ""),
                report.model_dump_json().encode(),
                seconds=ACKNOWLEDGE_SECONDS,
                headers={"Nats-Msg-Id": report.verdict.decision_id},
            )
        except NoAnswerError as error:
            _log.warning("fail_safe_report_unacknowledged waiting=%d reason=%s", len(self._journal), error)
            return False
        if _is_refusal(answer):
            _log.warning("fail_safe_report_refused waiting=%d", len(self._journal))
            return False
        return True

    def _tell_mode(self) -> None:
        mode = self.mode
        if mode is not self._mode_seen:
            self._mode_seen = mode
            if mode is BotMode.FAIL_SAFE:
                _log.warning("fail_safe_entered reason=%s", self._governance.reason)
            else:
                _log.warning("fail_safe_left waiting=%d dropped=%d", len(self._journal), self._journal.dropped)

    async def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait((running,))
            if not running.cancelled():
                running.result()


def _identified(intent: Mapping[str, Any] | Signal) -> Mapping[str, Any]:
    payload = intent.model_dump(mode="json") if isinstance(intent, Signal) else intent
    if any(payload.get(name) for name in _IDENTITIES):
        return payload
    # Should the gate approve late what the bot has handed on by then, the engine can tell that it is the same.
    return {**payload, "signal_id": secrets.token_hex(16)}


def _read(reply: bytes) -> Verdict:
    """Return the gate's verdict. Raises `ValidationError` for anything else.

    A veto that a later gate words with a code or a mode of its own is a veto all the same.
    """
    try:
        return Verdict.model_validate_json(reply)
    except ValidationError:
        said = _OBJECT.validate_json(reply)
        if said.get("verdict") != Decision.VETOED:
            raise
        return Verdict.model_validate({**said, "code": None, "breaches": (), "mode": mode_named(said.get("mode"))})


def _verdict(
    proposal: Proposal, breach: Breach | None, known: Knowledge, received_at: datetime, *, latency_ms: float
) -> Verdict:
    signal_ids = (proposal.text(name) for name in ("signal_id", "id", "intent_id"))
    return Verdict(
        decision_id=secrets.token_hex(16),
        verdict=Decision.APPROVED if breach is None else Decision.VETOED,
        code=None if breach is None else breach.code,
        message="The gate did not answer; within the fail-safe limits." if breach is None else breach.message,
        breaches=() if breach is None else (breach,),
        mode=Mode.BLIND if known.mode is None else strictest(Mode.CONSERVATIVE, known.mode),
        epoch=known.epoch,
        strategy_id=proposal.text("strategy_id") or None,
        symbol=proposal.text("symbol") or None,
        action=proposal.text("action") or None,
        signal_id=next(filter(None, signal_ids), None),
        received_at=received_at,
        latency_ms=latency_ms,
    )


def _marked(payload: Mapping[str, Any], verdict: Verdict, reason: str) -> dict[str, Any]:
    metadata: object = payload.get("metadata")
    notes = cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}
    mark = {"decision_id": verdict.decision_id, "decided_at": verdict.received_at.isoformat(), "reason": reason}
    return {**payload, "decision_id": verdict.decision_id, "metadata": {**notes, MARK: mark}}


def _is_refusal(answer: bytes) -> bool:
    """Whether it is JetStream's word that the report was not kept. Any other answer acknowledges it."""
    try:
        said: object = json.loads(answer)
    except ValueError:
        return False
    return isinstance(said, dict) and "error" in said
