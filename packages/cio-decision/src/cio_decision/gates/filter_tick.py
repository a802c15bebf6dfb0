"""FILTER_TICK: the exchange takes prices on its grid and in its range only."""

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.prices import is_multiple, limit_price
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto a limit order at a price that the exchange's PRICE_FILTER refuses.

    Inputs: `current_price`, at which engines place limit orders of every kind, and the exchange's tick, lowest and
    highest price. Comparison: not a multiple of the tick, below the lowest or above the highest. Unit: quote currency.
    Orders at the market carry no price and are not judged, nor are stops and targets, which engines move and round by
    themselves. An order that opposes a position is subject to it; of a `close` a breach is recorded, and it passes.
    """
    price = limit_price(intent)
    state = None if context.market is None else context.market.state
    if price is None or state is None or intent.action == "hold":
        return None
    rules = state.rules
    if rules.min_price and price < rules.min_price:
        limit, rule = rules.min_price, f"is below the lowest price {amount(rules.min_price)}"
    elif rules.max_price is not None and price > rules.max_price:
        limit, rule = rules.max_price, f"is above the highest price {amount(rules.max_price)}"
    elif rules.tick is not None and not is_multiple(price, rules.tick):
        limit, rule = rules.tick, f"is no multiple of the tick {amount(rules.tick)}"
    else:
        return price, rules.tick
    return built_in_breach(
        Code.FILTER_TICK,
        measured=price,
        limit=limit,
        unit="quote currency",
        message=f"The order's price {amount(price)} (`current_price`) {rule} of {state.symbol} on the exchange.",
    )
