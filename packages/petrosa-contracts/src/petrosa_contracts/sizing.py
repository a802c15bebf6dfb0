"""Order sizing: the largest amount that any engine generation would derive from a signal.

Money is computed in `Decimal` from the shortest text of each float, so that 0.02 x 50000 is 1000 and not a hair more.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from petrosa_contracts.signal import Signal

_MINIMUM_MARGIN = Decimal("1.05")
"""Head room that the engines keep above the exchange's smallest order."""


@dataclass(frozen=True, slots=True)
class ExchangeFilters:
    """The exchange's smallest order for a symbol. The defaults are those the engines use when they know none."""

    min_quantity: Decimal = Decimal("0.001")
    step: Decimal = Decimal("0.001")
    min_notional: Decimal = Decimal(20)


UNKNOWN_FILTERS = ExchangeFilters()


@lru_cache(maxsize=4096)
def decimal_of(value: float) -> Decimal:
    """Return a finite number as the decimal that its shortest text says."""
    return Decimal(repr(value))


def minimum_amount(price: Decimal, filters: ExchangeFilters = UNKNOWN_FILTERS) -> Decimal:
    """Return the amount (base asset) to which engines raise an order that is too small for the exchange.

    The smallest multiple of the step that is at least 1.05 times the exchange's minimum. Engines add one step more
    while that is still worth less than the minimum notional, which in decimal it never is. `price` is positive.
    """
    floor = _MINIMUM_MARGIN * max(filters.min_quantity, filters.min_notional / price)
    return (floor / filters.step).to_integral_value(ROUND_CEILING) * filters.step


def largest_amount(
    signal: Signal, *, equity: Decimal | None = None, filters: ExchangeFilters = UNKNOWN_FILTERS
) -> Decimal:
    """Return the largest amount (base asset) that any engine generation would order for a signal.

    One generation prefers `quantity`, another `position_size_pct` of the account's equity; both raise what is too
    small to the exchange's minimum, and both fall back to that minimum when there is nothing to go by. While `equity`
    (quote currency) is not known, the share of equity cannot be turned into an amount and is left out here; the
    limit on the share itself then stands alone. `current_price` is finite and positive, `quantity` finite.
    """
    price = decimal_of(signal.current_price)
    amount = minimum_amount(price, filters)
    if signal.quantity > 0:
        amount = max(amount, decimal_of(signal.quantity))
    if equity is not None and signal.position_size_pct:
        amount = max(amount, equity * decimal_of(signal.position_size_pct) / price)
    return amount


def smallest_amount(signal: Signal, filters: ExchangeFilters = UNKNOWN_FILTERS) -> Decimal:
    """Return the smallest amount (base asset) that any engine generation would order for a signal.

    A generation that prefers `position_size_pct` may order the exchange's minimum in spite of a larger `quantity`, if
    the account is small enough.
    """
    amount = minimum_amount(decimal_of(signal.current_price), filters)
    if signal.quantity > 0 and not signal.position_size_pct:
        return max(amount, decimal_of(signal.quantity))
    return amount


def reference_price(signal: Signal) -> Decimal:
    """Return the price an order is valued at: the higher of `price` and `current_price`, quote per base.

    Engines order at `current_price`; taking the higher one keeps a low `current_price` from hiding a large order.
    """
    return decimal_of(max(signal.price, signal.current_price))
