"""The day's loss: how far equity is below that of the day's start, and what three readings in a row agreed on."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from statistics import median_high
from typing import Self

from petrosa_contracts.portfolio import READINGS_TO_AGREE

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day's equity at the start, and its losses. Amounts in quote currency."""

    on: date
    opening: tuple[Decimal, ...] = ()
    """The readings that the start rests on, three at most. It is the middle one, so that no single one decides."""
    losses: tuple[Decimal, ...] = ()
    """The newest losses, three at most."""
    latched: Decimal = _ZERO

    @classmethod
    def resumed(cls, day: date, equity: Decimal | None, latched: Decimal) -> Self:
        """Return a day whose start is known from before."""
        return cls(day, () if equity is None else (equity,) * READINGS_TO_AGREE, (), latched)

    @property
    def equity(self) -> Decimal | None:
        """Equity at the start of the day, transfers since then included; None before the first reading."""
        return median_high(self.opening) if self.opening else None

    @property
    def is_settled(self) -> bool:
        """Whether the start no longer moves."""
        return len(self.opening) == READINGS_TO_AGREE

    @property
    def loss(self) -> Decimal | None:
        """The newest loss, 0 for a gain; None before the first reading."""
        return self.losses[-1] if self.losses else None

    def read(self, equity: Decimal) -> Self:
        """Take the equity of one more reading."""
        opening = self.opening if self.is_settled else (*self.opening, equity)
        losses = (*self.losses, max(_ZERO, median_high(opening) - equity))[-READINGS_TO_AGREE:]
        agreed = min(losses) if len(losses) == READINGS_TO_AGREE else _ZERO
        return replace(self, opening=opening, losses=losses, latched=max(self.latched, agreed))

    def moved(self, transfer: Decimal) -> Self:
        """Take a transfer, in (positive) or out: it is neither profit nor loss."""
        return replace(self, opening=tuple(equity + transfer for equity in self.opening))

    def begun_anew(self) -> Self:
        """Forget losses and latch; the next reading is the start."""
        return type(self)(self.on)

    def followed_by(self, day: date, recent: tuple[Decimal, ...]) -> Self:
        """Return the next day, whose start rests on the newest readings before it and on its own first ones."""
        return type(self)(day, recent[-(READINGS_TO_AGREE - 1) :])
