"""How the fleet's messages read, default and write points in time.

Reading is total: `read_signal_timestamp` returns an aware datetime for every input and raises nothing. Writing is
ISO 8601 with a numeric offset (`+00:00`, never `Z`), as the fleet itself writes.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from petrosa_contracts.instant import EARLIEST_EPOCH_SECONDS, LATEST_EPOCH_SECONDS, utc_now


def read_signal_timestamp(value: object) -> datetime:
    """Turn whatever a sender put into `Signal.timestamp` into an aware datetime, falling back to the present.

    Text is tried as ISO 8601 first and as epoch seconds second, so digits alone may be a compact date: `20260225` is
    a day and `1772020800123` a minute of the year 1772, while `1772020800` is no date and therefore epoch seconds.
    Numbers are epoch seconds from 2000-01-01 to 2100-01-01 UTC, both ends included; others become the present. Naive
    times are UTC; an offset that was given is kept.
    """
    moment: datetime | None = None
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        moment = _from_text(value)
    elif isinstance(value, int | float):
        moment = _from_epoch_seconds(value)
    if moment is None:
        return utc_now()
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _from_text(text: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    try:
        return _from_epoch_seconds(float(text))
    except ValueError:
        return None


def _from_epoch_seconds(seconds: float) -> datetime | None:
    # NaN fails both comparisons, so it is refused here like any other number out of range.
    if EARLIEST_EPOCH_SECONDS <= seconds <= LATEST_EPOCH_SECONDS:
        return datetime.fromtimestamp(seconds, tz=UTC)
    return None


def _as_iso_text(moment: datetime) -> str:
    return moment.isoformat()


WireDatetime = Annotated[
    datetime,
    PlainSerializer(_as_iso_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A datetime read by pydantic's own rules; a naive one stays naive. Written as ISO 8601 text."""

SignalTimestamp = Annotated[WireDatetime, BeforeValidator(read_signal_timestamp)]
"""A datetime read by `read_signal_timestamp`: always aware, never refused."""
