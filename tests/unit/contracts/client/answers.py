"""Answers of a gate, and the intents they are about."""

from datetime import UTC, datetime
from typing import Any

from petrosa_contracts import Code, Decision, GovernanceHeartbeat, GovernanceStatus, Mode, Verdict

START = datetime(2026, 2, 25, 12, tzinfo=UTC)


def heartbeat(**changed: Any) -> GovernanceHeartbeat:
    """Return a healthy pulse made at `START`, changed as asked for."""
    return GovernanceHeartbeat.model_validate(
        {
            "status": GovernanceStatus.GOVERNANCE_ACTIVE,
            "mode": "ACTIVE",
            "timestamp": START.timestamp(),
            "version": "1.0.0",
            "instance": "gate-1",
            "epoch": 7,
            **changed,
        }
    )


def verdict(decision: Decision = Decision.APPROVED, *, mode: Mode = Mode.ACTIVE) -> Verdict:
    """Return a gate's verdict."""
    return Verdict(
        decision_id="0f" * 16,
        verdict=decision,
        code=None if decision is Decision.APPROVED else Code.CONFIDENCE_LOW,
        message="As decided.",
        breaches=(),
        mode=mode,
        epoch=7,
        strategy_id="momentum_v1",
        symbol="BTCUSDT",
        action="buy",
        signal_id=None,
        received_at=START,
        latency_ms=0.5,
    )


def intent(**changed: Any) -> dict[str, Any]:
    """Return a small buy, changed as asked for."""
    return {
        "strategy_id": "momentum_v1",
        "strategy": "momentum",
        "source": "test_bot",
        "intent_id": "i-1",
        "symbol": "BTCUSDT",
        "action": "buy",
        "confidence": 0.9,
        "price": 50000.0,
        "current_price": 50000.0,
        "quantity": 0.01,
        "timestamp": START.isoformat(),
        **changed,
    }
