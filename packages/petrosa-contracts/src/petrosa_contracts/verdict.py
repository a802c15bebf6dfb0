"""The verdict: what the gate decided about one intent, and every reason for it."""

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts.control import Mode
from petrosa_contracts.instant import UtcDatetime


class Code(StrEnum):
    """Reason codes. One reason, one code; a code never changes its meaning."""

    PAYLOAD_INVALID = "PAYLOAD_INVALID"
    HALT_ACTIVE = "HALT_ACTIVE"
    FROZEN = "FROZEN"
    INTENT_STALE = "INTENT_STALE"
    INTENT_FUTURE = "INTENT_FUTURE"
    INTENT_DUPLICATE = "INTENT_DUPLICATE"
    STRATEGY_DISABLED = "STRATEGY_DISABLED"
    SIDE_DISABLED = "SIDE_DISABLED"
    SYMBOL_NOT_ALLOWED = "SYMBOL_NOT_ALLOWED"
    CONFIDENCE_LOW = "CONFIDENCE_LOW"
    ORDER_NOTIONAL_MAX = "ORDER_NOTIONAL_MAX"
    ORDER_NOTIONAL_MIN = "ORDER_NOTIONAL_MIN"
    POSITION_SIZE_MAX = "POSITION_SIZE_MAX"
    LEVERAGE_MAX = "LEVERAGE_MAX"
    STOP_INVALID = "STOP_INVALID"
    DAILY_TRADES = "DAILY_TRADES"
    RATE_LIMIT = "RATE_LIMIT"
    OVERLOADED = "OVERLOADED"
    SYMBOL_UNKNOWN = "SYMBOL_UNKNOWN"
    SYMBOL_NOT_TRADING = "SYMBOL_NOT_TRADING"
    PRICE_PHANTOM = "PRICE_PHANTOM"
    PRICE_INCONSISTENT = "PRICE_INCONSISTENT"
    FILTER_TICK = "FILTER_TICK"
    FILTER_LOT = "FILTER_LOT"
    FILTER_MIN_NOTIONAL = "FILTER_MIN_NOTIONAL"
    FILTER_PERCENT_PRICE = "FILTER_PERCENT_PRICE"
    MARKET_STALE = "MARKET_STALE"
    REGIME_STALE = "REGIME_STALE"
    PORTFOLIO_STALE = "PORTFOLIO_STALE"
    REGIME_SIZE = "REGIME_SIZE"
    REGIME_INCREASE = "REGIME_INCREASE"
    REGIME_ENTRY = "REGIME_ENTRY"
    DAILY_LOSS = "DAILY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    EXPOSURE_MAX = "EXPOSURE_MAX"
    POSITIONS_MAX = "POSITIONS_MAX"
    LEVERAGE_TOTAL = "LEVERAGE_TOTAL"
    FAILSAFE_LIMIT = "FAILSAFE_LIMIT"
    PRIMAL_LIMIT = "PRIMAL_LIMIT"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"


class Decision(StrEnum):
    """The two outcomes there are."""

    APPROVED = "approved"
    VETOED = "vetoed"


class Breach(BaseModel):
    """One limit that an intent does not keep: what was measured, what is allowed, and who said so."""

    model_config = ConfigDict(frozen=True)

    code: Code = Field(description="Machine-readable reason.")
    gate: str = Field(description="Name of the gate that found it.")
    measured: float | int | str | bool | None = Field(description="What the intent asks for or is, in `unit`.")
    limit: float | int | str | bool | None = Field(description="What is allowed, in `unit`; equal to it passes.")
    unit: str = Field(description="Unit of `measured` and `limit`, such as USD, seconds, fraction or x.")
    scope: str | None = Field(
        description="Scope that set the limit, `defaults` if none, `primal` for a hard ceiling, null if it is built in."
    )
    version: int | None = Field(
        description="Version of that scope's policy, revision of the primal limits; 0 for the defaults."
    )
    message: str = Field(description="One sentence a person can act on.")


class LiveValues(BaseModel):
    """The live market that an intent was checked against."""

    model_config = ConfigDict(frozen=True)

    price: Decimal = Field(description="Live price, quote per base.")
    as_of: UtcDatetime = Field(description="When the exchange made it, UTC.")
    mark_price: Decimal | None = Field(description="Mark price, quote per base; null: not known.")


class Verdict(BaseModel):
    """The answer to one intent: the reply to a request and the core of the record."""

    model_config = ConfigDict(frozen=True)

    decision_id: str = Field(description="32 hexadecimal digits, unique for each decision.")
    verdict: Decision = Field(description="Whether the intent may become a signal.")
    code: Code | None = Field(description="Code of the first breach; null when approved.")
    message: str = Field(description="One sentence: what was decided and why.")
    breaches: tuple[Breach, ...] = Field(
        description="Every limit not kept: first those vetoed for, then those only noted about an exit, in gate order."
    )
    mode: Mode = Field(description="Mode of the gate for this intent.")
    epoch: int | None = Field(description="Policy epoch decided under; null while policy was never loaded.")
    strategy_id: str | None = Field(description="As in the intent; null if it could not be read.")
    symbol: str | None = Field(description="As in the intent; null if it could not be read.")
    action: str | None = Field(description="As in the intent; null if it could not be read.")
    signal_id: str | None = Field(description="The intent's `signal_id`, else `id`, else `intent_id`.")
    received_at: UtcDatetime = Field(description="When the gate received the intent, UTC.")
    latency_ms: float = Field(ge=0, description="Milliseconds from receipt to verdict.")
    live: LiveValues | None = Field(
        default=None,
        exclude_if=lambda live: live is None,
        description="Live market that it was checked against; left out where the gate has no market data.",
    )

    @property
    def approved(self) -> bool:
        """Whether the intent may become a signal."""
        return self.verdict is Decision.APPROVED
