"""Execution events: what the order engine tells of its orders on `execution.events.<strategy>`."""

import math
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from petrosa_contracts.instant import EARLIEST_EPOCH_SECONDS, LATEST_EPOCH_SECONDS, UtcDatetime, as_utc

UNKNOWN_STRATEGY = "unknown"
"""What stands for the strategy where the engine does not know it."""

_EXIT_REASON = "oco_exit_"
_MOST = Decimal("1e15")  # no quantity, price or result is larger


class ExecutionEventType(StrEnum):
    """The kinds of event that are known; others may come, and read as text."""

    PLACED = "placed"
    FILLED = "filled"
    PARTIAL_FILL = "partial_fill"
    REJECTED = "rejected"
    FORCE_CLOSED = "position_force_closed_no_stops"


_FILLS = frozenset({ExecutionEventType.FILLED, ExecutionEventType.PARTIAL_FILL, ExecutionEventType.FORCE_CLOSED})
_OVER = frozenset(
    {"filled", "rejected", "cancelled", "canceled", "expired", "failed", "position_force_closed_no_stops"}
)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _strategy(value: object) -> str:
    return _text(value) or UNKNOWN_STRATEGY


def _lower(value: object) -> str:
    return _text(value).lower()


def _upper(value: object) -> str:
    return _text(value).upper()


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < _MOST else None


def _amount(value: object) -> Decimal | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _instant(value: object) -> datetime | None:
    """Read ISO text, or epoch seconds or milliseconds; None for anything else."""
    if isinstance(value, datetime):
        return as_utc(value)
    number = _number(value)
    if number is not None:
        seconds = float(number)
        seconds = seconds / 1000 if seconds > LATEST_EPOCH_SECONDS else seconds
        if math.isfinite(seconds) and EARLIEST_EPOCH_SECONDS <= seconds <= LATEST_EPOCH_SECONDS:
            return datetime.fromtimestamp(seconds, tz=UTC)
        return None
    try:
        return as_utc(datetime.fromisoformat(_text(value)))
    except ValueError:
        return None


_Text = Annotated[str, BeforeValidator(_text)]
_Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
_Number = Annotated[Decimal | None, BeforeValidator(_number)]
_Instant = Annotated[UtcDatetime | None, BeforeValidator(_instant)]


class ExecutionEvent(BaseModel):
    """One event. The engine leaves out what it does not know; what cannot be read counts as left out.

    Events may come twice, late and out of order: a fill is told by the order's answer, by the user stream and by the
    exit of a pair, and quantities are the order's sum so far.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    decision_id: _Text = Field(default="", description="Decision that approved the order; empty when unknown.")
    strategy_id: Annotated[str, BeforeValidator(_strategy)] = Field(
        default=UNKNOWN_STRATEGY, description="Strategy it was for."
    )
    order_id: _Text = Field(default="", description="The exchange's id, else the engine's; empty before there is one.")
    event_type: Annotated[str, BeforeValidator(_lower)] = Field(description="What happened.")
    timestamp: _Instant = Field(default=None, description="When it was published, UTC.")
    reason: _Text = Field(default="", description="Why, in the engine's words.")
    symbol: Annotated[str, BeforeValidator(_upper)] = Field(default="", description="Exchange symbol.")
    side: Annotated[str, BeforeValidator(_lower)] = Field(default="", description="buy, sell or close.")
    qty: _Amount = Field(default=None, description="Quantity ordered, base asset.")
    fill_qty: _Amount = Field(default=None, description="Quantity filled so far, base asset.")
    fill_quantity: _Amount = Field(default=None, description="The same, in the other spelling.")
    fill_price: _Amount = Field(default=None, description="Average price of the fill, quote per base.")
    price: _Amount = Field(default=None, description="Price of the order, quote per base.")
    fill_time: _Instant = Field(default=None, description="When it was filled, UTC.")
    pnl: _Number = Field(default=None, description="Result that the fill realised, quote currency.")
    close_reason: _Text = Field(default="", description="Why a position was closed.")

    @property
    def filled(self) -> Decimal | None:
        """Quantity that the order has filled so far; None if it did not, or if nothing tells how much."""
        if self.event_type not in _FILLS:
            return None
        stated = self.fill_quantity or self.fill_qty
        return stated if stated is not None or self.event_type == ExecutionEventType.PARTIAL_FILL else self.qty

    @property
    def is_fill(self) -> bool:
        """Whether it tells of a fill, of a known size or not."""
        return self.event_type in _FILLS

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of the order: filled, refused, cancelled or expired."""
        return self.event_type in _OVER

    @property
    def is_exit(self) -> bool:
        """Whether the fill closes what was open: by its side, or because something was realised by it."""
        return bool(
            self.side == "close"
            or self.event_type == ExecutionEventType.FORCE_CLOSED
            or self.close_reason
            or self.pnl  # the exchange tells a result of zero with fills that open
            or self.reason.startswith(_EXIT_REASON)
        )

    @property
    def happened_at(self) -> datetime | None:
        """When it happened as far as it says: the fill's time, else the publication's."""
        return self.fill_time or self.timestamp
