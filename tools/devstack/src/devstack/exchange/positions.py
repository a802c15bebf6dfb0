"""Positions: what fills make of them, and what they are worth."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from devstack.exchange.amounts import ZERO


class PositionSide(StrEnum):
    """The side that a position belongs to: BOTH in one-way mode, the others in hedge mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


@dataclass(slots=True)
class Position:
    """One position; `amount` is in the base asset and negative when short, `entry` the average price paid."""

    symbol: str
    side: PositionSide
    amount: Decimal = ZERO
    entry: Decimal = ZERO
    updated: int = 0

    def take(self, quantity: Decimal, price: Decimal, now: int) -> Decimal:
        """Add a signed fill and return the profit that it realised, in the quote asset; fees are not in it."""
        before, after = self.amount, self.amount + quantity
        realised = ZERO
        if before * quantity >= 0:
            self.entry = (self.entry * before + price * quantity) / after
        else:
            closed = min(abs(before), abs(quantity)).copy_sign(before)
            realised = (price - self.entry) * closed
            if before * after < 0:
                self.entry = price
            elif not after:
                self.entry = ZERO
        self.amount = after
        self.updated = now
        return realised

    def unrealised(self, mark: Decimal) -> Decimal:
        """Return the profit that closing at the mark price would realise."""
        return (mark - self.entry) * self.amount

    def reducible(self, *, buy: bool) -> Decimal:
        """Return how much an order of this direction could close."""
        return max(ZERO, -self.amount if buy else self.amount)
