"""Which recorded decisions are wanted. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cio_strategist.domain.duration import parse_duration
from cio_strategist.errors import UsageError
from petrosa_contracts import Verdict


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Decisions by when the intent was received and what it was about. None: any."""

    since: datetime | None = None
    until: datetime | None = None
    """Before this instant."""
    strategy: str | None = None
    symbol: str | None = None

    @property
    def wants_all(self) -> bool:
        """Whether every decision fits."""
        return self == DecisionFilter()

    def fits(self, verdict: Verdict) -> bool:
        """Whether a decision is wanted."""
        early = self.since is not None and verdict.received_at < self.since
        late = self.until is not None and verdict.received_at >= self.until
        pairs = ((self.strategy, verdict.strategy_id), (self.symbol, verdict.symbol))
        return not early and not late and all(wanted is None or wanted == has for wanted, has in pairs)


def parse_moment(text: str, now: datetime) -> datetime:
    """Read an instant such as `2026-02-25T12:00:00Z` (without an offset it is UTC), or a duration before `now`.

    Raises `UsageError` for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return now - parse_duration(text)
    except UsageError:
        raise UsageError(
            f"{text[:40]!r} is neither an instant nor a duration: use 2026-02-25T12:00:00Z or 24h"
        ) from None
