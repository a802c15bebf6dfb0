"""The trail: one record for every change of parameters or control, with the whole state before and after.

What was refused because it is beyond a primal limit has its record too.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.primal.bounds import Excess


class Subject(StrEnum):
    """What a record is about."""

    CONFIG = "config"
    CONTROL = "control"
    REFUSAL = "refusal"
    """An attempt beyond the primal limits, or on them; nothing changed."""
    LATCH = "latch"
    """A latch of the portfolio was cleared."""


class AuditRecord(BaseModel):
    """One change, or one attempt that was refused.

    Stored in the shape of the fleet's audit documents, with more in `metadata`.
    """

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="Unique id of the record.")
    subject: Subject = Field(
        default=Subject.CONFIG, description="Whether parameters or control changed, or nothing did."
    )
    scope: str = Field(description="Scope key.", examples=["symbol:BTCUSDT"])
    action: str = Field(description="`create`, `update` or `delete`; `refuse` where nothing changed.")
    edit: str = Field(
        description="What was asked for: set, patch, unset, delete, rollback, impose, lift, import, primal, or clear."
    )
    before: dict[str, Any] | None = Field(description="Full state before; null: there was none.")
    after: dict[str, Any] | None = Field(description="Full state after; null: there is none.")
    version_before: int | None = Field(description="Version before; null: the scope had no config. Null for control.")
    version: int | None = Field(description="Version after, deletes included. Null for control.")
    changed_by: str = Field(description="Who signed the change.")
    caller: str = Field(description="Name of the verified caller.")
    caller_class: str = Field(description="`agent` or `operator`.")
    reason: str | None = Field(default=None, description="Why, in the caller's words.")
    thought_trace: str | None = Field(default=None, description="The reasoning behind it.")
    at: UtcDatetime = Field(description="When, UTC.")
    loosening: dict[str, float] = Field(
        default_factory=dict[str, float], description="Parameter to how far it was loosened; 0.2 is by a fifth."
    )
    restored: str | None = Field(default=None, description="For a rollback: what was brought back.")
    proposal_id: str | None = Field(default=None, description="The approved proposal that this carried out.")
    refused: tuple[Excess, ...] = Field(default=(), description="For a refusal: what is beyond which primal limit.")
    request_id: str | None = Field(default=None, description="Id of the request, for tracing.")
    revision: int | None = Field(default=None, description="Place in the order of all changes; null: unknown.")


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which records are wanted. None: any."""

    scope: str | None = None
    symbol: str | None = None
    side: str | None = None
    strategy_id: str | None = None
    subject: Subject | None = None
    action: str | None = None
    before_revision: int | None = None
    """Only older ones; for the next page."""
    since: datetime | None = None
