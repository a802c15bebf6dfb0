"""Recorded decisions in memory."""

from collections.abc import AsyncIterator, Sequence

from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.errors import StoreUnreachableError
from petrosa_contracts.record import DecisionRecord, record_id


class FakeArchive:
    """`DecisionArchive` over records that a test adds. `up = False` makes it unreachable."""

    def __init__(self) -> None:
        self.records: list[DecisionRecord] = []
        self.up = True
        self.asked: list[tuple[DecisionFilter, int | None]] = []

    async def outcome_of(self, decision_id: str) -> str | None:
        self._look()
        found = {record.record_id: record.model_dump_json() for record in self.records}
        return found.get(record_id(decision_id, withdraws=True), found.get(decision_id))

    async def count(self, wanted: DecisionFilter, *, limit: int | None) -> int | None:
        return sum([len(bodies) async for bodies in self.bodies(wanted, limit=limit)])

    async def bodies(self, wanted: DecisionFilter, *, limit: int | None) -> AsyncIterator[Sequence[str]]:
        self._look()
        self.asked.append((wanted, limit))
        fitting = [record.model_dump_json() for record in self.records if wanted.fits(record.verdict)]
        if fitting:
            yield fitting if limit is None else fitting[-limit:]

    def _look(self) -> None:
        if not self.up:
            raise StoreUnreachableError("the decisions are away")
