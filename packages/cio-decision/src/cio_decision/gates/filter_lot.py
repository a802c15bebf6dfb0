"""FILTER_LOT: the exchange takes quantities on its grid and in its range only."""

from decimal import Decimal

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.order_size import order_size
from cio_decision.prices import is_multiple, limit_price
from petrosa_contracts import Code
from petrosa_contracts.sizing import decimal_of


def check(intent: Intent, context: Context) -> Finding:
    """Veto an explicit quantity that the exchange's LOT_SIZE refuses; of an order at the market MARKET_LOT_SIZE too.

    Inputs: `quantity`, raised to the exchange's smallest order as engines do, and the exchange's steps, smallest and
    largest quantity. Comparison: not a multiple of the step, below the smallest or above the largest, in decimal as
    the number is written. Unit: base asset. A quantity of 0 is left to the engine, which orders what fits. An order
    that opposes a position is subject to it; of a `close` a breach is recorded, and it passes.
    """
    signal = intent.signal
    state = None if context.market is None else context.market.state
    if state is None or signal.quantity <= 0 or intent.action == "hold":
        return None
    rules, at_the_market = state.rules, limit_price(intent) is None
    quantity = max(decimal_of(signal.quantity), order_size(intent, context).amounts.minimum)
    fault = _fault(quantity, rules.step, rules.min_quantity, rules.max_quantity)
    if fault is None and at_the_market:
        fault = _fault(quantity, rules.market_step, rules.market_min_quantity, rules.market_max_quantity)
    if fault is None:
        return quantity, rules.market_max_quantity if at_the_market else rules.max_quantity
    limit, rule = fault
    return built_in_breach(
        Code.FILTER_LOT,
        measured=quantity,
        limit=limit,
        unit="base asset",
        message=f"The quantity {amount(quantity)} of {signal.symbol} {rule}.",
    )


def _fault(
    quantity: Decimal, step: Decimal | None, smallest: Decimal | None, largest: Decimal | None
) -> tuple[Decimal, str] | None:
    """Return the limit of one of the exchange's two filters that a quantity does not keep, and the rule in words."""
    if largest is not None and quantity > largest:
        return largest, f"is above {amount(largest)}, the most that the exchange takes in one order"
    if smallest is not None and quantity < smallest:
        return smallest, f"is below {amount(smallest)}, the least that the exchange takes"
    if step is not None and not is_multiple(quantity, step):
        nearest = (quantity / step).to_integral_value() * step
        return step, f"is no multiple of the exchange's step {amount(step)}: the nearest is {amount(nearest)}"
    return None
