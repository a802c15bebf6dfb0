"""Waiting for something to become true, with a deadline instead of a guess."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

SECONDS = 30.0
"""Generous: the machine may be busy. Nothing waits that long when all is well."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, SHARE = 0.005, 0.1, 0.05
"""Looks are further apart the longer it takes: who looks without a break takes the time of what is waited for."""


async def eventually(condition: Callable[[], T], *, seconds: float = SECONDS, what: str = "") -> T:
    """Return the first true value of `condition`; fail with `what` when there is none in time."""
    for pause in _pauses(seconds):
        if value := condition():
            return value
        await asyncio.sleep(pause)
    raise AssertionError(f"not within {seconds:g} s: {what or condition}")


async def eventually_answered(question: Callable[[], Awaitable[T]], *, seconds: float = SECONDS, what: str = "") -> T:
    """Do the same with a condition that has to be awaited."""
    for pause in _pauses(seconds):
        if value := await question():
            return value
        await asyncio.sleep(pause)
    raise AssertionError(f"not within {seconds:g} s: {what or question}")


def eventually_blocking(condition: Callable[[], T], *, seconds: float = SECONDS, what: str = "") -> T:
    """Do the same where there is no event loop, such as in a fixture of a whole module."""
    for pause in _pauses(seconds):
        if value := condition():
            return value
        time.sleep(pause)
    raise AssertionError(f"not within {seconds:g} s: {what or condition}")


def _pauses(seconds: float) -> Iterator[float]:
    """Yield how long to wait after each look; the last look is after the time is over."""
    began, waited = time.monotonic(), 0.0
    while waited <= seconds:
        yield min(max(FIRST_PAUSE_SECONDS, waited * SHARE), LONGEST_PAUSE_SECONDS)
        waited = time.monotonic() - began
    yield 0.0
