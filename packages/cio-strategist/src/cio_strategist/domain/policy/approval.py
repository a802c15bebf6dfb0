"""Approving and rejecting proposals. Pure."""

from dataclasses import replace
from datetime import datetime

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.config_change import Order, decide
from cio_strategist.domain.policy.outcome import Direction, Outcome, OutcomeStatus
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.policy.stored import Decided, StoredPolicy, Write, last_version, own_parameters
from cio_strategist.errors import ConflictError
from petrosa_contracts.primal import PrimalLimits


def approve(
    stored: StoredPolicy,
    *,
    proposal: Proposal,
    request: ChangeRequest,
    now: datetime,
    new_id: str,
    primal: PrimalLimits | None,
) -> Decided[Outcome]:
    """Carry out a pending proposal.

    Raises `ConflictError` if it is not pending, and what `decide` raises, such as for values that the catalogue of
    today does not allow, or `primal`, the hard ceilings; then it goes on waiting.
    """
    waiting = _pending(stored, proposal)
    order = order_of(waiting, request=request, now=now, new_id=new_id, primal=primal)
    decided = decide(stored, order)
    approved = _judged(waiting, ProposalStatus.APPROVED, request, now, audit_id=decided.outcome.audit_id)
    if decided.write is None:
        outcome = decided.outcome.model_copy(update={"status": OutcomeStatus.APPLIED})
        return Decided(Write(scope=None, proposals=(approved,)), outcome)
    return Decided(replace(decided.write, proposals=(approved, *decided.write.proposals)), decided.outcome)


def order_of(
    proposal: Proposal, *, request: ChangeRequest, now: datetime, new_id: str, primal: PrimalLimits | None
) -> Order:
    """Return the order that carries out a proposal as its author signed it."""
    signed = replace(
        request,
        changed_by=proposal.signed_by,
        reason=request.reason or proposal.reason,
        thought_trace=request.thought_trace or proposal.thought_trace,
        expect_version=proposal.base_version,
    )
    return Order(proposal.edit, proposal.scope, signed, now, new_id, approves=proposal, primal=primal)


def reject(stored: StoredPolicy, *, proposal: Proposal, request: ChangeRequest, now: datetime) -> Decided[Outcome]:
    """Turn a pending proposal down. Raises `ConflictError` if it is not pending."""
    rejected = _judged(_pending(stored, proposal), ProposalStatus.REJECTED, request, now)
    outcome = Outcome(
        status=OutcomeStatus.UNCHANGED,
        scope=proposal.scope,
        version=last_version(stored, proposal.scope),
        parameters=own_parameters(stored.layers.get(proposal.scope)),
        changes=(),
        direction=Direction.NEUTRAL,
        message=f"proposal {proposal.id} is rejected",
    )
    return Decided(Write(scope=None, proposals=(rejected,)), outcome)


def _pending(stored: StoredPolicy, proposal: Proposal) -> Proposal:
    if (waiting := stored.pending.get(proposal.id)) is not None:
        return waiting
    if proposal.status is not ProposalStatus.STALE:
        raise ConflictError(f"proposal {proposal.id} is decided already: look what became of it")
    current = last_version(stored, proposal.scope)
    raise ConflictError(
        f"proposal {proposal.id} was made on version {proposal.base_version} of {proposal.scope}, which is at "
        f"version {current} now: it is stale, propose it anew",
        current_version=current,
    )


def _judged(
    proposal: Proposal, status: ProposalStatus, request: ChangeRequest, now: datetime, *, audit_id: str | None = None
) -> Proposal:
    return proposal.model_copy(
        update={
            "status": status,
            "decided_by": request.author,
            "decided_at": now,
            "decision_reason": request.reason,
            "audit_id": audit_id,
        }
    )
