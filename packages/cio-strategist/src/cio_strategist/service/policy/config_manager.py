"""The one way to change trading parameters: set, patch, unset, delete, roll back, and preview any of it."""

from functools import partial

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.config_change import Order, decide, preview
from cio_strategist.domain.policy.edit import Edit, Restore
from cio_strategist.domain.policy.loosening import Budgets
from cio_strategist.domain.policy.outcome import Outcome, Preview
from cio_strategist.domain.policy.refusal import refusal_of_change
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.policy.stored import last_version, own_parameters
from cio_strategist.errors import NotFoundError, PrimalLimitError, RefusedError, UsageError
from cio_strategist.ports import History
from cio_strategist.service.policy.writer import Question, Writer
from petrosa_contracts.primal import PrimalLimits


class TradingConfigManager:
    """Changes the trading parameters of scopes, each change whole or not at all, recorded and undoable.

    A writer with a history makes it the authority: changes are audited, and loosening is held to `budgets`. Without
    one it works straight on the store that gates read: no rollbacks, no proposals, no budgets. Values beyond `primal`,
    the hard ceilings, are refused whoever asks, and the attempt is recorded.
    """

    def __init__(self, writer: Writer, *, budgets: Budgets | None = None, primal: PrimalLimits | None = None) -> None:
        self._writer = writer
        self._budgets = budgets
        self._primal = primal

    async def apply(self, edit: Edit, *, scope: str, request: ChangeRequest) -> Outcome:
        """Carry out an edit, or file it as a proposal where it loosens more than the caller may.

        Raises `UnauthenticatedError` or `ForbiddenError` without `config:write`, `UsageError` for an agent without
        reason and thought trace, `RejectedError` with every error found, `PrimalLimitError` with every value beyond a
        hard ceiling, `ConflictError` naming the current version, `RefusedError`, and the store's own errors. Whatever
        is raised, nothing was written, except that a store which goes away during the write may have taken it: the same
        idempotency key makes asking again safe.
        """
        question = Question(request, f"{scope} {edit.model_dump_json()}")
        return await self._carry_out(edit, scope, request, question)

    async def preview(self, edit: Edit, *, scope: str, request: ChangeRequest) -> Preview:
        """Say what an edit would do, writing nothing. Needs `config:read`. Raises as `apply` does for bad input."""
        request.caller.require(Permission.READ)
        return preview(await self._writer.store.read(), self._order(edit, scope, request))

    async def rollback(
        self,
        *,
        scope: str,
        request: ChangeRequest,
        to_version: int | None = None,
        to_record: str | None = None,
    ) -> Outcome:
        """Bring back a version of a scope (0: no config), the state after an audit record, or the previous state.

        With neither target, the state before the newest change; so doing it twice redoes. A record wins over a
        version. The rollback is a new version. Raises `NotFoundError` if there is no such state, and as `apply` does.
        """
        # Asked again, "the previous state" is another one; so the question is what was asked, not what it led to.
        question = Question(request, f"{scope} rollback {to_version} {to_record}")
        request.caller.require(Permission.WRITE)
        edit = await self.rollback_edit(scope=scope, to_version=to_version, to_record=to_record)
        return await self._carry_out(edit, scope, request, question)

    async def rollback_edit(
        self, *, scope: str, to_version: int | None = None, to_record: str | None = None
    ) -> Restore:
        """Return the edit that a rollback amounts to, for `preview`. Raises `NotFoundError` as `rollback` does."""
        history, scope = self._writer.history, parse_scope(scope).key
        if history is None:
            raise RefusedError("there is no history without the authority: set MONGODB_URI")
        if to_record is not None:
            return await _after_record(history, scope, to_record)
        if to_version is not None:
            return await self._at_version(history, scope, to_version)
        return await _previous(history, scope)

    async def _carry_out(self, edit: Edit, scope: str, request: ChangeRequest, question: Question) -> Outcome:
        request.caller.require(Permission.WRITE)
        request.check()
        order = self._order(edit, scope, request)
        try:
            return await self._writer.write(question, Outcome, partial(decide, order=order))
        except PrimalLimitError as error:
            await self._writer.record_refusal(error, partial(refusal_of_change, order=order, beyond=error.excesses))
            raise

    def _order(self, edit: Edit, scope: str, request: ChangeRequest) -> Order:
        return Order(
            edit, scope, request, self._writer.now(), self._writer.new_id(), self._budgets, primal=self._primal
        )

    async def _at_version(self, history: History, scope: str, version: int) -> Restore:
        if version < 0:
            raise UsageError(f"{version} is no version: versions count from 1, and 0 stands for no config")
        if version == 0:
            return Restore(parameters=None, target="version 0, no config")
        record = await history.at_version(scope, version)
        if record is not None:
            return Restore(parameters=record.after, target=f"version {version}")
        stored = await self._writer.store.read()
        current = last_version(stored, scope)
        if current != version:
            raise NotFoundError(f"{scope} has no version {version}: it is at version {current}")
        # Older engines kept no trail, so the version in force may have no record.
        return Restore(parameters=own_parameters(stored.layers.get(scope)), target=f"version {version}")


async def _after_record(history: History, scope: str, audit_id: str) -> Restore:
    record = await history.record(audit_id)
    if record is None or record.subject is not Subject.CONFIG or record.scope != scope:
        raise NotFoundError(f"{scope} has no audit record {audit_id[:64]!r}: look at its history")
    return Restore(parameters=record.after, target=f"the state after record {record.id}")


async def _previous(history: History, scope: str) -> Restore:
    newest = await history.records(HistoryFilter(scope=scope, subject=Subject.CONFIG), limit=1)
    if not newest:
        raise NotFoundError(f"{scope} has no previous state: nothing was ever changed there")
    (record,) = newest
    before = "no config" if record.before is None else f"version {record.version_before}"
    return Restore(parameters=record.before, target=f"the previous state, {before}")
