"""Proposals: what waits for an operator, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from cio_strategist.domain.access.caller import CallerClass, Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.approval import approve, order_of, reject
from cio_strategist.domain.policy.outcome import Outcome
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.policy.refusal import refusal_of_change
from cio_strategist.errors import ForbiddenError, NotFoundError, PrimalLimitError
from cio_strategist.ports import History, SecondFactor
from cio_strategist.service.policy.writer import Question, Writer
from petrosa_contracts.primal import PrimalLimits


class ProposalDesk:
    """Shows proposals and lets operators decide them. Approving one's own takes a second factor."""

    def __init__(
        self, writer: Writer, history: History, *, second_factor: SecondFactor, primal: PrimalLimits | None = None
    ) -> None:
        self._writer = writer
        self._history = history
        self._second_factor = second_factor
        self._primal = primal

    async def all(self, status: ProposalStatus | None = None, *, limit: int = 50) -> Sequence[Proposal]:
        """Return proposals, newest first."""
        return await self._history.proposals(status, limit=limit)

    async def one(self, proposal_id: str) -> Proposal:
        """Return one proposal. Raises `NotFoundError`."""
        proposal = await self._history.proposal(proposal_id)
        if proposal is None:
            raise NotFoundError(f"there is no proposal {proposal_id[:64]!r}: look which are pending")
        return proposal

    async def approve(self, proposal_id: str, *, request: ChangeRequest, code: str | None = None) -> Outcome:
        """Carry out a pending proposal.

        Needs `proposals:approve` and an operator, and for one's own proposal the second factor's `code`. Raises
        `NotFoundError`, `ForbiddenError`, `SecondFactorError`, `PrimalLimitError` for what no approval lifts, and
        `ConflictError` where it was decided before or became stale.
        """
        question = Question(request, f"approve {proposal_id}")
        _check_judge(request)
        if (earlier := await self._writer.earlier(question, Outcome)) is not None:
            return earlier
        proposal = await self.one(proposal_id)
        if proposal.status is ProposalStatus.PENDING and proposal.proposed_by == request.caller.name:
            await self._second_factor.verify(code, caller=request.caller.name)
        now, new_id = self._writer.now(), self._writer.new_id()
        decide = partial(approve, proposal=proposal, request=request, now=now, new_id=new_id, primal=self._primal)
        try:
            return await self._writer.write(question, Outcome, decide)
        except PrimalLimitError as error:
            order = order_of(proposal, request=request, now=now, new_id=new_id, primal=self._primal)
            await self._writer.record_refusal(error, partial(refusal_of_change, order=order, beyond=error.excesses))
            raise

    async def reject(self, proposal_id: str, *, request: ChangeRequest) -> Proposal:
        """Turn a pending proposal down. Needs `proposals:approve` and an operator. Raises as `approve` does."""
        _check_judge(request)
        proposal = await self.one(proposal_id)
        decide = partial(reject, proposal=proposal, request=request, now=self._writer.now())
        without_key = replace(request, idempotency_key=None)  # rejecting twice is a conflict that says so
        await self._writer.write(Question(without_key, f"reject {proposal_id}"), Outcome, decide)
        return await self.one(proposal_id)


def _check_judge(request: ChangeRequest) -> None:
    request.caller.require(Permission.APPROVE)
    if request.caller.kind is not CallerClass.OPERATOR:
        raise ForbiddenError("proposals are decided by operators, not by agents")
    request.check()
