"""Bodies of the fleet's config API, as they come in and go out."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.policy.audit import AuditRecord
from cio_strategist.gateway.circumstances import Why, merged
from petrosa_contracts import Scope, ScopeError

LONGEST_NAME = 200
LONGEST_WORDS = 8000

_ChangedBy = Annotated[
    str, Field(max_length=LONGEST_NAME, description="Who changes it; empty: the caller.", examples=["ops-console"])
]
_Words = Annotated[str | None, Field(default=None, max_length=LONGEST_WORDS)]


class _Body(Why):
    model_config = ConfigDict(extra="ignore")

    reason: _Words = Field(default=None, description="Why. Agents must give one.", examples=["volatility doubled"])
    thought_trace: _Words = Field(default=None, description="The reasoning behind it. Agents must give one.")


class ConfigUpdateRequest(_Body):
    """The whole set of a scope. Unknown keys are ignored."""

    parameters: dict[str, Any] = Field(
        description="Names and values; what is left out falls back to wider scopes.", examples=[{"leverage": 5}]
    )
    changed_by: _ChangedBy
    validate_only: bool = Field(default=False, description="Only say whether it would be taken.")


class FilterUpdateRequest(_Body):
    """The whole set of a scope, under another name. Unknown keys are ignored."""

    filters: dict[str, Any] = Field(
        description="Names and values; what is left out falls back to wider scopes.",
        examples=[{"min_confidence_threshold": 0.7}],
    )
    changed_by: _ChangedBy


class ConfigValidationRequest(BaseModel):
    """Values to check. Unknown keys are ignored."""

    parameters: dict[str, Any] = Field(examples=[{"leverage": 500, "stop_loss_pct": 0.02}])
    symbol: str | None = None
    side: Literal["LONG", "SHORT"] | None = None


class RollbackRequest(_Body):
    """What to bring back; with neither target, the state before the newest change. Unknown keys are ignored."""

    changed_by: _ChangedBy
    target_version: int | None = Field(default=None, le=10**15, ge=-(10**15), description="Version; 0: no config.")
    rollback_id: str | None = Field(
        default=None, max_length=LONGEST_NAME, description="Id of an audit record; wins over a version."
    )


class Removal(_Body):
    """Who removes a config, and why."""

    changed_by: str | None = Field(default=None, max_length=LONGEST_NAME, examples=["ops-console"])


class ConfigResponse(BaseModel):
    """Parameters of a scope."""

    symbol: str | None
    side: str | None
    parameters: dict[str, Any] = Field(
        description="From GET every parameter as resolved, else what the scope sets.", examples=[{"leverage": 5}]
    )
    version: int = Field(description="Version of the scope itself; 0: nothing was ever set for it.", examples=[4])
    source: str = Field(
        description="`resolved` from GET, `mongodb` from POST and DELETE, `data_manager` from rollbacks."
    )
    created_at: str | None
    updated_at: str | None = Field(description="When the scope itself was last changed.")


class StrategyConfigResponse(ConfigResponse):
    """Parameters of a strategy's scope."""

    strategy_id: str


class ConfigValidationError(BaseModel):
    """One thing wrong with one value."""

    field: str
    message: str
    code: str = Field(description="UNKNOWN_PARAMETER, INVALID_TYPE, OUT_OF_RANGE, INVALID_VALUE or VALIDATION_ERROR.")
    suggested_value: Any = None


class CrossServiceConflict(BaseModel):
    """What another service would say against it."""

    service: str
    conflict_type: str
    description: str
    resolution: str


class EstimatedImpact(BaseModel):
    """How much a change matters."""

    risk_level: Literal["low", "medium", "high"]
    affected_scope: str
    parameter_count: int
    warning: str | None = Field(default=None, exclude_if=lambda it: it is None)


class ValidationResponse(BaseModel):
    """What is wrong with values, and how much setting them would matter."""

    validation_passed: bool
    errors: list[ConfigValidationError]
    warnings: list[str]
    suggested_fixes: list[str]
    estimated_impact: EstimatedImpact
    conflicts: list[CrossServiceConflict]


class AuditDocument(BaseModel):
    """One change, in the form of the fleet's audit documents."""

    id: str
    config_type: str
    symbol: str | None
    side: str | None
    strategy_id: str | None
    action: str
    parameters_before: dict[str, Any] | None
    parameters_after: dict[str, Any] | None
    version_before: int | None
    version_after: int | None = Field(description="Null after a delete; `version` has the number that it took.")
    changed_by: str
    reason: str | None
    timestamp: str
    metadata: dict[str, Any]
    scope: str
    version: int | None


def audit_document(record: AuditRecord) -> AuditDocument:
    """Return a record of the trail in the fleet's form."""
    try:
        scope = Scope.parse(record.scope)
    except ScopeError:
        scope = Scope.everything()  # a stored field that is no scope's name was removed
    more = {
        "edit": record.edit,
        "caller": record.caller,
        "caller_class": record.caller_class,
        "thought_trace": record.thought_trace,
        "loosening": record.loosening,
        "restored": record.restored,
        "proposal_id": record.proposal_id,
        "request_id": record.request_id,
        "revision": record.revision,
    }
    return AuditDocument(
        id=record.id,
        config_type=scope.kind.value,
        symbol=scope.symbol,
        side=scope.side,
        strategy_id=scope.strategy_id,
        action=record.action,
        parameters_before=record.before,
        parameters_after=record.after,
        version_before=record.version_before,
        version_after=None if record.after is None else record.version,
        changed_by=record.changed_by,
        reason=record.reason,
        timestamp=record.at.isoformat(),
        metadata={name: value for name, value in more.items() if value not in (None, {})},
        scope=record.scope,
        version=record.version,
    )


async def _removal(
    body: Removal | None = None,
    changed_by: Annotated[str | None, Query(max_length=LONGEST_NAME, description="Who; or in the body.")] = None,
    reason: Annotated[str | None, Query(max_length=LONGEST_WORDS, description="Why; or in the body.")] = None,
    thought_trace: Annotated[
        str | None, Query(max_length=LONGEST_WORDS, description="The reasoning; or in the body.")
    ] = None,
) -> Removal:
    sent = merged(body or Removal(), reason, thought_trace)
    return sent.model_copy(update={"changed_by": sent.changed_by or changed_by})


Removed = Annotated[Removal, Depends(_removal)]
"""Who removes a config and why, in an optional body or in the query."""
