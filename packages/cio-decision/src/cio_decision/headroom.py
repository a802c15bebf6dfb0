"""Headroom: what the portfolio's limits leave for orders, and what an order takes of it.

Everything is in whole millionths (of a USD, of a unit of leverage, of a base asset), as reservations are kept. What an
order takes is rounded up and what is left is rounded down, so that nothing beyond a limit compares as within it; the
gates and the ledger's script compare the very same integers and therefore never disagree.
"""

from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from decimal import Context as Arithmetic
from typing import NamedTuple

from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.order_size import notional
from petrosa_contracts import PortfolioState
from petrosa_contracts.primal import UPWARD
from petrosa_contracts.sizing import decimal_of

MILLION = 1_000_000
_MILLION = Decimal(MILLION)

LARGEST = 2**52
"""Most that is ever left, in millionths, so that sums stay exact in a script: some 4.5 billion USD."""

HIGHEST_LEVERAGE = Decimal(125)
"""The highest leverage that the exchange offers, x."""

_DOWNWARD = Arithmetic(prec=40, rounding=ROUND_FLOOR)


def taken(amount: Decimal) -> int:
    """Return an amount in millionths, rounded up; one that no headroom can hold becomes `LARGEST` + 1."""
    return min(int(UPWARD.multiply(amount, _MILLION).to_integral_value(ROUND_CEILING)), LARGEST + 1)


def left(limit: Decimal, occupied: Decimal) -> int:
    """Return what a limit leaves beside what is occupied, in millionths, rounded down: from 0 to `LARGEST`."""
    millionths = _DOWNWARD.multiply(_DOWNWARD.subtract(limit, occupied), _MILLION)
    return max(0, min(int(millionths.to_integral_value(ROUND_FLOOR)), LARGEST))


def known_portfolio(context: Context) -> PortfolioState | None:
    """Return the portfolio as it was last known, however old; None if it is no input or was never known."""
    return None if context.portfolio is None else context.portfolio.state


def share_of(value: Decimal, equity: Decimal) -> Decimal | None:
    """Return a value as a share of equity, rounded up; None where there is no equity to have a share of."""
    return UPWARD.divide(value, equity) if equity > 0 else None


def order_notional(intent: Intent, context: Context) -> int:
    """Return N in millionths of a USD."""
    return taken(notional(intent, context))


def exposure_left(state: PortfolioState, share: Decimal) -> int | None:
    """Return what may still be opened if exposure is limited to a share of equity; None while equity is not known."""
    if state.equity is None:
        return None
    return left(_DOWNWARD.multiply(share, state.equity), state.exposure)


def exposure_after(order: int, context: Context, state: PortfolioState) -> Decimal:
    """Return the exposure once an order (millionths of a USD) and all on their way are filled, USD, rounded up."""
    on_their_way = UPWARD.add(state.exposure, context.ledger.reserved.notional)
    return UPWARD.add(on_their_way, Decimal(order) / MILLION)


def positions_left(context: Context, state: PortfolioState) -> int:
    """Return how many positions may still be opened."""
    limit: int = context.policy["max_concurrent_positions"]
    return max(0, limit - len(state.positions))


def order_leverage(intent: Intent, context: Context) -> Decimal:
    """Return the leverage of an order: what policy sets or the intent recommends, whichever is more."""
    return max(decimal_of(context.policy["leverage"]), decimal_of(intent.recommended_leverage or 0))


def open_leverage(state: PortfolioState) -> Decimal:
    """Return the leverage settings of all open positions added up; one that is not known counts as the highest."""
    return sum((HIGHEST_LEVERAGE if each.leverage is None else each.leverage for each in state.positions), Decimal(0))


def leverage_left(context: Context, state: PortfolioState) -> int | None:
    """Return what leverage may still be added to the book, in millionths; None without a cap."""
    cap: int = context.policy["portfolio_leverage_cap"]
    return None if cap == 0 else left(Decimal(cap), open_leverage(state))


class DailyLoss(NamedTuple):
    """The loss of a UTC day that is latched, and the equity that it is held against, both in quote currency."""

    amount: Decimal
    equity: Decimal

    @property
    def share(self) -> Decimal | None:
        """The loss as a share of equity, rounded up; None where there is no equity to have a share of."""
        return share_of(self.amount, self.equity)

    def is_within(self, limit: Decimal) -> bool:
        """Whether a limit, as a share of equity, allows the loss. Where there is no equity it allows none."""
        return self.amount == 0 or ((share := self.share) is not None and share <= limit)


def daily_loss(state: PortfolioState, today: date) -> DailyLoss | None:
    """Return the latched loss of a UTC day and the equity that it is a share of; None where that is not known.

    Of a portfolio that speaks about another day no loss is latched. Where the equity of the day's start is missing,
    that of now stands in for it, which after a loss is less and so the stricter base.
    """
    equity = state.equity if state.day_equity is None else state.day_equity
    if equity is None:
        return None
    return DailyLoss(state.daily_loss_latched if state.day == today else Decimal(0), equity)
