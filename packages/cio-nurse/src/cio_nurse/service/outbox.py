"""The outbox: signals and verdicts on their way out."""

from typing import Protocol

import structlog
from pydantic_core import to_json

from cio_nurse.domain.dialects import Dialect
from cio_nurse.errors import TransportUnavailableError
from cio_nurse.ports import Transport
from cio_nurse.service.lanes import Arrival
from petrosa_contracts import Verdict, subjects, tracing

_log = structlog.stdlib.get_logger()


class VerdictMetrics(Protocol):
    """Counting what leaves."""

    def verdict(self, verdict: Verdict) -> None:
        """Count a verdict and its latency."""
        ...

    def signal(self, outcome: str) -> None:
        """Count a signal by what became of it: `published` or `not_connected`."""
        ...


class VerdictWatch(Protocol):
    """Who draws conclusions from verdicts."""

    def decided(self, verdict: Verdict) -> None:
        """Note a verdict that is told; of an approval, that its signal has left."""
        ...


class Outbox:
    """Publishes approved signals and answers every intent.

    A signal goes out before its verdict, so that an approval is never announced that did not leave. Every verdict
    goes to the sender, if it asked, and to the strategy's verdict subject.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        dialect: Dialect,
        signals: str,
        metrics: VerdictMetrics,
        watch: VerdictWatch | None = None,
    ) -> None:
        self._transport = transport
        self._dialect = dialect
        self._signals = signals
        self._metrics = metrics
        self._watch = watch

    async def approve(self, arrival: Arrival, verdict: Verdict) -> bool:
        """Publish the signal, then the verdict; return whether the signal left."""
        intent = arrival.intent
        trace = arrival.trace or tracing.of_decision(verdict.decision_id)
        outgoing = self._dialect(intent, self._signals, verdict.decision_id, trace, verdict.received_at)
        headers = trace.carrier() if arrival.message.headers else None
        try:
            await self._transport.publish_signal(
                outgoing.subject, to_json(outgoing.payload), verdict.decision_id, headers=headers
            )
        except TransportUnavailableError as error:
            self._metrics.signal("not_connected")
            _log.error("signal_not_published", reason=str(error), **_named(verdict))
            return False
        self._metrics.signal("published")
        _log.debug("intent_approved", latency_ms=verdict.latency_ms, **_named(verdict))
        await self._send(verdict, arrival.message.reply)
        return True

    async def veto(self, verdict: Verdict, reply: str) -> None:
        """Tell why there is no signal."""
        _log.info("intent_vetoed", code=verdict.code, reason=verdict.message, mode=verdict.mode, **_named(verdict))
        await self._send(verdict, reply)

    async def _send(self, verdict: Verdict, reply: str) -> None:
        self._metrics.verdict(verdict)
        if self._watch is not None:
            self._watch.decided(verdict)
        body = to_json(verdict)
        try:
            if reply:
                await self._transport.publish(reply, body)
            await self._transport.publish(subjects.verdict(verdict.strategy_id or ""), body)
        except TransportUnavailableError as error:
            _log.warning("verdict_not_published", reason=str(error), **_named(verdict))


def _named(verdict: Verdict) -> dict[str, str | None]:
    return {
        "decision_id": verdict.decision_id,
        "strategy_id": verdict.strategy_id,
        "symbol": verdict.symbol,
        "action": verdict.action,
        "signal_id": verdict.signal_id,
    }
