"""Until when a sender waits for its verdict: a NATS header of the intent, so that a late answer becomes no trade.

A bot that got no answer has decided by itself. Should the gate, or the way to it, have hung meanwhile, it would approve
what the bot has long given up or handed on elsewhere.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from petrosa_contracts.instant import as_utc

ANSWER_BY: Final = "Cio-Answer-By"
"""The header; its value is ISO 8601 text, UTC where it has no offset."""


def read_answer_by(headers: Mapping[str, str] | None) -> datetime | None:
    """Return the instant that the headers of an intent name, aware UTC; None if there is none that can be read."""
    written = headers.get(ANSWER_BY) if headers else None
    if written is None:
        return None
    try:
        return as_utc(datetime.fromisoformat(written))
    except ValueError:
        return None
