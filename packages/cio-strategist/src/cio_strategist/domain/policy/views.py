"""Policy as callers see it: what a scope sets, what holds for an order and why, and what is restricted."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts import ControlEntry
from petrosa_contracts.instant import UtcDatetime


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Source(_View):
    """Where an answer comes from."""

    name: str = Field(description="`mongodb`, or `redis` while MongoDB is away: what the gates see, without history.")
    epoch: int | None = Field(description="Count of the writes to that store; null: there never was one.")


class LayerView(_View):
    """What one scope itself sets."""

    scope: str = Field(examples=["symbol:BTCUSDT"])
    version: int = Field(description="Counts the changes of the scope; 0: it never had any.")
    exists: bool = Field(description="Whether the scope sets anything at all, be it an empty set.")
    parameters: dict[str, Any] = Field(examples=[{"leverage": 5}])
    updated_at: UtcDatetime | None
    updated_by: str | None
    problem: str | None = Field(description="Why the gates would not believe it; null if they do.")
    source: Source


class ResolvedValue(_View):
    """One parameter as an order meets it."""

    value: Any = Field(examples=[5])
    scope: str = Field(description="Scope that set it; `defaults` if none did.", examples=["symbol:BTCUSDT"])
    version: int = Field(description="Version of that scope; 0 for the defaults.")
    unit: str


class ResolvedView(_View):
    """Every parameter as orders of one kind meet it, with its provenance."""

    symbol: str | None
    strategy_id: str | None
    side: str | None
    scopes: tuple[str, ...] = Field(description="Scopes that apply, widest first; the later wins, key by key.")
    parameters: dict[str, ResolvedValue]
    source: Source


class ControlView(_View):
    """One scope that is restricted by hand, or was until its entry expired."""

    scope: str = Field(examples=["symbol:BTCUSDT"])
    field: str = Field(description="Name under which it is stored, where that is not the scope's key.")
    entry: ControlEntry
    in_force: bool
    unreadable: bool = Field(description="Whether it could not be read and therefore counts as a halt.")


class PrimalLimitView(_View):
    """One hard ceiling."""

    value: Any = Field(examples=[1000])
    meaning: str
    bounds: tuple[str, ...] = Field(description="Parameters that may not be set beyond it.", examples=[["leverage"]])


class PrimalView(_View):
    """The hard ceilings, which nothing here can change."""

    source: Literal["file", "built-in", "off"] = Field(
        description="`file`: enough approvers signed it. `built-in`: it cannot be believed, so the tightest limits "
        "hold. `off`: none are configured."
    )
    revision: int | None = Field(description="Revision of the file; 0: built-in; null: off.")
    digest: str | None = Field(description="SHA-256 of the limits, the same in every process that has them.")
    signers: tuple[str, ...] = ()
    problem: str | None = Field(default=None, description="Why the file's limits do not hold; null if they do.")
    limits: dict[str, PrimalLimitView] = Field(description="Each limit by name; shares are fractions of equity.")
    message: str
