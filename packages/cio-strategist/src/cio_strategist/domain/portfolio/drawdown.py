"""Drawdown: how far equity has fallen from its peak, and what three readings in a row agreed on."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Self

from petrosa_contracts.portfolio import READINGS_TO_AGREE

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Drawdown:
    """Peak equity and the fall from it. The peak is the highest equity that three readings in a row reached."""

    peak: Decimal | None = None
    is_settled: bool = False
    """Whether three readings have made the peak since it was begun; before that it is the lowest of them."""
    equities: tuple[Decimal, ...] = ()
    """The newest equities, three at most, transfers since then included."""
    falls: tuple[Decimal, ...] = ()
    """The newest falls as fractions of the peak, three at most."""
    latched: Decimal = _ZERO

    @classmethod
    def resumed(cls, peak: Decimal | None, equity: Decimal | None, latched: Decimal) -> Self:
        """Return a drawdown whose peak and newest equity are known from before."""
        equities = () if equity is None else (equity,)
        return cls(peak, is_settled=peak is not None, equities=equities, latched=latched)

    @property
    def fall(self) -> Decimal | None:
        """The newest fall, as a fraction of the peak; None before the first reading and without a positive peak."""
        return self.falls[-1] if self.falls and self._has_peak else None

    @property
    def _has_peak(self) -> bool:
        return self.peak is not None and self.peak > 0

    def read(self, equity: Decimal) -> Self:
        """Take the equity of one more reading."""
        equities = (*self.equities, equity)[-READINGS_TO_AGREE:]
        agree = len(equities) == READINGS_TO_AGREE
        peak = self.peak
        if not self.is_settled or peak is None:
            peak = min(equities)
        elif agree:
            peak = max(peak, min(equities))
        fall = max(_ZERO, (peak - equity) / peak) if peak > 0 else _ZERO
        falls = (*self.falls, fall)[-READINGS_TO_AGREE:]
        agreed = min(falls) if len(falls) == READINGS_TO_AGREE else _ZERO
        return replace(
            self,
            peak=peak,
            is_settled=self.is_settled or agree,
            equities=equities,
            falls=falls,
            latched=max(self.latched, agreed),
        )

    def moved(self, transfer: Decimal, equity: Decimal) -> Self:
        """Take a transfer, in (positive) or out, of an account that had `equity` before it.

        The peak moves in proportion, as the value of a fund's share stays when money comes or goes: the fall as a
        fraction is the same before and after. Where there was no equity the peak moves by the amount.
        """
        if self.peak is None:
            return self
        if equity <= 0:
            equities = tuple(each + transfer for each in self.equities)
            return replace(self, peak=self.peak + transfer, equities=equities)
        factor = (equity + transfer) / equity
        return replace(self, peak=self.peak * factor, equities=tuple(each * factor for each in self.equities))

    def begun_anew(self) -> Self:
        """Forget peak and latch; the next readings make the peak."""
        return type(self)()
