"""Bodies of the routes about scopes, as they come in and go out."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cio_strategist.domain.policy.audit import AuditRecord
from cio_strategist.domain.policy.edit import DeleteConfig, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.views import LayerView
from cio_strategist.gateway.circumstances import Why

LAST_VERSION = 10**15
"""Beyond any version that there will be."""

_Parameters = Annotated[
    dict[str, Any],
    Field(description="Parameter names and values; `/api/v1/policy/parameters` tells all.", examples=[{"leverage": 5}]),
]


class SetBody(Why):
    """The whole set of a scope; what is left out falls back to wider scopes."""

    parameters: _Parameters


class PatchBody(Why):
    """Parameters to set or change; everything else that the scope sets stays."""

    parameters: _Parameters


class UnsetBody(Why):
    """Parameters to take out of what the scope sets."""

    names: list[Annotated[str, Field(max_length=200)]] = Field(
        min_length=1,
        max_length=200,
        description="Names of parameters; those that it does not set are no error.",
        examples=[["leverage"]],
    )


class _Target(BaseModel):
    to_version: int | None = Field(
        default=None,
        ge=0,
        le=LAST_VERSION,
        strict=True,
        description="Version to bring back; 0: no config.",
        examples=[3],
    )
    to_record: str | None = Field(
        default=None, max_length=200, description="Id of an audit record whose state after it is brought back."
    )

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if self.to_version is not None and self.to_record is not None:
            raise ValueError("give to_version or to_record, not both")
        return self


class RollbackBody(Why, _Target):
    """What to bring back; with neither target, the state before the newest change."""


class RollbackTarget(_Target):
    """A rollback, to be looked at only; with neither target, to the state before the newest change."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["rollback"] = "rollback"


PreviewBody: TypeAlias = Annotated[
    SetParameters | PatchParameters | UnsetParameters | DeleteConfig | RollbackTarget, Field(discriminator="kind")
]
"""An edit to look at only."""


class ScopeList(BaseModel):
    """Every scope that sets anything."""

    scopes: tuple[LayerView, ...] = Field(description="From the widest to the narrowest.")


class VersionView(BaseModel):
    """What a scope set at one version."""

    scope: str
    version: int
    parameters: dict[str, Any] | None = Field(description="What it set; null: it had no config.")
    record: AuditRecord | None = Field(description="The record of the change that made it; null: none was kept.")
