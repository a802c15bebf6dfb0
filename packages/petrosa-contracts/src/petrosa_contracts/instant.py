"""Instants: every time in the library is aware UTC."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

EARLIEST_EPOCH_SECONDS = 946_684_800
"""2000-01-01T00:00:00Z; a number below it is not taken for a time."""

LATEST_EPOCH_SECONDS = 4_102_444_800
"""2100-01-01T00:00:00Z; a number above it is not taken for a time, which keeps epoch milliseconds out."""

_wall_clock: Callable[[], float] = time.time


def epoch_now() -> float:
    """Return the present as seconds since 1970-01-01T00:00:00Z."""
    return _wall_clock()


def utc_now() -> datetime:
    """Return the present as an aware UTC datetime."""
    return datetime.fromtimestamp(_wall_clock(), tz=UTC)


def as_utc(moment: datetime) -> datetime:
    """Return the same instant as aware UTC; a naive one is read as UTC, as the fleet writes it.

    Raises `ValueError` where the offset carries the instant beyond the years 1 to 9999 in UTC.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        # pydantic makes a ValidationError of a ValueError and lets everything else through to whoever reads the model.
        raise ValueError(f"{moment.isoformat()} has no UTC form within the years 1 to 9999") from error


UtcDatetime = Annotated[datetime, AfterValidator(as_utc)]
"""A model field that is always aware UTC, whatever offset it was written with."""
