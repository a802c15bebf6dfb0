"""Order size: what an intent may become as an order, and what that is worth."""

from decimal import Decimal, localcontext

from cio_decision.context import Context, OrderSize
from cio_decision.intent import Intent
from petrosa_contracts.primal import UPWARD
from petrosa_contracts.sizing import UNKNOWN_FILTERS, decimal_of, largest_value, order_amounts, reference_price


def order_size(intent: Intent, context: Context) -> OrderSize:
    """Return between which sizes the order of every engine generation lies, and what the largest is worth.

    Valued at the highest of `price`, `current_price` and, where they are known, the market's prices (see
    `MarketView.highest_price`); sized with equity and the exchange's smallest order where they are known. Amounts are
    rounded up, so that nothing above a limit compares as equal to it.
    """
    known = context.order_sizes
    if known.intent is not intent or known.size is None:
        known.intent, known.size = intent, _order_size(intent, context)
    return known.size


def notional(intent: Intent, context: Context) -> Decimal:
    """Return N: the largest value in quote currency that any engine generation would order. Leverage does not enter."""
    return order_size(intent, context).notional


def largest_order(intent: Intent, context: Context) -> Decimal:
    """Return the largest amount, base asset, that any engine generation would order."""
    return order_size(intent, context).amounts.largest


def requested_notional(intent: Intent, context: Context) -> Decimal:
    """Return the value in quote currency that the intent asks for; N where it leaves the amount to the engine."""
    size = order_size(intent, context)
    return (
        UPWARD.multiply(decimal_of(intent.signal.quantity), size.price) if intent.signal.quantity > 0 else size.notional
    )


def _order_size(intent: Intent, context: Context) -> OrderSize:
    state = None if context.market is None else context.market.state
    highest = None if context.market is None else context.market.highest_price(context.now)
    portfolio = None if context.portfolio is None else context.portfolio.state
    equity = None if portfolio is None else portfolio.equity
    with localcontext(UPWARD):
        amounts = order_amounts(
            intent.signal, equity=equity, filters=UNKNOWN_FILTERS if state is None else state.rules.smallest_order
        )
        stated = reference_price(intent.signal)
        price = stated if highest is None else max(stated, highest)
        return OrderSize(amounts, price, largest_value(intent.signal, amounts, price, equity=equity))
