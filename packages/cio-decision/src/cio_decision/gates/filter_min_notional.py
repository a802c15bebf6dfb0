"""FILTER_MIN_NOTIONAL: the exchange takes no order that is worth too little."""

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.order_size import order_size
from cio_decision.prices import limit_price
from petrosa_contracts import Code
from petrosa_contracts.sizing import decimal_of


def check(intent: Intent, context: Context) -> Finding:
    """Veto an order that the exchange's MIN_NOTIONAL refuses although engines raise what is too small.

    Inputs: the smallest amount that any engine generation would order; the price at which the exchange values it:
    `current_price` for a limit order, else the mark price. Comparison: value < the exchange's minimum, which happens
    when the live market is far below the `current_price` that the order was sized with. Unit: quote currency (USD).
    Risk-reducing intents are exempt. A mark price that is older than the hard age limit of market data values nothing.
    """
    market = context.market
    minimum = None if market is None or market.state is None else market.state.rules.min_notional
    price = None if market is None else limit_price(intent) or market.mark_price(context.now)
    if minimum is None or price is None:
        return None
    value = order_size(intent, context).amounts.smallest * price
    if value >= minimum:
        return value, minimum
    return built_in_breach(
        Code.FILTER_MIN_NOTIONAL,
        measured=value,
        limit=minimum,
        unit="USD",
        message=f"At {amount(price)} the order may be worth only {amount(value)} USD and the exchange takes none below "
        f"{amount(minimum)}: `current_price` {amount(decimal_of(intent.signal.current_price))} is too high.",
    )
