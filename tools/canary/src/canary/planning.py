"""Which orders close a position: pure arithmetic on the exchange's rules."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from canary.errors import RefusedError
from canary.model import CloseOrder, MarketLot, Mode, Position

MAX_PARTS = 500
"""No more orders than this for one position in one round; what is left comes in the next."""


@dataclass(frozen=True, slots=True)
class ClosePlan:
    """The orders that close a position, and the rest that no market order can close."""

    position: Position
    orders: tuple[CloseOrder, ...]
    dust: Decimal
    why_dust: str | None


def plan_close(position: Position, lot: MarketLot | None, new_id: Callable[[], str]) -> ClosePlan:
    """Split a position into market orders within its lot limits, as even as possible so that none is too small.

    Without known limits it is one order of the whole amount: the exchange decides. The quantities never add up to
    more than the position.
    """
    sizes, dust = split(position.size, lot) if lot is not None else ([position.size], Decimal(0))
    why = None
    if dust and lot is not None:
        why = f"{dust.normalize():f} is less than a market order can be (step {lot.step}, minimum {lot.minimum})"
    orders = tuple(CloseOrder(position, size, new_id()) for size in sizes)
    return ClosePlan(position, orders, dust, why)


def split(size: Decimal, lot: MarketLot) -> tuple[list[Decimal], Decimal]:
    """Return quantities that are each within the lot, and the dust that is left of `size`.

    Even parts, because a small last part could be below the minimum quantity or notional.
    """
    step = lot.step or Decimal(1).scaleb(_exponent(size))
    units = int(size // step)
    most = int(lot.maximum // step) if lot.maximum else units
    least = max(int((lot.minimum / step).to_integral_value(ROUND_CEILING)), 1)
    if units < least or most < least:
        return [], size
    parts = min(-(-units // most), MAX_PARTS)
    base, more = divmod(min(units, parts * most), parts)
    counts = [base + 1] * more + [base] * (parts - more)
    if base < least:
        counts = [most] * (units // most)
    left_for_later = units - parts * most if parts == MAX_PARTS else 0
    return [count * step for count in counts], size - (sum(counts) + max(left_for_later, 0)) * step


def check_mode(mode: Mode, positions: tuple[Position, ...]) -> None:
    """Refuse an account whose positions contradict its mode: raises `RefusedError`."""
    for position in positions:
        if (position.side == "BOTH") == (mode is Mode.HEDGE):
            raise RefusedError(
                f"the account says it is in {mode.value} mode, but holds {position} on side {position.side}: "
                "its mode cannot be determined"
            )


def _exponent(size: Decimal) -> int:
    exponent = size.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
