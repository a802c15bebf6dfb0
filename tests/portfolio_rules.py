"""What the specification says of limits on the portfolio, in exact fractions and in no word of the gates."""

from fractions import Fraction
from math import ceil, floor

from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import PortfolioState
from tests.exact_rules import asked_and_largest, exactly, worth

MILLION = 10**6


def known(context: Context) -> PortfolioState | None:
    """Return the portfolio if there is one to judge by."""
    return None if context.portfolio is None else context.portfolio.state


def equity_of(context: Context) -> Fraction | None:
    """Return the equity; None where it is not known."""
    state = known(context)
    return None if state is None or state.equity is None else Fraction(state.equity)


def only_reduces(intent: Intent, context: Context) -> bool:
    """Whether an order takes out of an opposite position what is there and not on its way out yet."""
    state, signal = known(context), intent.signal
    if not intent.opens or state is None or context.portfolio is None or context.policy["position_mode"] != "one-way":
        return not intent.opens
    _, largest = asked_and_largest(intent, context)
    taken = ceil(largest * MILLION) + Fraction(context.ledger.reserved.exiting) * MILLION
    held = [each.quantity for each in state.positions if each.symbol == signal.symbol and each.side is not intent.side]
    return (
        -2 <= (context.now - state.as_of).total_seconds() <= context.portfolio.ages.stale_seconds
        and state.position_mode == "one-way"
        and signal.quantity > 0
        and not signal.position_size_pct
        and any(taken <= floor(Fraction(quantity) * MILLION) for quantity in held)
    )


def exposure_fits(intent: Intent, context: Context, share: Fraction) -> bool:
    """Whether exposure after an order and all on their way is within a share of equity, by millionths of a USD."""
    state, equity = known(context), equity_of(context)
    if state is None or equity is None:
        return True
    _, largest = worth(intent, context)
    order = ceil(largest * MILLION)
    is_open = sum((Fraction(each.notional) for each in state.positions), Fraction(0))
    return Fraction(context.ledger.reserved.notional) * MILLION + order <= floor((share * equity - is_open) * MILLION)


def loss_fits(context: Context, share: Fraction) -> bool:
    """Whether the day's latched loss is within a share of the equity that the day began with."""
    state, equity = known(context), equity_of(context)
    base = equity if state is None or state.day_equity is None else Fraction(state.day_equity)
    if state is None or base is None or state.day != context.now.date() or state.daily_loss_latched == 0:
        return True
    return base > 0 and Fraction(state.daily_loss_latched) <= share * base


def positions_fit(intent: Intent, context: Context) -> bool:
    """Whether a position that is not open yet finds a place."""
    state, signal = known(context), intent.signal
    if state is None or any((each.symbol, each.side) == (signal.symbol, intent.side) for each in state.positions):
        return True
    after = len(state.positions) + context.ledger.reserved.positions + 1
    return after <= context.policy["max_concurrent_positions"]


def leverage_fits(intent: Intent, context: Context) -> bool:
    """Whether the leverage of everything open, on its way and asked for keeps the cap, if there is one."""
    state, cap = known(context), context.policy["portfolio_leverage_cap"]
    if state is None or cap == 0:
        return True
    is_open = sum((Fraction(125 if each.leverage is None else each.leverage) for each in state.positions), Fraction(0))
    order = ceil(exactly(max(context.policy["leverage"], intent.recommended_leverage or 0)) * MILLION)
    return is_open + Fraction(context.ledger.reserved.leverage) + Fraction(order, MILLION) <= cap


def drawdown_fits(context: Context) -> bool:
    """Whether the latched fall from the peak keeps the limit."""
    state = known(context)
    return state is None or context.portfolio is None or state.drawdown_latched <= context.portfolio.drawdown_limit


def portfolio_is_known(context: Context) -> bool:
    """Whether the portfolio, if it is an input, is known with its equity and not so old that it is lost."""
    state = known(context)
    if context.portfolio is None:
        return True
    if state is None or state.equity is None:
        return False
    return -2 <= (context.now - state.as_of).total_seconds() <= context.portfolio.ages.lost_seconds
