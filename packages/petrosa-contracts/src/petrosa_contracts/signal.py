"""What a strategy asks for and what the order engine is told to do: the `Signal` and its enumerations.

Acceptance is pydantic's lax mode and unknown fields are ignored, so a payload the fleet's engine takes is taken here.
"""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts._timestamps import SignalTimestamp
from petrosa_contracts.instant import utc_now


class SignalType(StrEnum):
    """What a signal wants done; older senders set it beside `Signal.action`, which alone decides."""

    BUY = "buy"
    SELL = "sell"
    HOLD = "hold"
    CLOSE = "close"


class SignalStrength(StrEnum):
    """How pronounced the strategy finds its own signal; a label without a number behind it."""

    WEAK = "weak"
    MEDIUM = "medium"
    STRONG = "strong"
    EXTREME = "extreme"


class TimeFrame(StrEnum):
    """Candle lengths the fleet names; `1m` is a minute and `1M` a month. `Signal.timeframe` is not limited to them."""

    TICK = "tick"
    MINUTE_1 = "1m"
    MINUTE_3 = "3m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    HOUR_1 = "1h"
    HOUR_2 = "2h"
    HOUR_4 = "4h"
    HOUR_6 = "6h"
    HOUR_8 = "8h"
    HOUR_12 = "12h"
    DAY_1 = "1d"
    DAY_3 = "3d"
    WEEK_1 = "1w"
    MONTH_1 = "1M"


class OrderType(StrEnum):
    """Kinds of order the engine can place; the `conditional_` ones wait inside the engine for a price to be crossed."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    CONDITIONAL_LIMIT = "conditional_limit"
    CONDITIONAL_STOP = "conditional_stop"


class TimeInForce(StrEnum):
    """How long an order may rest: till cancelled, what fills at once, all or nothing, or as maker only (`GTX`)."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"


class StrategyMode(StrEnum):
    """Which of the engine's processors handles the signal: fixed rules, a light model, or a reasoning model."""

    DETERMINISTIC = "deterministic"
    ML_LIGHT = "ml_light"
    LLM_REASONING = "llm_reasoning"


class Signal(BaseModel):
    """One trade proposal as bots publish it and the order engine consumes it; immutable once built.

    Only range-limited fields refuse NaN and infinity. Prices and quantities take any float, also zero and negative
    ones; `symbol` is neither trimmed nor upper-cased. Fields ending in `_pct` are fractions (0.02 is 2 %), while the
    trading parameters `stop_loss_pct` and `take_profit_pct` are percent. Raises `pydantic.ValidationError` for
    missing, mistyped and out-of-range fields.

    `timestamp` is repaired for compatibility with the engine: null, unreadable or out-of-range input becomes the time
    of receipt without a word to the sender, so an old order can look fresh. A gate must not rely on this field for
    the age of an intent; it has to read the payload's own `timestamp` and refuse what it cannot read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None = Field(default=None, description="Sender's id of the signal; stands in where signal_id is missing.")
    strategy_id: str = Field(description="Id of the strategy instance; free text, blanks and dots occur.")
    signal_id: str | None = Field(
        default=None, description="Id of this signal; when not empty the engine locks on it against duplicates."
    )
    decision_id: str | None = Field(
        default=None, description="Id of the governance decision that let the signal through; carried into orders."
    )
    strategy_mode: StrategyMode = Field(
        default=StrategyMode.DETERMINISTIC, description="Chooses the engine's processor."
    )
    symbol: str = Field(description="Exchange symbol such as BTCUSDT; used exactly as sent.")
    signal_type: SignalType | None = Field(
        default=None, description="Older twin of action; may contradict it and never overrides it."
    )
    action: Literal["buy", "sell", "hold", "close"] = Field(
        description="What to do; with hedged positions buy and sell open or add, only close is meant to reduce."
    )
    confidence: float = Field(ge=0, le=1, description="How sure the strategy is, as a fraction from 0 to 1.")
    strength: SignalStrength = Field(
        default=SignalStrength.MEDIUM, description="How pronounced the signal is; a label."
    )
    price: float = Field(description="Price the strategy reasoned with, quote per base; sets no order price.")
    quantity: float = Field(description="Size in base asset; 0 leaves the sizing to the engine.")
    current_price: float = Field(description="Market price, quote per base; the engine orders and sizes by it.")
    target_price: float | None = Field(
        default=None, description="Wished execution price, quote per base; informative, sets no order price."
    )
    source: str = Field(description="Name of the publishing service; engines may accept orders of one source only.")
    strategy: str = Field(description="Name of the strategy, without instance or symbol.")
    metadata: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Free notes of the sender, copied into the order's metadata."
    )
    timeframe: str = Field(default="1h", description="Candle length looked at; a label, any text is taken.")
    order_type: OrderType = Field(default=OrderType.MARKET, description="Kind of order to place.")
    time_in_force: TimeInForce = Field(default=TimeInForce.GTC, description="How long the order may rest.")
    position_size_pct: float | None = Field(
        default=None, ge=0, le=1, description="Share of equity to commit, as a fraction from 0 to 1."
    )
    quote_quantity: float | None = Field(default=None, description="Size in quote asset; no engine reads it.")
    stop_loss: float | None = Field(default=None, description="Stop price, absolute, quote per base.")
    stop_loss_pct: float | None = Field(
        default=None, ge=0, le=1, description="Stop distance from entry, as a fraction from 0 to 1 (0.02 is 2 %)."
    )
    take_profit: float | None = Field(default=None, description="Target price, absolute, quote per base.")
    take_profit_pct: float | None = Field(
        default=None, ge=0, le=1, description="Target distance from entry, as a fraction from 0 to 1 (0.04 is 4 %)."
    )
    conditional_price: float | None = Field(
        default=None, description="Price that releases a conditional order, absolute, quote per base."
    )
    conditional_direction: Literal["above", "below"] | None = Field(
        default=None, description="Side of conditional_price the market must reach."
    )
    conditional_timeout: int | None = Field(
        default=None, description="Seconds after which a conditional order is given up."
    )
    iceberg_quantity: float | None = Field(default=None, description="Visible part of an iceberg order, in base asset.")
    client_order_id: str | None = Field(default=None, description="Order id chosen by the sender.")
    model_confidence: float | None = Field(
        default=None, ge=0, le=1, description="Confidence of the model behind the signal, as a fraction from 0 to 1."
    )
    model_features: dict[str, Any] | None = Field(default=None, description="Inputs the model saw.")
    llm_reasoning: str | None = Field(
        default=None, description="Reasoning text of a language model; llm_reasoning mode is judged by its presence."
    )
    llm_alternatives: list[dict[str, Any]] | None = Field(
        default=None, description="Other actions the language model weighed."
    )
    indicators: dict[str, Any] | None = Field(default=None, description="Indicator values at the time of the signal.")
    rationale: str | None = Field(default=None, description="Why, in words for people.")
    meta: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Engine switches: simulate=true makes the order a simulation."
    )
    timestamp: SignalTimestamp = Field(
        default_factory=utc_now,
        description="When the signal arose, aware: ISO 8601 text (naive is UTC) or epoch seconds; else now.",
    )
