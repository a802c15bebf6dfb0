"""What the exchange's process is told when it starts."""

import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

DEFAULT_KEY = "devstack-api-key"
DEFAULT_SECRET = "devstack-api-secret"  # noqa: S105 - it opens nothing but a simulation on loopback


@dataclass(frozen=True, slots=True)
class Settings:
    """How an exchange begins; `start` is milliseconds since the epoch, None for the machine's running clock."""

    seed: int
    start: int | None
    balance: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    api_key: str
    api_secret: str
    weight_limit: int

    def write(self, path: Path) -> None:
        """Write them for `read`, for the owner's eyes only."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` has written."""
        fields: dict[str, Any] = json.loads(path.read_text())
        for name in ("balance", "maker_fee", "taker_fee"):
            fields[name] = Decimal(fields[name])
        return cls(**fields)
