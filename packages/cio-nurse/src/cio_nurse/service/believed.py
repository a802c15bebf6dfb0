"""Believed: the last good values of one input."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Generic, TypeVar

import structlog

from cio_decision.freshness import Input
from cio_nurse.domain.readings import Reader, Unbelievable
from cio_nurse.errors import StoreError
from cio_nurse.ports import Clock

AT_ONCE = 50
"""Values read before the loop serves others again; at some 13 microseconds each, under a millisecond."""

NAMED = 5
"""How many fields one log line names."""

V = TypeVar("V")

_log = structlog.stdlib.get_logger()


class Believed(Generic[V]):
    """Keeps the last value of each field that could be believed, until another one comes. How old is not its matter.

    What is missing, unreadable or dated in the future changes nothing, and is logged when it begins and when it ends.
    Bytes that have not changed are not read again. `values` is swapped whole and never changed in place.
    """

    def __init__(
        self,
        name: Input,
        clock: Clock,
        *,
        read: Reader[V],
        as_of: Callable[[V], datetime | None],
        tolerance_seconds: float,
    ) -> None:
        self._name = name
        self._clock = clock
        self._read = read
        self._as_of = as_of
        self._tolerance = timedelta(seconds=tolerance_seconds)
        self._bytes: dict[str, bytes] = {}
        self._refused: dict[str, str] = {}
        self._failure: type[StoreError] | None = None
        self._read_once = asyncio.Event()
        self.values: Mapping[str, V] = {}
        self.newest: datetime | None = None
        """The newest instant among all values; None while there is none."""

    @property
    def refused(self) -> int:
        """How many fields hold something that is not believed."""
        return len(self._refused)

    @property
    def was_read(self) -> bool:
        """Whether the store has answered once."""
        return self._read_once.is_set()

    def doubts(self, field: str) -> bool:
        """Whether a field holds something that is not believed."""
        return field in self._refused

    async def until_read(self) -> None:
        """Return once the store has answered."""
        await self._read_once.wait()

    async def refresh(self, stored: Awaitable[Mapping[str, bytes]], *, whole: bool = True) -> bool:
        """Take what the store answers, the whole input or a part of it, and return whether it did.

        Never raises `StoreError`.
        """
        try:
            found = await stored
        except StoreError as error:
            self._note_failure(error)
            return False
        self._failure = None
        self._forgive(found, whole=whole)
        troubled: dict[str, str] = {}
        for some in _in_parts((name, value) for name, value in found.items() if self._bytes.get(name) != value):
            troubled.update(self._take(some))
            await asyncio.sleep(0)
        if troubled:
            names = [*islice(troubled, NAMED)]
            reason = troubled[names[0]]
            _log.error("input_not_believed", input=self._name, fields=names, count=len(troubled), reason=reason)
        self._read_once.set()
        return True

    def _take(self, stored: Mapping[str, bytes]) -> dict[str, str]:
        """Read some fields; return those that are newly not believed, with the reason."""
        latest = self._clock.now() + self._tolerance
        good: dict[str, V] = {}
        troubled: dict[str, str] = {}
        for name, value in stored.items():
            read = self._read(name, value, latest)
            if not isinstance(read, Unbelievable):
                good[name] = read
                self._accept(name, value, read)
            elif self._refused.get(name) != read.reason:
                troubled[name] = self._refused[name] = read.reason
        if good:
            self.values = {**self.values, **good}
        return troubled

    def _accept(self, name: str, stored: bytes, value: V) -> None:
        self._bytes[name] = stored
        as_of = self._as_of(value)
        if as_of is not None and (self.newest is None or as_of > self.newest):
            self.newest = as_of
        self._excuse(name)

    def _forgive(self, found: Mapping[str, bytes], *, whole: bool) -> None:
        """Forget the trouble with fields that hold again what was believed, or are gone."""
        for name in tuple(self._refused):
            if found.get(name) == self._bytes.get(name, b"") or (whole and name not in found):
                self._excuse(name)

    def _excuse(self, name: str) -> None:
        if self._refused.pop(name, None) is not None and not self._refused:
            _log.info("input_believed_again", input=self._name)

    def _note_failure(self, error: StoreError) -> None:
        level = _log.debug if self._failure is type(error) else _log.error
        level("input_not_read", input=self._name, error=str(error))
        self._failure = type(error)


def _in_parts(fields: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, bytes]]:
    remaining = iter(fields)
    while part := dict(islice(remaining, AT_ONCE)):
        yield part
