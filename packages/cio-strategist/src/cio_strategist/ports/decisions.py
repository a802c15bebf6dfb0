"""Where recorded decisions are read."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from cio_strategist.domain.decisions.filter import DecisionFilter

BATCH = 500
"""Records that are read, and decided again, at once."""


class DecisionArchive(Protocol):
    """Where decisions are on record, each as the JSON text of its record.

    Everything here raises `StoreUnreachableError` when the store does not answer, and `StoreUnreadableError` when what
    it holds is of another kind.
    """

    async def outcome_of(self, decision_id: str) -> str | None:
        """Return the record of a decision; the one that withdraws it, if there is one."""
        ...

    async def count(self, wanted: DecisionFilter, *, limit: int | None) -> int | None:
        """Return about how many records `bodies` will yield; None where that is not known beforehand."""
        ...

    def bodies(self, wanted: DecisionFilter, *, limit: int | None) -> AsyncIterator[Sequence[str]]:
        """Yield the records of the decisions that fit, some at a time; of those, the newest `limit`."""
        ...
