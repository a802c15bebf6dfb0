"""Prices: how far two are apart, and which one an order would carry to the exchange."""

from decimal import ROUND_UP, Decimal
from decimal import Context as Arithmetic

from cio_decision.breaches import amount
from cio_decision.intent import Intent
from petrosa_contracts import OrderType
from petrosa_contracts.sizing import decimal_of

PERCENT = 100

_LIMIT_ORDERS = frozenset(
    {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.CONDITIONAL_LIMIT}
)
_SIX_DIGITS = Arithmetic(prec=6, rounding=ROUND_UP)


def percent_apart(price: Decimal, reference: Decimal) -> Decimal:
    """Return how far a price is from a positive reference, in percent of the reference."""
    return abs(price - reference) * PERCENT / reference


def percent_text(value: Decimal) -> str:
    """Return a percentage for a sentence: six digits, rounded up, so that one above a limit does not read as it."""
    return f"{amount(_SIX_DIGITS.plus(value))} %"


def limit_price(intent: Intent) -> Decimal | None:
    """Return the price that an engine would put on the order, quote per base; None for an order at the market.

    Engines place limit orders of all kinds at `current_price`; `price` and `target_price` set no order price, and a
    conditional price is waited for inside the engine.
    """
    return decimal_of(intent.signal.current_price) if intent.signal.order_type in _LIMIT_ORDERS else None


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether a value lies on the grid of a step."""
    steps = value / step
    return steps == steps.to_integral_value()
