"""The append-only log: one JSON object a line, handed to the system before the next thing happens."""

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from canary.clock import Clock

MENTION_SECONDS = 3.0


class Journal:
    """Writes every event to a file that is only ever appended to, and tells the person the ones meant for them.

    A disk that cannot be written must not keep anything open: the failure is said once, and work goes on.
    """

    def __init__(self, path: Path | None, *, run: str, clock: Clock, say: Callable[[str], None]) -> None:
        self.path = path
        self._run = run
        self._clock = clock
        self._say = say
        self._lock = threading.Lock()
        self._mentioned_at = clock.monotonic() - MENTION_SECONDS

    def write(self, event: str, **fields: object) -> None:
        """Append one event with its time and the run's name."""
        moment = datetime.fromtimestamp(self._clock.epoch(), UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": moment, "run": self._run, "event": event, **fields}, default=str) + "\n"
        with self._lock:
            self._append(line)

    def tell(self, sentence: str) -> None:
        """Say a sentence to the person, and keep it."""
        self.write("said", text=sentence)
        with self._lock:
            self._say(sentence)

    def mention(self, sentence: str) -> None:
        """Say a sentence unless something like it was said just now: of what many requests meet at once."""
        now = self._clock.monotonic()
        with self._lock:
            if now - self._mentioned_at >= MENTION_SECONDS:
                self._mentioned_at = now
                self._say(sentence)

    def _append(self, line: str) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            self._say(f"The log {self.path} cannot be written ({error}); going on without it.")
            self.path = None
