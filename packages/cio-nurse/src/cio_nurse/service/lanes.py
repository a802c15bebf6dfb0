"""Lanes: a bounded queue per symbol, served in turn."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from cio_decision.gates import overloaded
from cio_decision.intent import Intent
from cio_nurse.ports import Inbound, Span
from petrosa_contracts import Breach, TraceContext

RESERVED_FOR_EXITS = 0.1
"""Share of every queue that only exits may fill."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A readable intent and how it came: its message and trace, when (UTC, monotonic seconds), its span if traced.

    `answer_by` is until when the sender waits (UTC), if it said so.
    """

    intent: Intent
    message: Inbound
    trace: TraceContext | None
    received_at: datetime
    arrived: float
    span: Span | None = None
    answer_by: datetime | None = None


class Lanes:
    """Holds arrivals until their turn: in order within a symbol, in turn between symbols.

    One loud symbol can fill only its own lane, so the others stay prompt. When a lane or all lanes together are full,
    an arrival is refused and the sender is told; nothing is dropped.
    """

    def __init__(self, *, lane_capacity: int, queue_capacity: int) -> None:
        self._lane_capacity = lane_capacity
        self._queue_capacity = queue_capacity
        self._lanes: dict[str, deque[Arrival]] = {}
        self._waiting = 0
        self._filled = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many arrivals wait in all lanes."""
        return self._waiting

    @property
    def deepest(self) -> int:
        """How many arrivals wait in the fullest lane."""
        return max((len(lane) for lane in self._lanes.values()), default=0)

    def offer(self, arrival: Arrival) -> Breach | None:
        """Queue an arrival, or return why there is no room for it."""
        symbol = arrival.intent.signal.symbol
        lane = self._lanes.get(symbol)
        share = 1 - RESERVED_FOR_EXITS if arrival.intent.opens else 1
        in_lane = 0 if lane is None else len(lane)
        if in_lane >= (capacity := int(self._lane_capacity * share)):
            return overloaded.breach(waiting=in_lane, capacity=capacity, queue=f"the lane of {symbol}")
        if self._waiting >= (capacity := int(self._queue_capacity * share)):
            return overloaded.breach(waiting=self._waiting, capacity=capacity, queue="the gate")
        if lane is None:
            lane = self._lanes[symbol] = deque()
        lane.append(arrival)
        self._waiting += 1
        self._filled.set()
        return None

    async def take(self, at_most: int) -> list[Arrival]:
        """Wait until something is there and return up to `at_most` arrivals, one per lane and turn."""
        await self._filled.wait()
        taken: list[Arrival] = []
        while self._lanes and len(taken) < at_most:
            symbol = next(iter(self._lanes))
            lane = self._lanes.pop(symbol)
            taken.append(lane.popleft())
            if lane:
                self._lanes[symbol] = lane
        self._waiting -= len(taken)
        if not self._lanes:
            self._filled.clear()
        return taken
