"""The journal: records on this machine's disk while the stream does not take them."""

import base64
import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import structlog

from cio_nurse.errors import JournalError
from cio_nurse.ports import JournalEntry

SUFFIX = ".journal"
_OWNER_ONLY = 0o700

_log = structlog.stdlib.get_logger()


class FileJournal:
    """An append-only file of JSON lines, synced to disk with every append, emptied when all of it is delivered.

    Each gate has a file of its own, held by a lock for as long as it lives. What earlier gates left behind in the
    folder is taken over at the start. A line that cannot be read, such as one that was half written when its gate died,
    is left out and logged. All methods block, so they are called in threads.
    """

    def __init__(self, folder: Path, instance: str, *, max_bytes: int) -> None:
        self._folder = folder
        self._path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', instance)}{SUFFIX}"
        self._max_bytes = max_bytes
        self._file: IO[bytes] | None = None
        self._delivered = 0
        self._turn = threading.Lock()

    def open(self) -> int:
        """Take over what earlier gates left behind and return how many records wait. Says so if that cannot be."""
        with self._turn:
            try:
                self._take_over()
                # Made now, so that a folder that cannot be written is known before it is needed.
                return len(list(self._waiting()))
            except OSError as error:
                _log.error("journal_unusable", folder=str(self._folder), error=str(error))
                return 0

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Write records and return when they are on the disk. Raises `JournalError` when full or not writable."""
        with self._turn:
            try:
                self._write(b"".join(map(_line, entries)))
            except OSError as error:
                raise JournalError(f"the journal {self._path} cannot be written: {error}") from error

    def oldest(self, at_most: int) -> Sequence[JournalEntry]:
        """Return the oldest records that are not delivered. Raises `JournalError` when it cannot be read."""
        with self._turn:
            try:
                return [entry for (entry, _), _ in zip(self._waiting(), range(at_most), strict=False)]
            except OSError as error:
                raise JournalError(f"the journal {self._path} cannot be read: {error}") from error

    def forget(self, count: int) -> None:
        """Note that the oldest records are delivered; empties the file when none is left.

        Raises `JournalError` when that cannot be.
        """
        with self._turn:
            try:
                ends = [end for (_, end), _ in zip(self._waiting(), range(count), strict=False)]
                self._delivered = ends[-1]
                file = self._opened()
                if self._delivered == file.seek(0, os.SEEK_END):
                    file.truncate(0)
                    os.fsync(file.fileno())
                    self._delivered = 0
            except OSError as error:
                raise JournalError(f"the journal {self._path} cannot be emptied: {error}") from error

    def close(self) -> None:
        """Let go of the file; one that holds nothing is removed."""
        with self._turn:
            if self._file is not None:
                # Removed while it is locked: whoever opens the path later makes a file of its own.
                if self._file.seek(0, os.SEEK_END) == 0:
                    self._path.unlink(missing_ok=True)
                self._file.close()
                self._file = None

    def _write(self, lines: bytes) -> None:
        file = self._opened()
        size = file.seek(0, os.SEEK_END)
        if size + len(lines) > self._max_bytes:
            raise JournalError(f"the journal {self._path} would grow beyond {self._max_bytes} bytes")
        try:
            _write_through(file.fileno(), lines)
        except OSError:
            # Half a line would become part of the next one.
            os.ftruncate(file.fileno(), size)
            raise

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            # Records hold what bots and portfolio are about: nobody else's to read.
            self._folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            file = _locked(self._path, "a+b")
            _end_last_line(file)
            self._file = file
        return self._file

    def _waiting(self) -> Iterator[tuple[JournalEntry, int]]:
        """Yield what is not delivered, each with where it ends in the file."""
        file = self._opened()
        file.seek(self._delivered)
        end = self._delivered
        for line in file:
            end += len(line)
            if (entry := _entry(line)) is not None:
                yield entry, end

    def _take_over(self) -> None:
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path == self._path:
                continue
            try:
                self._take_over_from(path)
            except (BlockingIOError, FileNotFoundError):
                continue  # its gate lives, or another one took it over
            except (JournalError, OSError) as error:
                _log.error("journal_not_taken_over", path=str(path), error=str(error))

    def _take_over_from(self, path: Path) -> None:
        with _locked(path, "rb") as left:
            if entries := [entry for entry in map(_entry, left) if entry is not None]:
                self._write(b"".join(map(_line, entries)))
                _log.warning("journal_taken_over", path=str(path), records=len(entries))
            path.unlink()


def _locked(path: Path, mode: str) -> IO[bytes]:
    """Open a journal and lock it. Raises `BlockingIOError` while another gate holds it."""
    while True:
        with ExitStack() as unless_returned:
            file = unless_returned.enter_context(path.open(mode))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between opening and locking another gate may have taken it over: then this file is at no path any more.
            if _is_at(path, file):
                unless_returned.pop_all()
                return file


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _write_through(number: int, content: bytes) -> None:
    """Write all of it to disk, past the buffer: that would keep what found no room, and write it some time later."""
    left = memoryview(content)
    while left:
        left = left[os.write(number, left) :]
    os.fsync(number)


def _end_last_line(file: IO[bytes]) -> None:
    """End a line that was half written when a gate died, so that the next one does not become part of it."""
    if (size := file.seek(0, os.SEEK_END)) > 0:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")


def _line(entry: JournalEntry) -> bytes:
    written = {
        "record_id": entry.record_id,
        "subject": entry.subject,
        "payload": base64.b64encode(entry.payload).decode(),
    }
    return json.dumps(written).encode() + b"\n"


def _entry(line: bytes) -> JournalEntry | None:
    """Read one line; None, and an error in the log, for one that cannot be read."""
    try:
        written = json.loads(line)
        return JournalEntry(written["record_id"], written["subject"], base64.b64decode(written["payload"]))
    except (ValueError, KeyError, TypeError):
        _log.error("journal_line_unreadable", line=line[:80].decode(errors="replace"))
        return None
