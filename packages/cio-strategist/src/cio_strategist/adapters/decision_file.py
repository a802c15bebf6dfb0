"""Recorded decisions in a file of JSON Lines: an export of the chain, or records as the gate publishes them."""

import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel, ConfigDict, ValidationError

from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.errors import UsageError
from cio_strategist.ports import BATCH
from petrosa_contracts import Verdict

STANDARD_INPUT = Path("-")

_DECISION = "decision"


class _Line(BaseModel):
    """A line of an export, or a record, whichever it is."""

    model_config = ConfigDict(extra="ignore")

    kind: str | None = None
    body: str | dict[str, Any] | None = None


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore")

    verdict: Verdict
    withdraws: bool = False


class DecisionFile:
    """`DecisionArchive` on a file, or on standard input, which can be read once. Entries of other kinds are skipped.

    What cannot be read as either is handed out as it is, so that it is counted where decisions are made again; but not
    where a filter asks what it is about.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def outcome_of(self, decision_id: str) -> str | None:
        """Return the record of a decision; the one that withdraws it, if there is one."""
        found: str | None = None
        for body in self._records():
            if decision_id in body and (record := _read(body)) and record.verdict.decision_id == decision_id:
                if record.withdraws:
                    return body
                found = body
        return found

    async def count(self, wanted: DecisionFilter, *, limit: int | None) -> int | None:  # noqa: ARG002  as the port
        """Return None: how many there are is known at the end."""
        return None

    async def bodies(self, wanted: DecisionFilter, *, limit: int | None) -> AsyncIterator[Sequence[str]]:
        """Yield the records that fit; of those, the last `limit`."""
        fitting = self._records() if wanted.wants_all else (body for body in self._records() if _fits(body, wanted))
        chosen: Iterable[str] = fitting if limit is None else deque(fitting, maxlen=limit)
        rest = iter(chosen)
        while batch := list(islice(rest, BATCH)):
            yield batch

    def _records(self) -> Iterator[str]:
        try:
            with self._open() as lines:
                for line in lines:
                    if (text := line.strip()) and (body := _body(text)) is not None:
                        yield body
        except OSError as error:
            raise UsageError(f"{self._path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{self._path} is not UTF-8 text") from error

    @contextmanager
    def _open(self) -> Generator[TextIO]:
        if self._path == STANDARD_INPUT:
            yield sys.stdin
            return
        with self._path.open(encoding="utf-8") as file:
            yield file


def _body(text: str) -> str | None:
    """Return the record that a line holds; None for an entry of another kind."""
    try:
        line = _Line.model_validate_json(text)
    except ValidationError:
        return text
    if line.kind is None:
        return text
    if line.kind != _DECISION or line.body is None:
        return None
    return line.body if isinstance(line.body, str) else json.dumps(line.body)


def _fits(body: str, wanted: DecisionFilter) -> bool:
    record = _read(body)
    return record is not None and wanted.fits(record.verdict)


def _read(body: str) -> _Record | None:
    try:
        return _Record.model_validate_json(body)
    except ValidationError:
        return None
