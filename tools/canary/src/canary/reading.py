"""Reads what is open at the exchange; a part that fails does not hide the others."""

from collections.abc import Callable
from typing import TypeVar

from canary.account import Account
from canary.errors import RejectedError, UnavailableError
from canary.model import Reading

T = TypeVar("T")

NOTHING_KNOWN = Reading(None, None, None)
ATTEMPTS = 2
"""Few, because what hangs must not hold up the closing of what can be read; the next round tries again."""


def read_account(account: Account, *, attempts: int = ATTEMPTS) -> Reading:
    """Return positions, orders and conditional orders as they are now; raises `OutOfTimeError`.

    One after the other, in the direction in which things move: a conditional order becomes an order, an order becomes
    a position. Read the other way round, or at once, what moves on between two answers would be in neither of them.
    """
    problems: list[str] = []
    conditional = _part("conditional orders", lambda: account.conditional_orders(attempts), problems)
    orders = _part("orders", lambda: account.orders(attempts), problems)
    positions = _part("positions", lambda: account.positions(attempts), problems)
    return Reading(positions, orders, conditional, tuple(problems))


def describe(reading: Reading) -> str:
    """Return what is open in a few words."""
    parts = (
        ("positions", reading.positions),
        ("orders", reading.orders),
        ("conditional orders", reading.conditional_orders),
    )
    return ", ".join(f"unknown {name}" if found is None else f"{len(found)} {name}" for name, found in parts)


def _part(name: str, read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except (RejectedError, UnavailableError) as error:
        problems.append(f"{name} cannot be read: {error}")
        return None
