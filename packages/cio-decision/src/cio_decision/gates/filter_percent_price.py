"""FILTER_PERCENT_PRICE: the exchange takes no bid far above the mark price and no offer far below it."""

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.prices import limit_price
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto a limit order at a price that the exchange's PERCENT_PRICE refuses.

    Inputs: `current_price`, at which engines place limit orders of every kind, the mark price and the exchange's
    multipliers. Comparison: a buy above mark x upper multiplier, a sell below mark x lower multiplier. Unit: quote
    currency. A `close` has no direction of its own and is not judged, nor are orders at the market. Off while the mark
    price is not known, or older than the hard age limit of market data.
    """
    price, action = limit_price(intent), intent.action
    state = None if context.market is None else context.market.state
    mark = None if context.market is None else context.market.mark_price(context.now)
    if price is None or state is None or mark is None or not intent.opens:
        return None
    buys = action == "buy"
    multiplier = state.rules.multiplier_up if buys else state.rules.multiplier_down
    if multiplier is None:
        return None
    limit = mark * multiplier
    if price <= limit if buys else price >= limit:
        return price, limit
    return built_in_breach(
        Code.FILTER_PERCENT_PRICE,
        measured=price,
        limit=limit,
        unit="quote currency",
        message=f"A {action} at {amount(price)} (`current_price`) is {'above' if buys else 'below'} {amount(limit)}, "
        f"{amount(multiplier)} times the mark price, beyond which the exchange takes none.",
    )
