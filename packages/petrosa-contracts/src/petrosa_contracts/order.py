"""Orders as the engine keeps and reports them. `OrderType` is the one of `petrosa_contracts.signal`."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts._timestamps import WireDatetime
from petrosa_contracts.instant import utc_now
from petrosa_contracts.signal import OrderType

__all__ = ["OrderSide", "OrderStatus", "OrderType", "TradeOrder"]


class OrderSide(StrEnum):
    """Directions the exchange knows; `TradeOrder.side` is free text because an order made from a close says `close`."""

    BUY = "buy"
    SELL = "sell"


class OrderStatus(StrEnum):
    """Where an order stands; only `pending` and `partially_filled` are not final."""

    PENDING = "pending"
    FILLED = "filled"
    PARTIALLY_FILLED = "partially_filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class TradeOrder(BaseModel):
    """One order with its state; immutable, a later state is a copy (`model_copy(update=...)`).

    Numbers carry no limits and datetimes follow pydantic's rules: a naive one stays naive and means UTC. Raises
    `pydantic.ValidationError` for missing or mistyped fields.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    symbol: str = Field(description="Exchange symbol such as BTCUSDT; used exactly as sent.")
    type: str = Field(description="Kind of order, normally an OrderType value; any text is taken.")
    side: str = Field(description="Direction, normally buy or sell; any text is taken.")
    amount: float = Field(description="Ordered size in base asset.")
    target_price: float | None = Field(default=None, description="Order price, quote per base.")
    stop_loss: float | None = Field(default=None, description="Stop price, absolute, quote per base.")
    take_profit: float | None = Field(default=None, description="Target price, absolute, quote per base.")
    conditional_price: float | None = Field(
        default=None, description="Price that releases a conditional order, absolute, quote per base."
    )
    conditional_direction: str | None = Field(
        default=None, description="Side of conditional_price the market must reach, normally above or below."
    )
    conditional_timeout: int | None = Field(
        default=None, description="Seconds after which a conditional order is given up."
    )
    iceberg_quantity: float | None = Field(default=None, description="Visible part of an iceberg order, in base asset.")
    client_order_id: str | None = Field(default=None, description="Order id chosen on our side.")
    order_id: str | None = Field(default=None, description="Order id given by the exchange.")
    status: OrderStatus = Field(default=OrderStatus.PENDING, description="Where the order stands.")
    filled_amount: float = Field(default=0.0, description="Size executed so far, in base asset.")
    average_price: float | None = Field(default=None, description="Mean execution price, quote per base.")
    position_id: str | None = Field(default=None, description="Id of the position the order belongs to.")
    position_side: str | None = Field(default=None, description="Hedge side, normally LONG or SHORT.")
    exchange: str = Field(default="binance", description="Exchange the order is for.")
    strategy_metadata: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="What the strategy attached, for attribution."
    )
    simulate: bool = Field(default=True, description="True keeps the order off the exchange.")
    reduce_only: bool = Field(default=False, description="True forbids the order to open or add to a position.")
    time_in_force: str | None = Field(default=None, description="How long it may rest, normally a TimeInForce value.")
    position_size_pct: float | None = Field(default=None, description="Share of equity committed, as a fraction.")
    stop_loss_pct: float | None = Field(default=None, description="Stop distance from entry, as a fraction.")
    take_profit_pct: float | None = Field(default=None, description="Target distance from entry, as a fraction.")
    created_at: WireDatetime = Field(default_factory=utc_now, description="When the order was made; now if not given.")
    updated_at: WireDatetime | None = Field(default=None, description="When its state last changed.")
    rejection_reason: str | None = Field(default=None, description="Why the order was refused, in words.")
    rejected_at: WireDatetime | None = Field(default=None, description="When the order was refused.")
    rejection_source: (
        Literal["risk_check", "exchange", "stale_signal", "whitelist", "balance", "validation", "leverage_bound"] | None
    ) = Field(default=None, description="Which check refused the order.")
    meta: dict[str, Any] = Field(default_factory=dict[str, Any], description="Free notes of the engine.")
