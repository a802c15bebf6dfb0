"""What a caller is told about a change it asked for, and about one it only asked about."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.decisions.simulation import Simulation
from petrosa_contracts import ControlEntry


class Direction(StrEnum):
    """What a change does to risk, over every order it reaches."""

    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    MIXED = "mixed"
    NEUTRAL = "neutral"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ParameterChange(_Answer):
    """One parameter of the scope itself, before and after."""

    name: str
    before: Any = Field(description="What the scope set; null if it did not, see `was_set`.")
    after: Any = Field(description="What it sets; null if it does not, see `is_set`.")
    was_set: bool
    is_set: bool


class Effect(_Answer):
    """One parameter as orders meet it, before and after, where the change reaches them."""

    name: str
    before: Any
    after: Any
    unit: str = Field(description="Unit of both values.")
    source_before: str = Field(description="Scope, or scopes, that set it before; `defaults` if none did.")
    source_after: str = Field(description="Scope, or scopes, that set it after.")
    direction: Direction
    loosening: float = Field(description="How far it is loosened, as a share of the stricter value; 0 if it is not.")
    applies_to: str = Field(description="Which orders meet this, in words.")
    overridden_in: tuple[str, ...] = Field(description="Narrower scopes that set their own value and feel nothing.")
    bound: str | None = Field(default=None, description="The bound that the new value meets, in words; null: none.")


class BudgetUse(_Answer):
    """Where a parameter's loosening budget stands."""

    parameter: str
    asked: float = Field(description="What this change would use.")
    used: float = Field(description="What the caller's class has used within the last hour.")
    allowed: float = Field(description="What it may use within an hour.")


class Preview(_Answer):
    """What a change would do. Nothing was written."""

    scope: str = Field(examples=["symbol:BTCUSDT"])
    edit: str = Field(examples=["patch"])
    version: int = Field(description="Version that the scope is at.")
    changes: tuple[ParameterChange, ...] = Field(description="What changes in the scope itself.")
    effects: tuple[Effect, ...] = Field(description="What changes for orders.")
    symbols: tuple[str, ...] = Field(description="Symbols reached that have a policy of their own.")
    strategies: tuple[str, ...] = Field(description="Strategies reached that have a policy of their own.")
    reaches_all_symbols: bool
    reaches_all_strategies: bool
    direction: Direction
    budgets: tuple[BudgetUse, ...] = Field(description="Only of parameters that the change loosens.")
    would: str = Field(description="`apply`, `need_approval` or `change_nothing`.")
    message: str = Field(description="All of it in a sentence or two.")
    simulation: Simulation | None = Field(
        default=None, description="What it would have changed in the last hour; null where that was not asked for."
    )


class OutcomeStatus(StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    PENDING = "pending"


class Enforcement(_Answer):
    """Whether the gate can know of the newest change already."""

    enforced: bool = Field(description="Whether it is in Redis, from where every gate takes it within a second.")
    epoch: int | None = Field(description="Epoch in Redis; null if it is not known.")
    message: str


class Told(_Answer):
    """What every answer to a write says."""

    status: OutcomeStatus
    scope: str = Field(examples=["symbol:BTCUSDT"])
    audit_id: str | None = Field(default=None, description="Record of the change in the trail.")
    message: str
    replayed: bool = Field(default=False, description="Whether this is the answer to an earlier request of this key.")
    enforcement: Enforcement | None = Field(default=None, description="Null where nothing was written.")


class Outcome(Told):
    """What became of a change of parameters."""

    version: int = Field(description="Version that the scope is at now.", examples=[4])
    parameters: dict[str, Any] | None = Field(description="What the scope sets now; null: it has no config.")
    changes: tuple[ParameterChange, ...]
    direction: Direction
    problem: str | None = Field(
        default=None, description="Why the gates would still not believe the scope; null: fine."
    )
    proposal_id: str | None = Field(default=None, description="The proposal that waits for an operator.")


class ControlOutcome(Told):
    """What became of a change of control."""

    before: tuple[ControlEntry, ...] = Field(description="What was set for the scope and in force.")
    after: ControlEntry | None = Field(description="What is set for it now; null: nothing.")
    still: str | None = Field(default=None, description="What still restricts the scope after a lift, in words.")
