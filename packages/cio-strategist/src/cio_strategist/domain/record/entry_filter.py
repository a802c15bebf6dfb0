"""What people look for in the chain."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted. None: any."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    strategy: str | None = None
    symbol: str | None = None
    verdict: str | None = None
    code: str | None = None
