"""How the exchange writes amounts."""

from decimal import ROUND_HALF_EVEN, Decimal

MONEY = Decimal("0.00000001")
ZERO = Decimal(0)


def money(amount: Decimal) -> str:
    """Return an amount of a coin with eight decimals."""
    return f"{amount.quantize(MONEY, ROUND_HALF_EVEN):f}"


def plain(value: Decimal) -> str:
    """Return a price or quantity as it is, never in scientific notation."""
    return f"{value:f}"


def price_text(value: Decimal) -> str:
    """Return an average price: at most eleven decimals, without trailing zeros, and 0.0 for none."""
    if not value:
        return "0.0"
    text = f"{value.quantize(Decimal('0.00000000001'), ROUND_HALF_EVEN):f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text
