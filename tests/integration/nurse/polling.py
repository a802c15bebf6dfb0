"""Waiting for something to become true, with a deadline instead of a guess."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL_SECONDS = 0.005

SECONDS = 30.0
"""Generous: the machine may be busy. Nothing waits that long when all is well."""


async def eventually(condition: Callable[[], T], *, seconds: float = SECONDS, what: str = "") -> T:
    """Return the first true value of `condition`; fail with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or condition}")
        await asyncio.sleep(INTERVAL_SECONDS)
    return value


async def eventually_answered(question: Callable[[], Awaitable[T]], *, seconds: float = SECONDS, what: str = "") -> T:
    """Do the same with a condition that has to be awaited."""
    deadline = time.monotonic() + seconds
    while not (value := await question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or question}")
        await asyncio.sleep(INTERVAL_SECONDS)
    return value


def eventually_blocking(condition: Callable[[], T], *, seconds: float = SECONDS, what: str = "") -> T:
    """Do the same where there is no event loop, such as in a fixture of a whole module."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or condition}")
        time.sleep(INTERVAL_SECONDS)
    return value
