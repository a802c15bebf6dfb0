"""Trading parameters as documents: the current set of a scope, its audit trail, and the leverage the exchange has.

Datetimes follow pydantic's rules: documents of the oldest engines hold naive UTC times and those stay naive here.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts._timestamps import WireDatetime
from petrosa_contracts.instant import utc_now


class TradingConfig(BaseModel):
    """The parameters one scope sets; immutable, every change is a new document with the next version.

    `parameters` is not checked against the catalogue here, and replaces the scope's previous set as a whole. Stops in
    it are percent (2.0 is 2 %), unlike the fractions of a `Signal`. Raises `pydantic.ValidationError` for missing or
    mistyped fields.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None = Field(default=None, description="Id given by the store; null inside the stored document.")
    strategy_id: str | None = Field(default=None, description="Strategy the set is for; null for every strategy.")
    symbol: str | None = Field(default=None, description="Symbol the set is for; null for every symbol.")
    side: Literal["LONG", "SHORT"] | None = Field(default=None, description="Position side; null for both.")
    parameters: dict[str, Any] = Field(description="Parameter names and values; an empty map is a set too.")
    version: int = Field(default=1, description="Counts the sets of this scope from 1; starts again after a delete.")
    created_at: WireDatetime = Field(
        default_factory=utc_now, description="When the scope was first set; carried over from version to version."
    )
    updated_at: WireDatetime = Field(default_factory=utc_now, description="When this version was set.")
    created_by: str = Field(description="Who made this version, not who made the first one.")
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any], description="Free notes on the set.")

    def get_scope_key(self) -> str:
        """Return the fleet's key of the scope: `global`, `BTCUSDT` or `BTCUSDT:LONG`.

        The strategy does not enter it, so a strategy's set answers `global`; a side without a symbol answers
        `None:LONG`. Both are the fleet's own readings: the key does not tell all scopes apart and must not address a
        store.
        """
        if self.side is not None:
            return f"{self.symbol}:{self.side}"
        return self.symbol or "global"


class TradingConfigAudit(BaseModel):
    """One change of one scope's parameters, with the state before and after; append only.

    A rollback is an `update`. After a `delete`, `parameters_after` and `version_after` are null.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None = Field(default=None, description="Id given by the store.")
    config_type: Literal["global", "symbol", "symbol_side", "strategy"] = Field(description="Kind of scope changed.")
    symbol: str | None = Field(default=None, description="Symbol of the scope, if it has one.")
    side: Literal["LONG", "SHORT"] | None = Field(default=None, description="Side of the scope, if it has one.")
    strategy_id: str | None = Field(default=None, description="Strategy of the scope, if it has one.")
    action: Literal["create", "update", "delete"] = Field(description="What was done to the set.")
    parameters_before: dict[str, Any] | None = Field(default=None, description="Parameters until then; null on create.")
    parameters_after: dict[str, Any] | None = Field(default=None, description="Parameters from then; null on delete.")
    version_before: int | None = Field(default=None, description="Version until then; null on create.")
    version_after: int | None = Field(default=None, description="Version from then; null on delete.")
    changed_by: str = Field(description="Who made the change.")
    reason: str | None = Field(default=None, description="Why, in the words of whoever made it.")
    timestamp: WireDatetime = Field(default_factory=utc_now, description="When the change was made; now if not given.")
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any], description="Free notes on the change.")


class LeverageStatus(BaseModel):
    """Leverage wanted for a symbol against the leverage the exchange last reported; whole multiples from 1 to 125."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None = Field(default=None, description="Id given by the store.")
    symbol: str = Field(description="Exchange symbol such as BTCUSDT.")
    configured_leverage: int = Field(ge=1, le=125, description="Multiple that is wanted, 1 to 125.")
    actual_leverage: int | None = Field(
        default=None, ge=1, le=125, description="Multiple the exchange reports, 1 to 125; null while unknown."
    )
    last_sync_at: WireDatetime | None = Field(default=None, description="When the exchange was last told or asked.")
    last_sync_success: bool = Field(default=False, description="Whether that worked.")
    last_sync_error: str | None = Field(default=None, description="What went wrong, if it did not.")
    updated_at: WireDatetime = Field(default_factory=utc_now, description="When this document last changed.")
