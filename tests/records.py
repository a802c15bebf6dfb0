"""Recorded decisions, made by the real gates."""

from collections.abc import Mapping
from typing import Any

from cio_decision.context import Context
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import conclude, examine, refuse
from cio_decision.record_writing import Origin, record_json
from petrosa_contracts import Mode, PolicyLayer, Verdict, resolve
from petrosa_contracts.record import DecisionRecord
from tests.builders import DECISION, NOW, STRATEGY, SYMBOL, context, layer, raw

LIMITS = PayloadLimits()


def origin_of(sent: bytes) -> Origin:
    """Return how a payload came to a gate."""
    return Origin(
        raw=sent,
        subject=f"cio.intent.trading.{STRATEGY}",
        headers={},
        limits=LIMITS,
        instance="nurse-1",
        version="0.1.0",
        primal_digest=None,
        trace_id=DECISION,
    )


def recorded(
    *layers: PolicyLayer, decision_id: str = DECISION, circumstances: Mapping[str, Any] | None = None, **fields: Any
) -> DecisionRecord:
    """Return the record of a decision on `builders.payload` with these fields, under these layers of policy."""
    sent = raw(**fields)
    intent = decode(sent, LIMITS)
    if isinstance(intent, Unreadable):
        return _read(record_json(origin_of(sent), refused(intent, decision_id)))
    policy = resolve(
        {each.scope: each for each in layers},
        symbol=intent.signal.symbol,
        strategy_id=intent.signal.strategy_id,
        side=intent.side,
    )
    known: Context = context(decision_id=decision_id, policy=policy, **(circumstances or {}))
    findings = examine(intent, known)
    verdict = conclude(intent, known, findings, latency_ms=0.4)
    return _read(record_json(origin_of(sent), verdict, known, findings))


def _read(written: bytes) -> DecisionRecord:
    return DecisionRecord.model_validate_json(written)


def refused(unreadable: Unreadable, decision_id: str = DECISION) -> Verdict:
    """Return the verdict on a payload that could not be read."""
    return refuse(unreadable, decision_id=decision_id, mode=Mode.ACTIVE, epoch=7, received_at=NOW, latency_ms=0.1)


def small_orders(version: int = 4, **parameters: Any) -> PolicyLayer:
    """Return a layer that allows orders of 100 USD at most."""
    return layer("global", version=version, **{"max_position_size_usd": 100.0, **parameters})


__all__ = ["LIMITS", "STRATEGY", "SYMBOL", "origin_of", "recorded", "refused", "small_orders"]
