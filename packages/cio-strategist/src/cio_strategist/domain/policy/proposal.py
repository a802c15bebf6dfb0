"""Proposals: changes that loosen more than their author may, and wait for an operator. Pure."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.edit import Edit
from petrosa_contracts.instant import UtcDatetime


class ProposalStatus(StrEnum):
    """Where a proposal stands. Only a pending one can be decided."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    STALE = "stale"
    """The scope moved on to another version before somebody decided."""


class Proposal(BaseModel):
    """A change that waits for approval, with everything needed to carry it out."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="Unique id.")
    scope: str = Field(description="Scope key, such as `symbol:BTCUSDT`.")
    edit: Edit = Field(description="What is to be done.")
    base_version: int = Field(ge=0, description="Version of the scope that it was made on; it holds for no other.")
    loosening: dict[str, float] = Field(description="Parameter to how far it would be loosened; 0.2 is by a fifth.")
    why_pending: str = Field(description="Which budget it exceeds.")
    proposed_by: str = Field(description="Name of the verified caller.")
    proposer_class: CallerClass = Field(description="Class of the caller.")
    signed_by: str = Field(description="Who signs the change, as the caller says.")
    reason: str | None = Field(default=None, description="Why, in the caller's words.")
    thought_trace: str | None = Field(default=None, description="The reasoning behind it.")
    request_id: str | None = Field(default=None, description="Id of the request that made it.")
    proposed_at: UtcDatetime = Field(description="When it was made, UTC.")
    status: ProposalStatus = Field(default=ProposalStatus.PENDING, description="Where it stands.")
    decided_by: str | None = Field(default=None, description="Who approved or rejected it.")
    decided_at: UtcDatetime | None = Field(default=None, description="When, UTC.")
    decision_reason: str | None = Field(default=None, description="Why, in the words of whoever decided.")
    audit_id: str | None = Field(default=None, description="Record of the change, once it was carried out.")
