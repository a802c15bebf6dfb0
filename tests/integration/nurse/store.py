"""Policy and control, written to Redis the way their owner writes them."""

import json
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from petrosa_contracts import Mode
from tests.integration.nurse.fleet import timestamp

POLICY, CONTROL = "cio:policy", "cio:control"
_KEPT = ("orders", "sums", "openings", "settled")
EPOCH, CHANGED = "cio:policy:epoch", "cio:policy:changed"
RESERVED = ("{cio:ledger}:reserved", *(f"{{cio:ledger}}:reserved:{each}" for each in _KEPT))
"""Spelled out on purpose: other languages rely on these names, so a test must not borrow them from the code."""


class Store:
    """Writes as the config authority does: one transaction with the epoch and the announcement."""

    def __init__(self, url: str) -> None:
        self.client = Redis.from_url(url, socket_timeout=5)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def set_policy(self, scope: str, parameters: dict[str, Any], *, version: int = 1, announce: bool = True) -> int:
        """Set one scope's layer and return the new epoch."""
        layer = {
            "scope": scope,
            "version": version,
            "parameters": parameters,
            "updated_at": timestamp(),
            "updated_by": "test",
        }
        return self.write(POLICY, scope, json.dumps(layer), announce=announce)

    def set_control(
        self, scope: str, mode: Mode | str, *, reason: str = "a test", expires_in: float | None = None
    ) -> int:
        """Set one scope's mode and return the new epoch."""
        entry = {
            "mode": str(mode),
            "reason": reason,
            "set_by": "test",
            "set_at": timestamp(),
            "expires_at": None if expires_in is None else timestamp(seconds=expires_in),
        }
        return self.write(CONTROL, scope, json.dumps(entry))

    def write(self, key: str, field: str, value: str | bytes, *, announce: bool = True) -> int:
        """Write any value, readable or not, and return the new epoch."""
        with self.client.pipeline(transaction=True) as together:
            together.hset(key, field, value)
            return self._commit(together, announce=announce)

    def remove(self, key: str, field: str) -> int:
        """Remove one field and return the new epoch."""
        with self.client.pipeline(transaction=True) as together:
            together.hdel(key, field)
            return self._commit(together, announce=True)

    def reset(self) -> int:
        """Leave an empty policy, which is valid, no control entry, no trades, no order on its way; return the epoch."""
        with self.client.pipeline(transaction=True) as together:
            together.delete(POLICY, CONTROL, _trades_today(), *RESERVED)
            return self._commit(together, announce=True)

    def forget(self) -> None:
        """Leave nothing at all, as in a store that nobody has written to yet."""
        self.client.flushdb()

    def trades_of(self, scope: str) -> int:
        """Return how many approved trades of the UTC day the ledger has counted for a scope."""
        return int(self.client.hget(_trades_today(), scope) or 0)

    @staticmethod
    def _commit(together: Any, *, announce: bool) -> int:
        together.incr(EPOCH)
        if announce:
            together.publish(CHANGED, "changed")
        return together.execute()[1]


def _trades_today() -> str:
    return f"{{cio:ledger}}:trades:{datetime.now(UTC).date().isoformat()}"
