"""The portfolio's book: readings and events in, the state to publish out."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Context, Decimal
from enum import StrEnum

from cio_strategist.domain.portfolio.day import Day
from cio_strategist.domain.portfolio.drawdown import Drawdown
from cio_strategist.domain.portfolio.fills import FillCount, is_bookable
from cio_strategist.domain.portfolio.income import Transfers, realised, uncounted
from cio_strategist.domain.portfolio.positions import OpenPositions
from cio_strategist.domain.portfolio.reading import Holding, Reading
from cio_strategist.domain.portfolio.told import ToldPositions
from petrosa_contracts import PortfolioState, Position
from petrosa_contracts.execution import ExecutionEvent
from petrosa_contracts.portfolio import READINGS_TO_AGREE

RECENT = timedelta(minutes=5)
"""How old the last reading of a day may be for the next day to start from it."""

_MOST_DECISIONS = 10_000
_ZERO = Decimal(0)
_FINEST = Decimal("1e-8")
_WIDE = Context(prec=100)
"""A peak that deposits after ruin have multiplied has more than the 28 digits that decimals have by default."""


class Latch(StrEnum):
    """What stays until it is cleared."""

    DAILY_LOSS = "daily-loss"
    DRAWDOWN = "drawdown"


@dataclass(frozen=True, slots=True)
class _Over:
    decision_id: str
    heard_at: datetime
    needs_reading: bool
    """Whether only a reading that begins later can show what came of it."""


class PortfolioBook:
    """Keeps the account's truth between two publications. It knows no clock: instants come with what is told.

    Begun with the state that was published last, so that the day's start, the peak and both latches outlive the
    process that found them.
    """

    def __init__(self, before: PortfolioState | None = None) -> None:
        self._before = before
        self._reading: Reading | None = None
        self._readings = 0
        self._equity = None if before is None else before.equity
        self._day: Day | None = None
        self._drawdown = Drawdown()
        self._transfers = Transfers()
        if before is not None:
            self._day = Day.resumed(before.day, before.day_equity, before.daily_loss_latched)
            self._drawdown = Drawdown.resumed(before.peak_equity, before.equity, before.drawdown_latched)
            self._transfers = Transfers(contained_until=before.as_of)
        self._cleared: dict[str, datetime] = {} if before is None else dict(before.cleared)
        self._positions = OpenPositions()
        self._told = ToldPositions()
        self._fills = FillCount()
        self._over: deque[_Over] = deque(maxlen=_MOST_DECISIONS)

    @property
    def as_of(self) -> datetime | None:
        """When the newest reading began; before the first one, that of the state it was begun with."""
        if self._reading is not None:
            return self._reading.began_at
        return None if self._before is None else self._before.as_of

    @property
    def is_settled(self) -> bool:
        """Whether the day's start rests on enough readings for the state to be published.

        After a start without an earlier state it takes three readings, so that no single one decides it.
        """
        if self._reading is None or self._day is None:
            return False
        return self._before is not None or self._day.is_settled or self._readings >= READINGS_TO_AGREE

    def read(self, reading: Reading) -> None:
        """Take a complete reading: it wins over whatever events told."""
        self._transfers, moved = self._transfers.taken(reading.incomes)
        if moved:
            self._move(moved)
        self._day = self._day_of(reading)
        if reading.equity is not None:
            self._day = self._day.read(reading.equity)
            self._drawdown = self._drawdown.read(reading.equity)
            self._equity = reading.equity
        self._positions.read(reading)
        if self._reading is None:
            self._start_telling()
        self._told.compare(self._positions.quantities, reading.began_at)
        self._reading = reading
        self._readings += 1

    def hear(self, event: ExecutionEvent, at: datetime) -> bool:
        """Take an execution event, and say whether it is worth publishing: a new fill, or an order that is over."""
        fill = self._fills.added(event, at)
        is_shown = True
        if fill is not None:
            is_shown = self._positions.fill(fill)
            self._told.hear(fill, None if self._reading is None else self._reading.position_mode)
        elif event.is_fill:
            is_shown = is_bookable(event) and not self._waits_for_reading(event.decision_id)
        if event.is_over and event.decision_id:
            self._over.append(_Over(event.decision_id, at, needs_reading=not is_shown))
        return fill is not None or event.is_over

    def decisions_over(self) -> tuple[str, ...]:
        """Return, once each, the decisions whose orders are over and whose outcome the present state shows."""
        began_at = None if self._reading is None else self._reading.began_at
        over = [each for each in self._over if not each.needs_reading or (began_at and each.heard_at < began_at)]
        for each in over:
            self._over.remove(each)
        return tuple(dict.fromkeys(each.decision_id for each in over))

    def clear(self, latch: Latch, at: datetime) -> bool:
        """Clear a latch and count anew from the next readings. False if it was cleared at that instant or later."""
        before = self._cleared.get(latch)
        if before is not None and at <= before:
            return False
        self._cleared[latch] = at
        if latch is Latch.DRAWDOWN:
            self._drawdown = self._drawdown.begun_anew()
        elif self._day is not None:
            self._day = self._day.begun_anew()
        return True

    def absorb(self, other: PortfolioState) -> None:
        """Take over what another tracker latched, unless it did so before a clearing that this one has obeyed."""
        for latch in Latch:
            if other.cleared.get(latch) != self._cleared.get(latch):
                continue
            if latch is Latch.DRAWDOWN:
                highest = max(self._drawdown.latched, other.drawdown_latched)
                self._drawdown = replace(self._drawdown, latched=highest)
            elif self._day is not None and self._day.on == other.day:
                self._day = replace(self._day, latched=max(self._day.latched, other.daily_loss_latched))

    def state(self, revision: int) -> PortfolioState | None:
        """Return the state to publish under this revision; None before the first reading."""
        reading, day, drawdown = self._reading, self._day, self._drawdown
        if reading is None or day is None:
            return None
        knows = reading.equity is not None
        fall = drawdown.fall if knows else None
        return PortfolioState(
            as_of=reading.began_at,
            revision=revision,
            position_mode=reading.position_mode,
            equity=reading.equity,
            peak_equity=None if drawdown.peak is None else _rounded(drawdown.peak),
            drawdown=None if fall is None else _rounded(fall),
            drawdown_latched=_rounded(drawdown.latched),
            day=day.on,
            day_equity=day.equity,
            realised=realised(reading.incomes, day.on),
            unrealised=reading.unrealised,
            daily_loss=day.loss if knows else None,
            daily_loss_latched=day.latched,
            positions=tuple(self._position(holding) for holding in self._positions.all()),
            differences=(*self._differences(), *self._uncounted(reading, day)),
            cleared=dict(self._cleared),
        )

    def _waits_for_reading(self, decision_id: str) -> bool:
        return any(each.needs_reading and each.decision_id == decision_id for each in self._over)

    def _move(self, amount: Decimal) -> None:
        if self._day is not None:
            self._day = self._day.moved(amount)
        self._drawdown = self._drawdown.moved(amount, self._equity or _ZERO)

    def _day_of(self, reading: Reading) -> Day:
        """Return the day that a reading belongs to. It never goes back: a clock that does must not clear a latch."""
        day, as_of = self._day, self.as_of
        if day is None or as_of is None:
            return Day(reading.day)
        if reading.day <= day.on:
            return day
        is_recent = reading.began_at - as_of <= RECENT
        return day.followed_by(reading.day, self._drawdown.equities if is_recent else ())

    def _start_telling(self) -> None:
        known = {} if self._before is None else {(each.symbol, each.side): each for each in self._before.positions}
        for key, quantity in self._positions.quantities.items():
            self._told.start(key, quantity, dict(known[key].strategies) if key in known else {})

    def _position(self, holding: Holding) -> Position:
        return Position(
            symbol=holding.symbol,
            side=holding.side,
            quantity=holding.quantity,
            notional=holding.quantity * holding.price,
            entry_price=holding.entry_price,
            leverage=holding.leverage,
            unrealised=holding.unrealised,
            strategies=self._told.strategies(holding.key, holding.quantity),
        )

    def _differences(self) -> tuple[str, ...]:
        return tuple(
            f"{symbol} {side}: {_plain(shown)} on the exchange, {_plain(told)} by execution events"
            for (symbol, side), (shown, told) in self._told.differences().items()
        )

    @staticmethod
    def _uncounted(reading: Reading, day: Day) -> tuple[str, ...]:
        sums: Mapping[str, Decimal] = uncounted(reading.incomes, day.on)
        return tuple(
            f"{_plain(amount)} {asset} booked today is not in the realised result" for asset, amount in sums.items()
        )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_FINEST, context=_WIDE)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
