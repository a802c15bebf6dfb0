"""Identities: of intents, which make two messages the same request, and of decisions."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

_ID_FIELDS = ("intent_id", "signal_id", "id")
_SEPARATOR = "\x00"
_DIGEST_BYTES = 16


def new_decision_id() -> str:
    """Return 32 hexadecimal digits that no other decision has."""
    return secrets.token_hex(16)


def identity_of(payload: Mapping[str, Any], raw: bytes) -> str:
    """Return 32 hexadecimal digits that are the same for the same request.

    The first of `intent_id`, `signal_id` and `id` that is given counts, together with strategy and action: bots use
    the same id for different strategies, and an exit must not be refused because its entry carried the same id.
    Without an id, the bytes of the payload count.
    """
    for name in _ID_FIELDS:
        value = payload.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            strategy_id = str(payload["strategy_id"])
            # The length keeps apart what a separator within a strategy id or an id would make alike.
            named = _SEPARATOR.join((str(payload["action"]), str(len(strategy_id)), strategy_id, str(value)))
            return _digest(named.encode())
    return _digest(raw)


def signal_id_of(payload: Mapping[str, Any]) -> str | None:
    """Return the id to name in a verdict: `signal_id`, else `id`, else `intent_id`, where given as text."""
    for name in ("signal_id", "id", "intent_id"):
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()
