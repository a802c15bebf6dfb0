"""The log that whoever uses the library's services passes in."""

from typing import Any, Protocol


class EventLog(Protocol):
    """A log of structured events, such as structlog's: an event by its name, what belongs to it as fields."""

    def info(self, event: str, **fields: Any) -> Any:
        """Log what is as it should be."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Log what somebody should look at."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Log what has gone wrong."""
        ...
