"""The values everything else is about."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Literal, TypeAlias

PositionSide: TypeAlias = Literal["BOTH", "LONG", "SHORT"]
OrderSide: TypeAlias = Literal["BUY", "SELL"]
PositionKey: TypeAlias = tuple[str, PositionSide]


class Mode(Enum):
    """How the account keeps positions: one per symbol, or a long and a short side by side."""

    ONE_WAY = "one-way"
    HEDGE = "hedge"


@dataclass(frozen=True, slots=True)
class Position:
    """An open position; `amount` is signed in contracts' base units and never zero, negative for a short."""

    symbol: str
    side: PositionSide
    amount: Decimal

    @property
    def key(self) -> PositionKey:
        """What tells this position from all others of the account."""
        return (self.symbol, self.side)

    @property
    def is_long(self) -> bool:
        """Whether it gains when the price rises: by its side in hedge mode, by its sign in one-way mode."""
        return self.side == "LONG" or (self.side == "BOTH" and self.amount > 0)

    @property
    def closing_side(self) -> OrderSide:
        """The side of an order that makes it smaller."""
        return "SELL" if self.is_long else "BUY"

    @property
    def size(self) -> Decimal:
        """Its amount without the sign."""
        return abs(self.amount)

    def __str__(self) -> str:
        return f"{self.symbol} {'long' if self.is_long else 'short'} {self.size.normalize():f}"


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that waits at the exchange; `conditional` ones are kept by its algo service."""

    symbol: str
    identity: str
    conditional: bool


@dataclass(frozen=True, slots=True)
class MarketLot:
    """What one market order of a symbol may be; 0 means no limit."""

    step: Decimal
    minimum: Decimal
    maximum: Decimal


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """One market order that can only make its position smaller."""

    position: Position
    quantity: Decimal
    client_order_id: str


@dataclass(frozen=True, slots=True)
class Fill:
    """What became of an order: the exchange's status word and the executed quantity."""

    status: str
    executed: Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """The account as last read; None stands for a part that could not be read."""

    positions: tuple[Position, ...] | None
    orders: tuple[OpenOrder, ...] | None
    conditional_orders: tuple[OpenOrder, ...] | None
    problems: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every part could be read."""
        return self.positions is not None and self.orders is not None and self.conditional_orders is not None

    @property
    def flat(self) -> bool:
        """Whether it proves that nothing is open."""
        return self.complete and not (self.positions or self.orders or self.conditional_orders)

    @property
    def all_orders(self) -> tuple[OpenOrder, ...]:
        """All open orders that could be read, of both kinds."""
        return (*(self.orders or ()), *(self.conditional_orders or ()))
