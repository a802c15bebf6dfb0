"""The real clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Time as the operating system tells it."""

    def now(self) -> datetime:
        """Return the current instant, aware UTC."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.perf_counter()
