"""What is open now: the newest reading, with the fills on top that it cannot contain yet."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from cio_strategist.domain.portfolio.fills import Effect, Fill, effects
from cio_strategist.domain.portfolio.reading import Holding, PositionKey, Reading
from petrosa_contracts import Side

MOST_FILLS = 5_000
"""Fills remembered for the next reading; older ones were heard before it began, so it contains them."""

_ZERO = Decimal(0)


class OpenPositions:
    """Positions by symbol and side."""

    def __init__(self) -> None:
        self._reading: Reading | None = None
        self._rows: dict[PositionKey, Holding] = {}
        self._shown: dict[PositionKey, Holding] = {}
        self._fills: deque[Fill] = deque(maxlen=MOST_FILLS)

    @property
    def quantities(self) -> dict[PositionKey, Decimal]:
        """How much is open, base asset."""
        return {key: holding.quantity for key, holding in self._shown.items()}

    def all(self) -> Iterable[Holding]:
        """Return everything open, by symbol and side."""
        return (self._shown[key] for key in sorted(self._shown))

    def read(self, reading: Reading) -> None:
        """Take a reading, and put the fills back on top that it does not contain."""
        self._reading = reading
        self._rows = {holding.key: holding for holding in reading.holdings}
        self._shown = dict(self._rows)
        heard = [fill for fill in self._fills if fill.heard_at >= reading.began_at]
        self._fills.clear()
        for fill in heard:
            self.fill(fill)

    def fill(self, fill: Fill) -> bool:
        """Take a fill at once, and say whether what is shown now surely contains it.

        Where it cannot be valued, or nothing tells which position it closes, the next reading will show it. So it will
        where only the fill's own time says that the newest reading has it: the clock that wrote it may be behind.
        """
        self._fills.append(fill)
        if self._reading is None:
            return False
        found = effects(fill, self._reading.position_mode, self.quantities)
        if self._is_contained(fill, self._reading, found):
            return False
        changed = {effect.key: self._changed(effect, fill) for effect in found}
        if not changed or None in changed.values():
            return False
        for key, holding in changed.items():
            if holding is not None and holding.quantity > 0:
                self._shown[key] = holding
            else:
                self._shown.pop(key, None)
        return True

    def _is_contained(self, fill: Fill, reading: Reading, found: tuple[Effect, ...]) -> bool:
        row = self._rows.get(found[0].key) if found else None
        if row is not None and row.updated_at is not None:
            return row.updated_at >= fill.happened_at
        return fill.happened_at < reading.began_at

    def _changed(self, effect: Effect, fill: Fill) -> Holding | None:
        """Return the position after the effect; None if it cannot be valued."""
        before = self._shown.get(effect.key)
        if before is not None:
            return _larger(before, effect.change, fill.price) if effect.change > 0 else _smaller(before, effect.change)
        price = self._price(effect.key[0]) or fill.price
        if price is None:
            return None
        symbol, side = effect.key
        return Holding(symbol, side, effect.change, price, entry_price=fill.price, leverage=self._leverage(symbol))

    def _price(self, symbol: str) -> Decimal | None:
        return next((holding.price for holding in self._of(symbol)), None)

    def _leverage(self, symbol: str) -> Decimal | None:
        return next((holding.leverage for holding in self._of(symbol)), None)

    def _of(self, symbol: str) -> Iterable[Holding]:
        return (rows[symbol, side] for rows in self._sources() for side in Side if (symbol, side) in rows)

    def _sources(self) -> tuple[Mapping[PositionKey, Holding], ...]:
        return self._shown, self._rows


def _larger(before: Holding, quantity: Decimal, price: Decimal | None) -> Holding:
    total = before.quantity + quantity
    entry = None
    if before.entry_price is not None and price is not None:
        entry = (before.entry_price * before.quantity + price * quantity) / total
    unrealised = None
    if before.unrealised is not None and price is not None:
        sign = 1 if before.side is Side.LONG else -1
        unrealised = before.unrealised + sign * (before.price - price) * quantity
    return replace(before, quantity=total, entry_price=entry, unrealised=unrealised)


def _smaller(before: Holding, change: Decimal) -> Holding:
    left = before.quantity + change
    unrealised = None if before.unrealised is None else before.unrealised * left / before.quantity
    return replace(before, quantity=left, unrealised=unrealised)
