"""Recorded decisions: shown, explained, and made again under a policy that is only proposed."""

from datetime import timedelta

from cio_strategist.domain.decisions.explanation import Explanation, Origin, explain, origins_of
from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.domain.decisions.simulation import Simulation
from cio_strategist.domain.decisions.whatif import PolicyPatch, read_record
from cio_strategist.domain.policy.audit import AuditRecord
from cio_strategist.domain.policy.outcome import Preview
from cio_strategist.errors import BusyError, NotFoundError, StoreUnreadableError
from cio_strategist.ports import Clock, DecisionArchive, History
from cio_strategist.service.decisions.replaying import replay
from petrosa_contracts.record import DecisionRecord

MOST_SIMULATED = 10_000
"""Decisions that one simulation looks at; `cio-replay` has no bound."""

PREVIEWED = timedelta(hours=1)
"""How far back a preview tries a change."""

_BUSY_SECONDS = 5


class RecordedDecisions:
    """Answers questions about decisions on record.

    What is withdrawn is answered as its withdrawal: that is what became of the intent. Raises `StoreUnreachableError`
    while the store is away.
    """

    def __init__(self, archive: DecisionArchive, history: History | None, *, clock: Clock) -> None:
        # Without a history, who set a limit is known from the record alone, and why is not.
        self._archive = archive
        self._history = history
        self._clock = clock
        self._simulating = False

    async def record(self, decision_id: str) -> str:
        """Return the record of a decision as it was written. Raises `NotFoundError` if there is none."""
        body = await self._archive.outcome_of(decision_id)
        if body is None:
            raise NotFoundError(
                f"there is no record of a decision {decision_id[:100]!r}: the newest may take a second to be recorded"
            )
        return body

    async def read(self, decision_id: str) -> DecisionRecord:
        """Return the same as a value. Raises `StoreUnreadableError` for a form that this version does not know."""
        record = read_record(await self.record(decision_id))
        if record is None:
            raise StoreUnreadableError(f"the record of {decision_id[:100]} is of a form that this version cannot read")
        return record

    async def explanation(self, decision_id: str) -> Explanation:
        """Return which limits were not kept, who set them, when and why, and what would have passed."""
        record = await self.read(decision_id)
        history: dict[Origin, AuditRecord] = {}
        if self._history is not None:
            for scope, version in origins_of(record):
                if (change := await self._history.at_version(scope, version)) is not None:
                    history[scope, version] = change
        return explain(record, history)

    async def simulate(self, patch: PolicyPatch, wanted: DecisionFilter, *, limit: int) -> Simulation:
        """Return what a patch would have changed for the newest decisions that fit, `MOST_SIMULATED` at most.

        It runs on a process of its own, one simulation at a time. Raises `BusyError` while another one runs.
        """
        if self._simulating:
            raise BusyError("another simulation is running: one runs at a time", retry_after_seconds=_BUSY_SECONDS)
        self._simulating = True
        try:
            bodies = self._archive.bodies(wanted, limit=min(limit, MOST_SIMULATED))
            return Simulation.of(await replay(bodies, patch, jobs=1))
        finally:
            self._simulating = False

    async def preview(self, preview: Preview) -> Preview:
        """Return a preview with what the change would have done in the last hour."""
        changes = {change.name: change.after if change.is_set else None for change in preview.changes}
        wanted = DecisionFilter(since=self._clock.now() - PREVIEWED)
        found = await self.simulate(PolicyPatch({preview.scope: changes}), wanted, limit=MOST_SIMULATED)
        return preview.model_copy(update={"simulation": found})
