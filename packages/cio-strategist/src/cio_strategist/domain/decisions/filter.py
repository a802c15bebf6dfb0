"""Which recorded decisions are wanted. Pure."""

from dataclasses import dataclass
from datetime import datetime

from cio_strategist.domain.span import check_span
from petrosa_contracts import Verdict


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Decisions by when the intent was received and what it was about. None: any."""

    since: datetime | None = None
    until: datetime | None = None
    """Before this instant."""
    strategy: str | None = None
    symbol: str | None = None

    def __post_init__(self) -> None:
        """Raise `UsageError` if nothing lies between `since` and `until`."""
        check_span(self.since, self.until)

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
