"""Reads what is open at the exchange, all parts side by side; a part that fails does not hide the others."""

from collections.abc import Callable
from typing import TypeVar

from canary.account import FuturesAccount
from canary.errors import RejectedError, UnavailableError
from canary.model import Reading
from canary.workers import Workers

T = TypeVar("T")

NOTHING_KNOWN = Reading(None, None, None)


def read_account(account: FuturesAccount, workers: Workers) -> Reading:
    """Return positions, orders and conditional orders as they are now; raises `OutOfTimeError`."""
    problems: list[str] = []
    positions = workers.start(lambda: _part("positions", account.positions, problems))
    orders = workers.start(lambda: _part("orders", account.orders, problems))
    conditional = workers.start(lambda: _part("conditional orders", account.conditional_orders, problems))
    return Reading(positions.result(), orders.result(), conditional.result(), tuple(problems))


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
