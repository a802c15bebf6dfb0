"""What a fact is, and what facts about anything need. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from demo.ledger import Changed, Delivered, Judged, Ledger, Sent
from petrosa_contracts import Verdict

EFFECT_LIMIT_MS = 1000
"""How long a change may take from being asked for to a verdict under it."""

OPENS = ("buy", "sell")


@dataclass(frozen=True, slots=True)
class Fact:
    """One claim, whether it holds, and the numbers behind it. What never happened does not hold."""

    claim: str
    holds: bool
    detail: str


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed, by nearest rank; 0 for no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def in_force(ledger: Ledger, change: Changed) -> tuple[float, float]:
    """Return when the first verdict under a change was heard, and how many ms that took; infinity if never."""
    epoch = math.inf if change.epoch is None else change.epoch
    at = next((each.at for each in ledger.of(Judged) if (each.verdict.epoch or 0) >= epoch), math.inf)
    return at, max(0.0, (at - change.at) * 1000)


def effect(took: float) -> str:
    """Say how long a change took, in milliseconds, to be in force."""
    return f"in force after {took:.0f} ms" if math.isfinite(took) else "never in force"


def order_of(order: Sent | Delivered | Verdict) -> tuple[str | None, str | None, str | None]:
    """Return whose order it is, of what, and what it does."""
    return order.strategy_id, order.symbol, order.action
