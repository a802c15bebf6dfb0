"""The time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, which tests set."""

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        ...
