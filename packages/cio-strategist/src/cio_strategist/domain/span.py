"""Spans of time that somebody asks for."""

from datetime import datetime

from cio_strategist.errors import UsageError


def check_span(since: datetime | None, until: datetime | None) -> None:
    """Raise `UsageError` if nothing can lie between two moments; None is no bound."""
    if since is not None and until is not None and until <= since:
        raise UsageError(
            f"nothing lies from {since.isoformat()} to before {until.isoformat()}: until must be later than since"
        )
