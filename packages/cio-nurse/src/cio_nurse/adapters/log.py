"""Structured logs: one JSON object per line on standard output, written off the loop."""

import logging
import os
import queue
import sys
import threading

import structlog
from pydantic_core import to_json

from petrosa_contracts.runtime.event_log import LibraryLog

CAPACITY = 10_000
"""Lines that may wait to be written; beyond that, lines are counted instead of kept."""

_STOP = b""


class LineWriter:
    """Writes lines from a thread, so that a reader who does not read can never hold up a decision."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[bytes] = queue.Queue(CAPACITY)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines found no room."""
        return self._dropped

    def write(self, line: bytes) -> None:
        """Queue a line, or count it as dropped."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self, timeout_seconds: float = 2.0) -> None:
        """Write what waits, for at most that long."""
        try:
            self._lines.put(_STOP, timeout=timeout_seconds)
        except queue.Full:
            return
        self._thread.join(timeout_seconds)

    def _write(self) -> None:
        while (line := self._lines.get()) != _STOP:
            rest = line + b"\n"
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except OSError:
                    return


class _Logger:
    """The innermost structlog logger: hands finished lines to the writer."""

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer

    def msg(self, line: bytes) -> None:
        self._writer.write(line)

    debug = info = warning = error = critical = msg


def configure(level: str, instance: str) -> LineWriter:
    """Set up logging for the process and return its writer, to be closed at the end."""
    writer = LineWriter(sys.stdout.fileno())
    logger = _Logger(writer)
    structlog.configure(
        processors=_processors(instance),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_args: logger,
        cache_logger_on_first_use=True,
    )
    LibraryLog(structlog.get_logger()).attend()
    return writer


def announcer(writer: LineWriter, instance: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger for what has to be read whatever the level, such as the port that was taken."""
    everything = structlog.make_filtering_bound_logger(logging.NOTSET)
    return structlog.wrap_logger(_Logger(writer), processors=_processors(instance), wrapper_class=everything)


def _processors(instance: str) -> list[structlog.typing.Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _render(instance),
    ]


def _render(instance: str) -> structlog.typing.Processor:
    def render(_logger: object, _name: str, event: structlog.typing.EventDict) -> bytes:
        return to_json({"event": event.pop("event"), **event, "instance": instance}, fallback=str)

    return render
