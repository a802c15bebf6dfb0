"""Departures: signals leave when their records are kept, in order within a symbol."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

MOST = 256
"""How many approvals wait before the next batch is decided: far more than one round trip to the stream needs."""

Leave = Callable[[bool], Awaitable[None]]
"""What to do when it is known whether the record is kept."""


@dataclass(slots=True)
class _Waiting:
    leave: Leave
    kept: bool | None = None
    """None while it is not known."""


class Departures:
    """Holds approvals until their records are settled, one line per symbol.

    An exit needs no record to leave, but it does not overtake an entry of its symbol: it would close what is not open
    yet. The entry before it is settled within the deadline of records, so the exit waits no longer than that.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[_Waiting]] = {}
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()

    @property
    def waiting(self) -> int:
        """How many approvals wait for their records, or for one before them."""
        return self._waiting

    async def room(self) -> None:
        """Return once fewer than `MOST` wait: what is claimed and has not left does not happen if the gate dies."""
        await self._room.wait()

    def join(self, symbol: str, leave: Leave) -> Callable[[bool], Awaitable[None]]:
        """Take a place at the end of a symbol's line; return what settles it: called once, with whether it is kept."""
        waiting = _Waiting(leave)
        line = self._lines.setdefault(symbol, deque())
        line.append(waiting)
        self._waiting += 1
        if self._waiting >= MOST:
            self._room.clear()

        async def settle(kept: bool) -> None:
            waiting.kept = kept
            if line[0] is waiting:
                await self._advance(symbol, line)

        return settle

    async def _advance(self, symbol: str, line: deque[_Waiting]) -> None:
        # The head stays in its place until it has left, so that nobody else moves the line meanwhile.
        while line and (kept := line[0].kept) is not None:
            try:
                await line[0].leave(kept)
            finally:
                line.popleft()
                self._waiting -= 1
                if self._waiting < MOST:
                    self._room.set()
        if not line and self._lines.get(symbol) is line:
            del self._lines[symbol]
