"""Structured logs: one JSON object per line."""

import logging
from typing import TextIO

import structlog
from pydantic_core import to_json

from petrosa_contracts.runtime.event_log import LibraryLog


def configure(level: str, stream: TextIO) -> None:
    """Set up logging for the process: events from `level` on, as JSON lines on `stream`."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
    )
    LibraryLog(structlog.get_logger()).attend()


def _render(_logger: object, _name: str, event: structlog.typing.EventDict) -> str:
    return to_json({"event": event.pop("event"), **event}, fallback=str).decode()
