"""The log that whoever uses the library's services passes in, and what other libraries log."""

import logging
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


class LibraryLog(logging.Handler):
    """Passes on to a log of events what libraries log by Python's `logging`, from warnings on.

    The event is `library_log`, with the name of the `logger` and the `message`.
    """

    def __init__(self, log: EventLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        tell = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        try:
            tell("library_log", logger=record.name, message=record.getMessage(), exc_info=record.exc_info)
        except Exception:  # noqa: BLE001  a handler never raises into what logs
            self.handleError(record)

    def attend(self) -> None:
        """Listen to every logger of the process, unless somebody already does."""
        logging.basicConfig(handlers=[self], level=logging.WARNING)
