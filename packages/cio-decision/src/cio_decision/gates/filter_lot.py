"""FILTER_LOT: the exchange takes quantities on its grid and in its range only."""

from decimal import Decimal
from typing import NamedTuple

from cio_decision.breaches import Finding, Measured, amount, built_in_breach
from cio_decision.context import Context, order_size
from cio_decision.intent import Intent
from cio_decision.prices import is_multiple, limit_price
from petrosa_contracts import Code, SymbolRules
from petrosa_contracts.sizing import decimal_of


class _Lot(NamedTuple):
    """One of the exchange's two filters of quantities."""

    step: Decimal | None
    smallest: Decimal | None
    largest: Decimal | None


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
    quantity = max(decimal_of(signal.quantity), order_size(intent, context).amounts.minimum)
    lots = _lots(intent, state.rules)
    for lot in lots:
        fault = _fault(quantity, lot)
        if fault is not None:
            limit, rule = fault
            return built_in_breach(
                Code.FILTER_LOT,
                measured=quantity,
                limit=limit,
                unit="base asset",
                message=f"The quantity {amount(quantity)} of {signal.symbol} {rule}.",
            )
    return Measured(quantity, min((lot.largest for lot in lots if lot.largest is not None), default=None))


def _lots(intent: Intent, rules: SymbolRules) -> tuple[_Lot, ...]:
    lot = _Lot(rules.step, rules.min_quantity, rules.max_quantity)
    if limit_price(intent) is not None:
        return (lot,)
    return (lot, _Lot(rules.market_step, rules.market_min_quantity, rules.market_max_quantity))


def _fault(quantity: Decimal, lot: _Lot) -> tuple[Decimal, str] | None:
    if lot.largest is not None and quantity > lot.largest:
        return lot.largest, f"is above {amount(lot.largest)}, the most that the exchange takes in one order"
    if lot.smallest is not None and quantity < lot.smallest:
        return lot.smallest, f"is below {amount(lot.smallest)}, the least that the exchange takes"
    if lot.step is not None and not is_multiple(quantity, lot.step):
        nearest = (quantity / lot.step).to_integral_value() * lot.step
        rule = f"is no multiple of the exchange's step {amount(lot.step)}: the nearest is {amount(nearest)}"
        return lot.step, rule
    return None
