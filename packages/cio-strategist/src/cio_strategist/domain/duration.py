"""Durations as operators type them."""

import re
from datetime import timedelta

from cio_strategist.errors import UsageError

LONGEST = timedelta(days=366)
"""The longest duration taken. Whatever should last longer is meant to last until somebody lifts it."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PART = re.compile(r"([0-9]{1,9})([smhd])")


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `30m`, `2h`, `1d` or `1h30m` (s, m, h, d; whole numbers; each unit once).

    Raises `UsageError` for anything else, for zero, and beyond `LONGEST`.
    """
    parts = _PART.findall(text)
    amounts = {_UNITS[unit]: int(number) for number, unit in parts}
    readable = "".join(number + unit for number, unit in parts) == text and len(amounts) == len(parts)
    duration = timedelta(**amounts)
    if not readable or not timedelta(0) < duration <= LONGEST:
        raise UsageError(f"{text[:40]!r} is not a duration: use 30m, 2h, 1d or 1h30m, up to {LONGEST.days}d")
    return duration
