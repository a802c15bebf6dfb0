"""Realistic intents as bytes, made cheaply: each is a finished text in which only the id and the time are replaced."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from petrosa_contracts import subjects

Kind = Literal["approved", "vetoed", "mixed", "exits"]
"""What a stream of intents is made of; `mixed` is one approval and one veto in turn."""

STRATEGIES = 150
"""Each may make `MAX_DAILY_TRADES` trades a day, so together they carry more approvals than a run sends."""

MAX_DAILY_TRADES = 10_000
"""The most that the catalogue allows for one scope."""

ID = "@id@"
INSTANT = "@at@"

PRICES = {
    "BTCUSDT": 50_000.0,
    "ETHUSDT": 3_000.0,
    "BNBUSDT": 600.0,
    "SOLUSDT": 142.0,
    "XRPUSDT": 2.5,
    "ADAUSDT": 0.8,
    "LINKUSDT": 18.0,
    "AVAXUSDT": 35.0,
}
"""Symbols of the intents, each with the price that they name."""

EQUITY = 10**12
"""Of the portfolio, USD: room for all that a run approves and that counts for a minute each."""

_ORDER_VALUE = 250.0
_ID_BITS = 128
_SPAN_BITS = 64


def strategy_names() -> Sequence[str]:
    """Return the ids of the strategies that send the intents."""
    return [f"bench_{number:03d}" for number in range(STRATEGIES)]


class Intents:
    """An endless stream of intents of one kind: fresh ids, several strategies and symbols, two bots' payload forms."""

    def __init__(self, kind: Kind) -> None:
        kinds: Sequence[Kind] = ("approved", "vetoed") if kind == "mixed" else (kind,)
        self._templates = [
            (subjects.intent(strategy), json.dumps(_payload(kinds[place % len(kinds)], strategy, place)).encode())
            for place, strategy in enumerate(strategy_names())
        ]
        self._sent = 0

    def next(self, instant: str) -> tuple[str, bytes]:
        """Return subject and payload of the next intent, dated `instant` (ISO 8601)."""
        subject, template = self._templates[self._sent % STRATEGIES]
        self._sent += 1
        # Each digit is random: reading a payload may cost more or less with what its ids look like.
        fresh_id = b"%032x" % random.getrandbits(_ID_BITS)
        return subject, template.replace(ID.encode(), fresh_id).replace(INSTANT.encode(), instant.encode())


def _payload(kind: Kind, strategy: str, place: int) -> Mapping[str, Any]:
    symbol, price = list(PRICES.items())[place % len(PRICES)]
    # Kinds alternate with the place, so forms and sides change only every second and fourth.
    form = _analysis_bot if place // 2 % 2 else _realtime_bot
    action = "close" if kind == "exits" else ("buy", "sell")[place // 4 % 2]
    confidence = 0.21 if kind == "vetoed" else 0.82
    return form(strategy, symbol, action, price, confidence)


def _analysis_bot(strategy: str, symbol: str, action: str, price: float, confidence: float) -> Mapping[str, Any]:
    """Return the form that leaves the amount to the engine and carries the older trace field."""
    return {
        "strategy_id": strategy,
        "symbol": symbol,
        "action": action,
        "confidence": confidence,
        "current_price": price,
        "price": price,
        "strategy_mode": "deterministic",
        "strength": "strong",
        "quantity": 0.0,
        "source": "ta_bot",
        "strategy": strategy,
        "metadata": {"channel": {"high": price * 1.01, "low": price * 0.97}, "gap": None, "bars": 20},
        "timeframe": "4h",
        "order_type": "market",
        "time_in_force": "GTC",
        "position_size_pct": _ORDER_VALUE / EQUITY,
        **_stops(action, price),
        "timestamp": INSTANT,
        "recommended_leverage": 3,
        "intent_id": ID,
        "signal_id": f"sig-{ID}",
        "_otel_trace_headers": _trace(),
    }


def _realtime_bot(strategy: str, symbol: str, action: str, price: float, confidence: float) -> Mapping[str, Any]:
    """Return the form that names its quantity and carries the newer trace field."""
    return {
        "id": ID,
        "signal_id": ID,
        "strategy_id": strategy,
        "strategy_mode": "deterministic",
        "symbol": symbol,
        "action": action,
        "confidence": confidence,
        "strength": "strong",
        "price": price,
        "quantity": round(_ORDER_VALUE / price, 3),
        "current_price": price,
        "target_price": price,
        "source": "realtime_strategies",
        "strategy": strategy,
        "metadata": {"drift_bps": 6.5, "window": 90},
        "timeframe": "5m",
        "order_type": "market",
        "time_in_force": "GTC",
        "signal_type": action,
        "confidence_score": confidence,
        **_stops(action, price),
        "timestamp": INSTANT,
        "_otel_trace_context": _trace(),
    }


def _trace() -> Mapping[str, str]:
    return {"traceparent": f"00-{random.getrandbits(_ID_BITS):032x}-{random.getrandbits(_SPAN_BITS):016x}-01"}


def _stops(action: str, price: float) -> Mapping[str, float | None]:
    if action == "close":
        return dict.fromkeys(("stop_loss", "stop_loss_pct", "take_profit", "take_profit_pct"))
    towards = 1 if action == "buy" else -1
    return {
        "stop_loss": price * (1 - 0.02 * towards),
        "stop_loss_pct": 0.02,
        "take_profit": price * (1 + 0.04 * towards),
        "take_profit_pct": 0.04,
    }
