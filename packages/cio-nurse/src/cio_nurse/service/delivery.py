"""Delivery: whether anybody takes the signals that were approved."""

from typing import Protocol

import structlog
from pydantic import BaseModel, ValidationError

from cio_nurse.service.ledger import Ledger

_log = structlog.stdlib.get_logger()


class DeliveryMetrics(Protocol):
    """Counting what became of signals."""

    def signal(self, outcome: str) -> None:
        """Count a signal that met no consumer (`undelivered`)."""
        ...

    def engine_reply(self, status: str) -> None:
        """Count an engine's reply by its status."""
        ...


class DeliveryWatch(Protocol):
    """Who draws conclusions from what becomes of signals."""

    def undelivered(self, decision_id: str) -> None:
        """Note that nobody took a signal."""
        ...

    def engine_replied(self, decision_id: str) -> None:
        """Note that an engine replied to one."""
        ...


class _EngineReply(BaseModel):
    status: str = "unreadable"
    error: str | None = None


class Delivery:
    """Notices signals that met no consumer, and what engines answer to the others."""

    def __init__(self, *, ledger: Ledger, metrics: DeliveryMetrics, watch: DeliveryWatch) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._watch = watch

    async def undelivered(self, decision_id: str) -> None:
        """Note that nobody took the signal of a decision, and free its place in the ledger."""
        self._watch.undelivered(decision_id)
        self._metrics.signal("undelivered")
        _log.error("signal_undelivered", decision_id=decision_id, reason="no consumer on the signals subject")
        await self._ledger.undo(decision_id)

    def engine_replied(self, decision_id: str, data: bytes) -> None:
        """Note an engine's reply to a signal; an error among them is a signal that was not executed."""
        self._watch.engine_replied(decision_id)
        try:
            reply = _EngineReply.model_validate_json(data)
        except ValidationError:
            reply = _EngineReply()
        status = reply.status if reply.status in {"processed", "error"} else "unreadable"
        self._metrics.engine_reply(status)
        if status != "processed":
            _log.warning("engine_refused_signal", decision_id=decision_id, status=status, error=reply.error)
