"""Portfolio: what is open, what it is worth, and what the day has cost. What is not known is null, never zero."""

from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts.amounts import Amount, NotNegativeAmount, PositiveAmount
from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.primal import UPWARD
from petrosa_contracts.regime import DrawdownPhase, drawdown_phase
from petrosa_contracts.scope import Side

READINGS_TO_AGREE = 3
"""As many readings in a row must show a loss before it counts, so that one wrong number latches nothing."""

SETTLE_SECONDS = 90
"""How long an order that the portfolio shows stays reserved for gates that do not see that portfolio yet.

A gate must let nothing open on a portfolio nearly as old as this: see `petrosa_contracts.reservations`.
"""

PositionMode = Literal["hedge", "one-way"]
"""Whether the account keeps long and short of a symbol apart, or nets them into one position."""


def position_name(symbol: str, side: Side) -> str:
    """Return how a position is named where one text has to do: `BTCUSDT:LONG`."""
    return f"{symbol}:{side}"


class Position(BaseModel):
    """One open position: the exchange nets one per symbol and side."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    symbol: str = Field(description="Exchange symbol, upper case.")
    side: Side = Field(description="LONG or SHORT.")
    quantity: PositiveAmount = Field(description="Size, base asset, without sign.")
    notional: NotNegativeAmount = Field(
        description="Value at the mark price, quote currency; leverage not multiplied in."
    )
    entry_price: PositiveAmount | None = Field(default=None, description="Average entry price, quote per base.")
    leverage: PositiveAmount | None = Field(default=None, description="Leverage setting of the position, x.")
    unrealised: Amount | None = Field(default=None, description="Open profit (loss negative), quote currency.")
    strategies: dict[str, Amount] = Field(
        default_factory=dict[str, Decimal],
        description="Quantity by strategy id, as far as execution events tell; the rest came from elsewhere.",
    )


class PortfolioState(BaseModel):
    """The portfolio at one moment, as stored under `cio:portfolio`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    as_of: UtcDatetime = Field(description="When the exchange was last read completely, UTC.")
    revision: int = Field(ge=0, description="Counts what was published, from 1.")
    position_mode: PositionMode | None = Field(default=None, description="The account's mode; null: not known.")
    equity: Amount | None = Field(
        default=None, description="Margin balance: wallet plus open profit, quote currency; null: not known."
    )
    peak_equity: Amount | None = Field(default=None, description="Highest equity since drawdown was last cleared.")
    drawdown: NotNegativeAmount | None = Field(
        default=None, description="Fall from the peak now, as a fraction; null: unknown."
    )
    drawdown_latched: NotNegativeAmount = Field(
        default=Decimal(0), description="Largest fall that three readings in a row agreed on, until it is cleared."
    )
    day: date = Field(description="The UTC day that the following speak about.")
    day_equity: Amount | None = Field(default=None, description="Equity at the start of the day; null: not known.")
    realised: Amount | None = Field(default=None, description="Result realised today, fees and funding included.")
    unrealised: Amount | None = Field(default=None, description="Open result of all positions now.")
    daily_loss: NotNegativeAmount | None = Field(
        default=None, description="What equity is below that of the day's start, 0 if above; null: not known."
    )
    daily_loss_latched: NotNegativeAmount = Field(
        default=Decimal(0),
        description="Largest loss today that three readings in a row agreed on, until midnight UTC or cleared.",
    )
    positions: tuple[Position, ...] = Field(default=(), description="Everything open, one per symbol and side.")
    differences: tuple[str, ...] = Field(
        default=(), description="Where execution events and exchange did not agree; the exchange is what is shown."
    )
    cleared: dict[str, UtcDatetime] = Field(
        default_factory=dict[str, datetime],
        description="When an operator cleared a latch last, by latch: daily-loss, drawdown.",
    )

    @cached_property
    def drawdown_phase(self) -> DrawdownPhase:
        """The phase of the fall from the peak."""
        return drawdown_phase(self.drawdown)

    @cached_property
    def exposure(self) -> Decimal:
        """Sum of all notionals, long and short added up, quote currency; what does not fit is rounded up."""
        total = Decimal(0)
        for position in self.positions:
            total = UPWARD.add(total, position.notional)
        return total

    @cached_property
    def open_names(self) -> frozenset[str]:
        """The name of each open position, such as `BTCUSDT:LONG`."""
        return frozenset(position_name(position.symbol, position.side) for position in self.positions)

    def position(self, symbol: str, side: Side) -> Position | None:
        """Return the open position of a symbol and side; None if there is none."""
        for position in self.positions:
            if position.symbol == symbol and position.side is side:
                return position
        return None
