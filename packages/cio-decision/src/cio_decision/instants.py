"""Reading the instant that a sender wrote, without repairing it."""

import re
from datetime import UTC, datetime

from petrosa_contracts.instant import EARLIEST_EPOCH_SECONDS, LATEST_EPOCH_SECONDS

_DATE_AND_TIME = re.compile(r"\d{4}-?(?:\d{2}-?\d{2}|W\d{2}-?\d)[T ]\d{2}", re.ASCII)


def read_instant(value: object) -> datetime | None:
    """Return the instant that a payload's `timestamp` names, aware UTC, or None where it names none.

    Text must be ISO 8601 with date and time; without an offset it is UTC, as the fleet writes it. A number is epoch
    seconds between 2000 and 2100. Everything else (a bare date, digits as text, milliseconds, booleans, null) could
    only be guessed at and is not.
    """
    if isinstance(value, str):
        return _from_text(value)
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and EARLIEST_EPOCH_SECONDS <= value <= LATEST_EPOCH_SECONDS
    ):
        return datetime.fromtimestamp(value, UTC)
    return None


def _from_text(text: str) -> datetime | None:
    if not _DATE_AND_TIME.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
