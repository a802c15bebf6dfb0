"""Values for tests of the gate: each builder returns something the gate approves of, changed as asked for."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from cio_decision.context import Context
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.intent import Intent
from cio_nurse.ports import Claim
from cio_nurse.service.lanes import Arrival
from petrosa_contracts import ControlEntry, Mode, PolicyLayer, ResolvedPolicy, ScopedControl, Side, resolve
from petrosa_contracts.parameters import validate_patch

NOW = datetime(2026, 2, 25, 12, 0, 5, 500_000, tzinfo=UTC)
TODAY = NOW.date()
DECISION = "0123456789abcdef0123456789abcdef"
SYMBOL = "BTCUSDT"
STRATEGY = "momentum_v1"
ABSENT = object()
"""As the value of an override: leave the field out."""


def payload(**overrides: Any) -> dict[str, Any]:
    """Return a buy of 0.01 BTCUSDT at 50,000 (500 USD), dated now."""
    fields = {
        "strategy_id": STRATEGY,
        "strategy": "momentum",
        "source": "test_bot",
        "intent_id": "intent-1",
        "symbol": SYMBOL,
        "action": "buy",
        "confidence": 0.9,
        "price": 50_000.0,
        "current_price": 50_000.0,
        "quantity": 0.01,
        "timestamp": NOW.isoformat(),
        **overrides,
    }
    return {name: value for name, value in fields.items() if value is not ABSENT}


def raw(**overrides: Any) -> bytes:
    """Return that payload as bytes."""
    return json.dumps(payload(**overrides)).encode()


def intent(**overrides: Any) -> Intent:
    """Return that payload as the gate reads it."""
    read = decode(raw(**overrides), PayloadLimits())
    assert not isinstance(read, Unreadable), read.breaches
    return read


def layer(scope: str, *, version: int = 3, **parameters: Any) -> PolicyLayer:
    """Return a layer of policy; its parameters must be ones that could have been stored."""
    assert not validate_patch(parameters), validate_patch(parameters)
    return PolicyLayer(scope=scope, version=version, parameters=parameters, updated_by="test")


def policy(*, scope: str = "global", version: int = 3, side: Side | None = Side.LONG, **values: Any) -> ResolvedPolicy:
    """Return the policy of an order of `intent()` where one scope sets the values and the rest is default."""
    layers = {scope: layer(scope, version=version, **values)} if values else {}
    return resolve(layers, symbol=SYMBOL, strategy_id=STRATEGY, side=side)


def context(**overrides: Any) -> Context:
    """Return the context of a decision at `NOW`, ACTIVE, under the default policy, with nothing in the ledger."""
    fields: dict[str, Any] = {
        "decision_id": DECISION,
        "now": NOW,
        "received_at": NOW,
        "policy": policy(),
        "epoch": 7,
        **overrides,
    }
    return Context(**fields)


def control_entry(mode: Mode, **overrides: Any) -> ControlEntry:
    """Return a control entry of an operator."""
    return ControlEntry(**{"mode": mode, "reason": "exchange incident", "set_by": "ops", **overrides})


def control(mode: Mode, *, scope: str = "global", **overrides: Any) -> ScopedControl:
    """Return the control entry that decides for an intent."""
    return ScopedControl(scope, control_entry(mode, **overrides))


def arrival(read: Intent | None = None, *, at: datetime = NOW, arrived: float = 0.0, **fields: Any) -> Arrival:
    """Return an intent as it came, with a reply subject of its own."""
    found = read or intent()
    reply = fields.pop("reply", f"_INBOX.{found.signal_id}")
    return Arrival(found, reply, fields.pop("trace", None), fields.pop("headers", None), at, arrived, **fields)


def claim(identity: str = "identity-1", decision_id: str = DECISION, **overrides: Any) -> Claim:
    """Return a claim of an entry that counts for its strategy and may do so without limit."""
    fields: dict[str, Any] = {"scopes": ("global", f"strategy:{STRATEGY}"), "limited_scope": f"strategy:{STRATEGY}"}
    return Claim(identity=identity, decision_id=decision_id, **{**fields, **overrides})


def exit_claim(identity: str = "identity-1", decision_id: str = DECISION) -> Claim:
    """Return a claim of an exit, which counts as no trade."""
    return Claim(identity=identity, decision_id=decision_id)


def stored_policy(*layers: PolicyLayer) -> dict[str, bytes]:
    """Return layers as the store keeps them."""
    return {each.scope: each.model_dump_json().encode() for each in layers}


def stored_control(**entries: ControlEntry) -> dict[str, bytes]:
    """Return control entries as the store keeps them; `symbol_BTCUSDT` stands for the scope `symbol:BTCUSDT`."""
    return {key.replace("_", ":", 1): entry.model_dump_json().encode() for key, entry in entries.items()}


def trades(day: date, **counts: int) -> Mapping[date, dict[str, int]]:
    """Return trade counts of one UTC day as the store keeps them, keys as in `stored_control`."""
    return {day: {key.replace("_", ":", 1): count for key, count in counts.items()}}


def codes(found: Sequence[Any]) -> list[str]:
    """Return the codes of breaches, in order."""
    return [str(breach.code) for breach in found]
