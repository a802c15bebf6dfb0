"""Reservation: what an approved order takes up until the portfolio shows it, and what of that is left for it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Self

from cio_decision.context import Context, Reserved
from cio_decision.exits import opposed_position, opposes_position
from cio_decision.headroom import (
    exposure_left,
    known_portfolio,
    left,
    leverage_left,
    order_leverage,
    order_notional,
    positions_left,
    taken,
)
from cio_decision.intent import Intent
from cio_decision.order_size import largest_order
from petrosa_contracts import PortfolioState, Side
from petrosa_contracts.portfolio import position_name
from petrosa_contracts.sizing import decimal_of

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An order that opens. Amounts are whole millionths; what is left is None where there is no limit."""

    name: str
    """The position that it opens or adds to, such as `BTCUSDT:LONG`."""
    notional: int
    leverage: int
    opens: bool
    """Whether that position is not open yet."""
    may_add: bool
    """Whether it may add to a position that is on its way: its regimes allow increases."""
    notional_left: int | None
    leverage_left: int | None
    positions_left: int | None
    revision: int
    """Of the portfolio that this was computed from; what later ones show is still on its way for this order."""
    open_names: frozenset[str]
    """The positions that are open in that portfolio."""

    def fits(self, beside: Reserved) -> bool:
        """Return whether there is room for it beside what is on its way."""
        return (
            _within(self.notional_left, taken(beside.notional) + self.notional)
            and _within(self.leverage_left, taken(beside.leverage) + self.leverage)
            and (not self.opens or _within(self.positions_left, beside.positions + 1))
            and (self.may_add or not beside.opens_this)
        )

    def unlimited(self) -> Self:
        """Return it as what takes its place whatever is left, because it is on its way already."""
        return replace(self, may_add=True, notional_left=None, leverage_left=None, positions_left=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """An order that only takes out of the position of a symbol, in millionths of the base asset."""

    symbol: str
    quantity: int
    quantity_left: int | None
    """What of the position is there to take; None for a close, which nothing stands in the way of."""
    revision: int

    def fits(self, beside: Reserved) -> bool:
        """Return whether the position reaches for it beside what is on its way out."""
        return _within(self.quantity_left, taken(beside.exiting) + self.quantity)

    def unlimited(self) -> Self:
        """Return it as what takes its place whatever is left, because it is on its way already."""
        return replace(self, quantity_left=None)


Reservation = Entry | Exit


def reservation_of(intent: Intent, context: Context) -> Reservation | None:
    """Return what an intent takes up once it is approved; None where no portfolio is known, or it takes up nothing.

    A close is reserved where the account nets, so that no order that opposes the position counts on what a close is
    about to take out of it.
    """
    state = known_portfolio(context)
    if state is None:
        return None
    if intent.side is None:
        return _close(intent, state) if intent.action == "close" else None
    if opposes_position(intent, context):
        return _reduction(intent, context, state)
    return _entry(intent, intent.side, context, state)


def _close(intent: Intent, state: PortfolioState) -> Exit | None:
    symbol = intent.signal.symbol
    quantity = sum((each.quantity for each in state.positions if each.symbol == symbol), _NOTHING)
    if state.position_mode != "one-way" or quantity == 0:
        return None
    return Exit(symbol=symbol, quantity=taken(quantity), quantity_left=None, revision=state.revision)


def _reduction(intent: Intent, context: Context, state: PortfolioState) -> Exit | None:
    position = opposed_position(intent, context)
    if position is None:
        return None
    return Exit(
        symbol=position.symbol,
        quantity=taken(largest_order(intent, context)),
        quantity_left=left(position.quantity, _NOTHING),
        revision=state.revision,
    )


def _entry(intent: Intent, side: Side, context: Context, state: PortfolioState) -> Entry:
    name = position_name(intent.signal.symbol, side)
    return Entry(
        name=name,
        notional=order_notional(intent, context),
        leverage=taken(order_leverage(intent, context)),
        opens=name not in state.open_names,
        may_add=all(status.increase_allowed for status in context.regimes),
        notional_left=_exposure_left(context, state),
        leverage_left=leverage_left(context, state),
        positions_left=positions_left(context, state),
        revision=state.revision,
        open_names=state.open_names,
    )


def _exposure_left(context: Context, state: PortfolioState) -> int | None:
    """Return what policy and primal limits both leave."""
    shares = [decimal_of(context.policy["max_portfolio_exposure_pct"])]
    if context.primal is not None:
        shares.append(context.primal.exposure_share)
    return exposure_left(state, min(shares))


def _within(left_of_it: int | None, value: int) -> bool:
    return left_of_it is None or value <= left_of_it
