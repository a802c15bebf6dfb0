"""A complete reading of the account, as values."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from petrosa_contracts import Side
from petrosa_contracts.portfolio import PositionMode

PositionKey: TypeAlias = tuple[str, Side]
"""Symbol and side: what the exchange nets into one position."""

TRANSFERS = frozenset(
    {
        "TRANSFER",
        "INTERNAL_TRANSFER",
        "STRATEGY_UMFUTURES_TRANSFER",
        "CROSS_COLLATERAL_TRANSFER",
        "COIN_SWAP_DEPOSIT",
        "COIN_SWAP_WITHDRAW",
        "WELCOME_BONUS",
    }
)
"""Income types that move money in or out without anything having been won or lost."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One open position as the exchange shows it. Quantities are without sign."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    """What one unit is valued at: the mark price, quote per base."""
    entry_price: Decimal | None = None
    leverage: Decimal | None = None
    unrealised: Decimal | None = None
    updated_at: datetime | None = None
    """When the exchange last changed it, by the exchange's clock."""

    @property
    def key(self) -> PositionKey:
        """Symbol and side."""
        return self.symbol, self.side


@dataclass(frozen=True, slots=True)
class Income:
    """One entry of the account's income history."""

    key: str
    """Tells two entries apart."""
    kind: str
    """As the exchange calls it, such as REALIZED_PNL, COMMISSION, FUNDING_FEE or TRANSFER."""
    amount: Decimal
    asset: str
    at: datetime

    @property
    def is_transfer(self) -> bool:
        """Whether it is money moved in or out."""
        return self.kind in TRANSFERS


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything the exchange says about the account. One is made whole, or not at all."""

    began_at: datetime
    """Just before the exchange was asked: what was reported before this is contained."""
    equity: Decimal | None
    """Margin balance, quote currency; None where the exchange does not tell."""
    unrealised: Decimal | None
    position_mode: PositionMode
    holdings: tuple[Holding, ...]
    incomes: tuple[Income, ...]
    """All of the UTC day of `began_at`, and possibly older ones."""

    @property
    def day(self) -> date:
        """UTC day of the reading."""
        return self.began_at.date()
