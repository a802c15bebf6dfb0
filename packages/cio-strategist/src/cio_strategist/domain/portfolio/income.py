"""The income history: what the day realised, and what was moved in or out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Self

from cio_strategist.domain.portfolio.reading import Income

COUNTED_ASSETS = frozenset({"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD"})
"""Assets that count as the quote currency, one for one."""

_ZERO = Decimal(0)


def realised(incomes: Iterable[Income], day: date) -> Decimal:
    """Return the day's result, fees and funding included, transfers left out; as far as assets can be added up."""
    return sum((each.amount for each in _of_day(incomes, day) if each.asset in COUNTED_ASSETS), _ZERO)


def uncounted(incomes: Iterable[Income], day: date) -> Mapping[str, Decimal]:
    """Return what `realised` leaves out, such as fees in BNB, by asset."""
    sums: dict[str, Decimal] = {}
    for income in _of_day(incomes, day):
        if income.asset not in COUNTED_ASSETS:
            sums[income.asset] = sums.get(income.asset, _ZERO) + income.amount
    return sums


def _of_day(incomes: Iterable[Income], day: date) -> Iterable[Income]:
    return (income for income in incomes if income.at.date() == day and not income.is_transfer)


@dataclass(frozen=True, slots=True)
class Transfers:
    """The transfers that are in the equity known so far, so that each is taken once however often it is shown."""

    contained_until: datetime | None = None
    """Those up to this are contained; None: all that are shown first."""
    contained: frozenset[str] = frozenset()

    def taken(self, incomes: Iterable[Income]) -> tuple[Self, Decimal]:
        """Return what to go on with, and the sum of what was moved in (positive) or out since the last time."""
        shown = {each.key: each for each in incomes if each.is_transfer and each.asset in COUNTED_ASSETS}
        moved = _ZERO
        if self.contained_until is not None:
            moved = sum((each.amount for key, each in shown.items() if self._is_new(key, each)), _ZERO)
        until = self.contained_until or datetime.min.replace(tzinfo=UTC)
        return replace(self, contained_until=until, contained=self.contained | shown.keys()), moved

    def _is_new(self, key: str, income: Income) -> bool:
        return key not in self.contained and (self.contained_until is None or income.at > self.contained_until)
