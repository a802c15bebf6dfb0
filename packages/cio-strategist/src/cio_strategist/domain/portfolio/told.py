"""What execution events alone tell of positions: quantities by strategy, and where the exchange says otherwise."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from cio_strategist.domain.portfolio.fills import Fill, effects
from cio_strategist.domain.portfolio.reading import PositionKey
from petrosa_contracts.execution import UNKNOWN_STRATEGY
from petrosa_contracts.portfolio import READINGS_TO_AGREE, PositionMode

NAMED_FOR = timedelta(minutes=10)
"""How long a difference is named before the exchange's quantity is taken as the point to go on from."""

_ZERO = Decimal(0)
_FINEST = Decimal("1e-12")  # finer than any exchange counts, and rounded down, so that parts never exceed the whole


@dataclass
class _Told:
    by_strategy: dict[str, Decimal]
    other: Decimal
    """What no event told a strategy of."""

    @property
    def quantity(self) -> Decimal:
        return sum(self.by_strategy.values(), self.other)

    def add(self, strategy_id: str, quantity: Decimal) -> None:
        if strategy_id == UNKNOWN_STRATEGY:
            self.other += quantity
        else:
            self.by_strategy[strategy_id] = self.by_strategy.get(strategy_id, _ZERO) + quantity

    def take(self, strategy_id: str, quantity: Decimal) -> None:
        """Make it smaller: the strategy's own part first, then what is nobody's, then all others' in proportion."""
        own = min(quantity, self.by_strategy.get(strategy_id, _ZERO))
        if own > 0:
            self.by_strategy[strategy_id] -= own
        other = min(quantity - own, self.other)
        self.other -= other
        self.by_strategy = within(self.by_strategy, sum(self.by_strategy.values(), _ZERO) - (quantity - own - other))


@dataclass
class _Standing:
    amount: Decimal
    readings: int
    since: datetime


@dataclass
class ToldPositions:
    """Positions as execution events tell them, starting from what the exchange showed first."""

    _told: dict[PositionKey, _Told] = field(default_factory=dict[PositionKey, _Told])
    _standing: dict[PositionKey, _Standing] = field(default_factory=dict[PositionKey, _Standing])
    _has_heard: bool = False

    def start(self, key: PositionKey, quantity: Decimal, by_strategy: dict[str, Decimal]) -> None:
        """Begin a position with what the exchange shows, of which strategies are known to hold some."""
        known = within(by_strategy, quantity)
        self._told[key] = _Told(known, quantity - sum(known.values(), _ZERO))

    def hear(self, fill: Fill, mode: PositionMode | None) -> None:
        """Take a fill."""
        self._has_heard = True
        quantities = {key: told.quantity for key, told in self._told.items()}
        for effect in effects(fill, mode, quantities):
            told = self._told.setdefault(effect.key, _Told({}, _ZERO))
            if effect.change > 0:
                told.add(fill.strategy_id, effect.change)
            else:
                told.take(fill.strategy_id, -effect.change)
            if told.quantity <= 0:
                del self._told[effect.key]

    def compare(self, shown: dict[PositionKey, Decimal], at: datetime) -> None:
        """Take the quantities of a reading. Without events there is nothing to compare: then it is what is told."""
        for key in {*self._told, *shown, *self._standing}:
            told = self._told[key].quantity if key in self._told else _ZERO
            amount = shown.get(key, _ZERO) - told
            if not amount:
                self._standing.pop(key, None)
                continue
            before = self._standing.get(key)
            standing = _Standing(amount, before.readings + 1 if before else 1, before.since if before else at)
            self._standing[key] = standing
            if not self._has_heard or at - standing.since >= NAMED_FOR:
                self._settle(key, shown.get(key, _ZERO))

    def differences(self) -> dict[PositionKey, tuple[Decimal, Decimal]]:
        """Return where as many readings in a row differed as must agree: quantity on the exchange, and as told."""
        found: dict[PositionKey, tuple[Decimal, Decimal]] = {}
        for key, standing in sorted(self._standing.items()):
            if standing.readings >= READINGS_TO_AGREE:
                told = self._told[key].quantity if key in self._told else _ZERO
                found[key] = (told + standing.amount, told)
        return found

    def strategies(self, key: PositionKey, quantity: Decimal) -> dict[str, Decimal]:
        """Return who holds how much of a position of this quantity; together never more than it."""
        return within(self._told[key].by_strategy, quantity) if key in self._told else {}

    def _settle(self, key: PositionKey, quantity: Decimal) -> None:
        self._standing.pop(key, None)
        if quantity > 0:
            self.start(key, quantity, self._told[key].by_strategy if key in self._told else {})
        else:
            self._told.pop(key, None)


def within(parts: dict[str, Decimal], quantity: Decimal) -> dict[str, Decimal]:
    """Return the parts, made smaller in proportion where together they exceed `quantity`; empty ones are left out."""
    total = sum(parts.values(), _ZERO)
    if total > quantity:
        share = max(_ZERO, quantity) / total
        parts = {name: (part * share).quantize(_FINEST, ROUND_DOWN) for name, part in parts.items()}
    return {name: part for name, part in parts.items() if part > 0}
