"""Edits: what a caller wants done to the parameters of one scope, as a value that can wait for approval."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SetParameters(_Edit):
    """Make `parameters` everything that the scope sets; what is left out falls back to wider scopes."""

    kind: Literal["set"] = "set"
    parameters: dict[str, Any] = Field(description="The whole set of the scope; an empty map is a set too.")


class PatchParameters(_Edit):
    """Merge `parameters` into what the scope sets; everything else stays as it is."""

    kind: Literal["patch"] = "patch"
    parameters: dict[str, Any] = Field(description="The parameters to set or change.")


class UnsetParameters(_Edit):
    """Take `names` out of what the scope sets, so that wider scopes decide again. Absent parameters are no error."""

    kind: Literal["unset"] = "unset"
    names: tuple[str, ...] = Field(min_length=1, description="Names of the parameters to take out.")


class DeleteConfig(_Edit):
    """Remove everything that the scope sets."""

    kind: Literal["delete"] = "delete"


class Restore(_Edit):
    """Bring back a state that was in force before; what a rollback becomes once its target is found."""

    kind: Literal["rollback"] = "rollback"
    parameters: dict[str, Any] | None = Field(description="What the scope set then; null: it had no config.")
    target: str = Field(description="What was asked for, such as `version 3`, `the previous state` or an audit id.")


Edit: TypeAlias = Annotated[
    SetParameters | PatchParameters | UnsetParameters | DeleteConfig | Restore, Field(discriminator="kind")
]
"""Any of them."""
