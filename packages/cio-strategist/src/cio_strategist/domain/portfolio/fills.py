"""Fills: each counted once, however often and in whatever order execution events tell of it."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cio_strategist.domain.portfolio.reading import PositionKey
from petrosa_contracts import Side
from petrosa_contracts.execution import ExecutionEvent
from petrosa_contracts.portfolio import PositionMode

MOST_ORDERS = 10_000
"""Orders whose fills are remembered; the oldest are forgotten first."""

_ZERO = Decimal(0)
_SIDES = frozenset({"buy", "sell", "close"})


@dataclass(frozen=True, slots=True)
class Fill:
    """What one event adds to what was known of an order."""

    strategy_id: str
    symbol: str
    side: str
    """buy, sell or close."""
    is_exit: bool
    quantity: Decimal
    """Base asset, more than 0."""
    price: Decimal | None
    happened_at: datetime
    """By the engine's or the exchange's clock; when it was heard, where the event does not say."""
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fill does to one position."""

    key: PositionKey
    change: Decimal
    """Quantity, base asset; negative: the position becomes smaller."""


class FillCount:
    """What each order has filled so far. The quantities of events are sums, so only what is more than before counts."""

    def __init__(self) -> None:
        self._filled: OrderedDict[str, Decimal] = OrderedDict()

    def added(self, event: ExecutionEvent, heard_at: datetime) -> Fill | None:
        """Return what is new in an event; None for no fill, one told before, or one without symbol, side or size."""
        filled = event.filled
        if filled is None or not is_bookable(event):
            return None
        key = _order_of(event)
        before = self._filled.pop(key, _ZERO)
        self._filled[key] = max(before, filled)
        if len(self._filled) > MOST_ORDERS:
            self._filled.popitem(last=False)
        if filled <= before:
            return None
        return Fill(
            strategy_id=event.strategy_id,
            symbol=event.symbol,
            side=event.side,
            is_exit=event.is_exit,
            quantity=filled - before,
            price=event.fill_price or event.price,
            happened_at=event.happened_at or heard_at,
            heard_at=heard_at,
        )


def is_bookable(event: ExecutionEvent) -> bool:
    """Whether a fill says what and how much; only a reading can show what came of one that does not."""
    return event.filled is not None and bool(event.symbol) and event.side in _SIDES


def effects(fill: Fill, mode: PositionMode | None, open_now: dict[PositionKey, Decimal]) -> tuple[Effect, ...]:
    """Return what a fill does to positions of which `open_now` are the quantities.

    An exit makes the position smaller that its side closes, or for `close` the only one that is open. Everything else
    opens or adds in hedge mode, which is assumed where the mode is not known; in one-way mode it first nets.
    """
    long, short = (fill.symbol, Side.LONG), (fill.symbol, Side.SHORT)
    if fill.side == "close":
        opened = [key for key in (long, short) if open_now.get(key, _ZERO) > 0]
        return _reduced(opened[0], fill.quantity, open_now) if len(opened) == 1 else ()
    own, opposite = (long, short) if fill.side == "buy" else (short, long)
    if fill.is_exit:
        return _reduced(opposite, fill.quantity, open_now)
    if mode != "one-way":
        return (Effect(own, fill.quantity),)
    netted = _reduced(opposite, fill.quantity, open_now)
    rest = fill.quantity + sum((effect.change for effect in netted), _ZERO)
    return (*netted, Effect(own, rest)) if rest > 0 else netted


def _reduced(key: PositionKey, quantity: Decimal, open_now: dict[PositionKey, Decimal]) -> tuple[Effect, ...]:
    closed = min(quantity, open_now.get(key, _ZERO))
    return (Effect(key, -closed),) if closed > 0 else ()


def _order_of(event: ExecutionEvent) -> str:
    if event.order_id:
        return f"order {event.order_id} {event.symbol}"
    told = f"{event.decision_id} {event.strategy_id} {event.symbol} {event.side}"
    # Without an order's id only the instant tells two fills of one decision apart from one that is told twice.
    at = event.fill_time or ("" if event.decision_id else event.timestamp)
    return f"fill {told} {at}"
