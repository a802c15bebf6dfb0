"""What people look for in the chain."""

from dataclasses import dataclass
from datetime import datetime

from cio_strategist.domain.span import check_span


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted. None: any."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    strategy: str | None = None
    symbol: str | None = None
    signal: str | None = None
    """What the intent is called by in its verdict: its `signal_id`, else `id`, else `intent_id`."""
    verdict: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        """Raise `UsageError` if nothing lies between `since` and `until`."""
        check_span(self.since, self.until)
