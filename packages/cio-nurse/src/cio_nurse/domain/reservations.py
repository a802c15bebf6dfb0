"""Reservations in memory: what one replica knows to be on its way, kept as the shared script keeps it."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cio_decision.context import Reserved
from cio_decision.headroom import LARGEST, MILLION
from cio_decision.reservation import Entry, Reservation


@dataclass(slots=True)
class _Held:
    reservation: Reservation
    until: float
    settled_at: int | None = None
    """First revision of the portfolio that shows what became of the order."""


class Reservations:
    """What approved orders take up, by decision. Times are seconds on any clock that does not jump back."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._ends: list[tuple[float, str]] = []
        self._settled: set[str] = set()
        self._notional = 0
        self._leverage = 0
        self._openings: Counter[str] = Counter()
        self._exiting: Counter[str] = Counter()

    def __contains__(self, decision_id: object) -> bool:
        return decision_id in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def take(self, decision_id: str, reservation: Reservation, *, until: float) -> None:
        """Reserve for an approval; asked again for the same one, nothing changes."""
        if decision_id in self._held or self._is_full(reservation):
            return
        self._held[decision_id] = _Held(reservation, until)
        heapq.heappush(self._ends, (until, decision_id))
        self._count(reservation, 1)

    def give_back(self, decision_id: str) -> None:
        """End a reservation, if there is one."""
        held = self._held.pop(decision_id, None)
        if held is None:
            return
        self._settled.discard(decision_id)
        if held.settled_at is None:
            self._count(held.reservation, -1)

    def settle(self, decision_id: str, revision: int, *, until: float) -> None:
        """Count a reservation from now on only for portfolios of earlier revisions, and for nobody after `until`."""
        held = self._held.get(decision_id)
        if held is None or held.settled_at is not None:
            return
        held.settled_at, held.until = revision, until
        self._settled.add(decision_id)
        heapq.heappush(self._ends, (until, decision_id))
        self._count(held.reservation, -1)

    def end_expired(self, now: float) -> None:
        """End what was neither undone nor settled in its time."""
        while self._ends and self._ends[0][0] <= now:
            _, decision_id = heapq.heappop(self._ends)
            held = self._held.get(decision_id)
            if held is not None and held.until <= now:
                self.give_back(decision_id)

    def beside(self, reservation: Reservation) -> Reserved:
        """Return what is on its way beside an order, as far as the portfolio that it was judged by does not show it."""
        unseen = [
            held.reservation
            for held in map(self._held.__getitem__, self._settled)
            if held.settled_at is not None and held.settled_at > reservation.revision
        ]
        if isinstance(reservation, Entry):
            return self._beside_entry(reservation, [each for each in unseen if isinstance(each, Entry)])
        exiting = self._exiting[reservation.symbol]
        exiting += sum(
            each.quantity for each in unseen if not isinstance(each, Entry) and each.symbol == reservation.symbol
        )
        return Reserved(exiting=Decimal(exiting) / MILLION)

    def _beside_entry(self, entry: Entry, unseen: list[Entry]) -> Reserved:
        openings = {*self._openings, *(each.name for each in unseen)}
        return Reserved(
            notional=Decimal(self._notional + sum(each.notional for each in unseen)) / MILLION,
            leverage=Decimal(self._leverage + sum(each.leverage for each in unseen)) / MILLION,
            positions=len(openings - entry.open_names - {entry.name}),
            opens_this=entry.name in openings,
        )

    def _is_full(self, reservation: Reservation) -> bool:
        # Beyond that sums would not be exact in the script, and nothing fits beside it anyway.
        return not isinstance(reservation, Entry) and self._exiting[reservation.symbol] >= LARGEST

    def _count(self, reservation: Reservation, sign: int) -> None:
        if isinstance(reservation, Entry):
            self._notional += sign * reservation.notional
            self._leverage += sign * reservation.leverage
            # Those that add as well: the position may be closed before such an order is filled, which opens it again.
            _add(self._openings, reservation.name, sign)
        else:
            _add(self._exiting, reservation.symbol, sign * reservation.quantity)


def _add(counts: Counter[str], name: str, amount: int) -> None:
    counts[name] += amount
    if counts[name] == 0:
        del counts[name]
