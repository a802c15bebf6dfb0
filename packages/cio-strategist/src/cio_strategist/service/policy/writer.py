"""What every write has in common: asked twice it is done once, it is logged, and it is carried on to the gates."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.audit import AuditRecord
from cio_strategist.domain.policy.outcome import Enforcement, OutcomeStatus, Told
from cio_strategist.domain.policy.stored import Answer, Decided, OutcomeT, Recorded, StoredPolicy, Write
from cio_strategist.errors import ConflictError, PrimalLimitError, RefusedError, StrategistError
from cio_strategist.ports import Clock, Enforcer, History, PolicyStore
from petrosa_contracts import Code

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

LONGEST_KEY = 200
"""Characters an idempotency key may have."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, so that the same question is known again."""

    request: ChangeRequest
    what: str
    """Everything that decides the answer, as text."""

    @property
    def key(self) -> str | None:
        """Name of the answer; None if the request carries no idempotency key."""
        key = self.request.idempotency_key
        return None if key is None else f"{self.request.caller.name}:{key}"

    @property
    def fingerprint(self) -> str:
        """Digest of what was asked."""
        request = self.request
        content = [self.what, request.reason, request.changed_by, request.expect_version]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Writer:
    """Writes decisions to the store, and tells what became of them.

    With a `history` an idempotency key is honoured; with an `enforcer` every change is carried on to the gates.
    Without an enforcer the store is the one that gates read.
    """

    def __init__(
        self,
        store: PolicyStore,
        *,
        clock: Clock,
        new_id: Callable[[], str],
        history: History | None = None,
        enforcer: Enforcer | None = None,
    ) -> None:
        self.store = store
        self.history = history
        self.new_id = new_id
        self._clock = clock
        self._enforcer = enforcer

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        return self._clock.now()

    async def write(
        self, question: Question, kind: type[OutcomeT], decide: Callable[[StoredPolicy], Decided[OutcomeT]]
    ) -> OutcomeT:
        """Commit what `decide` makes of what is stored, and return its outcome with how far it is enforced.

        A question asked before with the same idempotency key gets its first answer. Raises `RefusedError` for a key
        that was used for another question, and what `Enforcer.begin` and `PolicyStore.commit` raise.
        """
        if (earlier := await self.earlier(question, kind)) is not None:
            return earlier
        if self._enforcer is not None:
            await self._enforcer.begin()

        def decide_with_answer(stored: StoredPolicy) -> Decided[OutcomeT]:
            decided = decide(stored)
            return Decided(self._with_answer(decided.write, question, decided.outcome), decided.outcome)

        try:
            committed = await self.store.commit(decide_with_answer)
        except ConflictError:
            # The same request may have arrived twice at once; then the faster one's answer is the answer.
            if (earlier := await self.earlier(question, kind)) is not None:
                return earlier
            raise
        if committed.change.write is None and (earlier := await self.earlier(question, kind)) is not None:
            return earlier  # nothing was left to do because the same request had arrived twice at once
        outcome = committed.change.outcome
        _log.info(
            "change_decided",
            scope=outcome.scope,
            status=outcome.status,
            what=kind.__name__,
            by=question.request.author,
            caller=question.request.caller.name,
            token_id=question.request.caller.token_id,
            audit_id=outcome.audit_id,
            request_id=question.request.request_id,
        )
        if outcome.status is not OutcomeStatus.APPLIED:
            return outcome
        return outcome.model_copy(update={"enforcement": await self._enforcement(committed.epoch)})

    async def earlier(self, question: Question, kind: type[OutcomeT]) -> OutcomeT | None:
        """Return the answer to the same question asked before with the same idempotency key, if there was one.

        Raises `RefusedError` for a key that was used for another question, or without a history.
        """
        if question.key is None:
            return None
        if self.history is None:
            raise RefusedError("an idempotency key needs the authority: leave it out, or set MONGODB_URI")
        answer = await self.history.answer(question.key)
        if answer is None:
            return None
        if answer.fingerprint != question.fingerprint:
            raise RefusedError("this idempotency key was used for another request: use a new one for each change")
        outcome = kind.model_validate_json(answer.outcome)
        enforcement = await self._enforcement(None) if outcome.status is OutcomeStatus.APPLIED else None
        return outcome.model_copy(update={"replayed": True, "enforcement": enforcement})

    async def record_refusal(self, error: PrimalLimitError, record: Callable[[StoredPolicy], AuditRecord]) -> None:
        """Log an attempt beyond the primal limits and, with a history, add what `record` makes of it to the trail.

        Raises nothing: what cannot be recorded now is logged as an error, and stays refused.
        """
        facts = {"code": Code.PRIMAL_LIMIT.value, "reason": str(error)}
        if self.history is None:
            _log.warning("primal_limit_refused", **facts)
            return
        try:
            if self._enforcer is not None:
                await self._enforcer.begin()
            written = await self.store.commit(lambda stored: Recorded.of(record(stored)))
        except StrategistError as trouble:
            _log.error("primal_refusal_not_recorded", trouble=str(trouble), **facts)
            return
        kept = written.change.record
        error.audit_id = kept.id
        _log.warning(
            "primal_limit_refused",
            scope=kept.scope,
            edit=kept.edit,
            by=kept.changed_by,
            caller=kept.caller,
            audit_id=kept.id,
            request_id=kept.request_id,
            **facts,
        )

    async def catch_up(self) -> None:
        """Let what was set straight in the gates' store be taken over, so that the next decision knows of it."""
        if self._enforcer is not None:
            await self._enforcer.project()

    def _with_answer(self, write: Write | None, question: Question, outcome: Told) -> Write | None:
        if write is None or question.key is None:
            return write
        answer = Answer(question.key, question.fingerprint, outcome.model_dump_json(), self.now())
        return replace(write, answer=answer)

    async def _enforcement(self, epoch: int | None) -> Enforcement:
        if self._enforcer is not None:
            return await self._enforcer.project()
        if epoch is None:
            message = "in Redis, which holds no policy: gates are stricter than ACTIVE until it does, and heed this too"
        else:
            message = f"in Redis since epoch {epoch}"
        return Enforcement(enforced=True, epoch=epoch, message=message)
