"""Order sizing: the largest amount that any engine generation would derive from a signal.

Money is computed in `Decimal` from the shortest text of each float, so that 0.02 x 50000 is 1000 and not a hair more.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import NamedTuple

from petrosa_contracts.signal import Signal

_MINIMUM_MARGIN = Decimal("1.05")
"""Head room that the engines keep above the exchange's smallest order."""


@dataclass(frozen=True, slots=True)
class ExchangeFilters:
    """The exchange's smallest order for a symbol: quantity and step in base asset, notional in quote currency.

    The defaults are those the engines use when they know none.
    """

    min_quantity: Decimal = Decimal("0.001")
    step: Decimal = Decimal("0.001")
    min_notional: Decimal = Decimal(20)


UNKNOWN_FILTERS = ExchangeFilters()
"""What engines take where they do not know the exchange's filters."""


class OrderAmounts(NamedTuple):
    """What engines may make of a signal, base asset."""

    minimum: Decimal
    """To which they raise an order that is too small for the exchange."""
    smallest: Decimal
    """The least that any generation would order."""
    largest: Decimal
    """The most that any generation would order."""


@lru_cache(maxsize=4096)
def decimal_of(value: float) -> Decimal:
    """Return a finite number as the decimal that its shortest text says."""
    return Decimal(repr(value))


def minimum_amount(price: Decimal, filters: ExchangeFilters = UNKNOWN_FILTERS) -> Decimal:
    """Return the amount (base asset) to which engines raise an order that is too small for the exchange.

    The smallest multiple of the step that is at least 1.05 times the exchange's minimum. Engines add one step more
    while that is still worth less than the minimum notional, which in decimal it never is. `price` is positive.
    """
    # Dividing last keeps a floor that is a whole number of steps exactly that, however decimals are rounded.
    floor = max(_MINIMUM_MARGIN * filters.min_quantity, _MINIMUM_MARGIN * filters.min_notional / price)
    return (floor / filters.step).to_integral_value(ROUND_CEILING) * filters.step


def order_amounts(
    signal: Signal, *, equity: Decimal | None = None, filters: ExchangeFilters = UNKNOWN_FILTERS
) -> OrderAmounts:
    """Return between which amounts (base asset) the order of every engine generation lies.

    One generation prefers `quantity`, another `position_size_pct` of the account's equity, which may come to less; both
    raise what is too small to the exchange's minimum, and both fall back to that minimum when there is nothing to go
    by. While `equity` (quote currency) is not known, the share of equity cannot be turned into an amount and is left
    out of the largest; the limit on the share itself then stands alone. `current_price` is finite and positive,
    `quantity` finite.
    """
    price, share = decimal_of(signal.current_price), signal.position_size_pct
    minimum = minimum_amount(price, filters)
    by_quantity = max(minimum, decimal_of(signal.quantity)) if signal.quantity > 0 else minimum
    if not share:
        return OrderAmounts(minimum, by_quantity, by_quantity)
    by_share = minimum if equity is None else equity * decimal_of(share) / price
    return OrderAmounts(minimum, minimum, max(by_quantity, by_share))


def largest_value(signal: Signal, amounts: OrderAmounts, price: Decimal, *, equity: Decimal | None = None) -> Decimal:
    """Return what the largest order of any engine generation is worth at `price`, quote currency.

    `amounts` are those of the signal with the same `equity`. What a share of equity comes to is divided by
    `current_price` last: a share that is worth exactly a limit must not exceed it because an amount was rounded.
    """
    by_quantity = max(amounts.minimum, decimal_of(signal.quantity)) * price
    share = signal.position_size_pct
    if not share or equity is None:
        return by_quantity
    return max(by_quantity, equity * decimal_of(share) * price / decimal_of(signal.current_price))


def reference_price(signal: Signal) -> Decimal:
    """Return the price an order is valued at: the higher of `price` and `current_price`, quote per base.

    Engines order at `current_price`; taking the higher one keeps a low `current_price` from hiding a large order.
    """
    return decimal_of(max(signal.price, signal.current_price))
