"""The account on the exchange, and the portfolio that gates read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.domain.portfolio.reading import Reading
from petrosa_contracts import PortfolioState


class AccountSource(Protocol):
    """The account on the exchange, which is the truth about the portfolio."""

    async def read(self, *, known_until: datetime | None) -> Reading:
        """Return a complete reading, with the transfers since `known_until`, or else since midnight UTC.

        Raises `ExchangeUnavailableError` where any part of it is not to be had; it says how long to wait.
        """
        ...


@dataclass(frozen=True, slots=True)
class ShownPortfolio:
    """What lies in the gates' store at one moment."""

    state: PortfolioState | None
    """None: nothing, or nothing that can be read."""
    problem: str | None = None
    """Why it cannot be read."""
    cleared: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """Latch to the instant at which an operator cleared it last."""


class PortfolioStore(Protocol):
    """Where gates read the portfolio. Several trackers may write it.

    Everything here raises `StoreUnreachableError` when it does not answer, and `StoreUnreadableError` when it refuses.
    """

    async def read(self) -> ShownPortfolio:
        """Return what is there."""
        ...

    async def publish(self, make: Callable[[ShownPortfolio], PortfolioState | None]) -> PortfolioState | None:
        """Ask `make` what to write in place of what is there, write it, and return it; None: nothing is written.

        `make` is asked again whenever somebody else wrote in between. Raises `ConflictError` when others keep doing so.
        """
        ...

    async def settle(self, revision: int, decision_ids: Sequence[str]) -> None:
        """End the reservations of orders whose outcome this revision shows."""
        ...


class LatchStore(Protocol):
    """Where trackers are asked to clear a latch. Raises what `PortfolioStore` does."""

    async def read(self) -> ShownPortfolio:
        """Return the portfolio as gates see it."""
        ...

    async def clear(self, latch: Latch, at: datetime, *, by: str, reason: str) -> None:
        """Ask trackers to clear a latch; an instant asks once."""
        ...


class TrackerMetrics(Protocol):
    """Counts what the tracker does."""

    def reading(self, outcome: str) -> None:
        """Count an attempt to read the account: `complete` or `failed`."""
        ...

    def event(self, kind: str) -> None:
        """Count an execution event by its type, or `unreadable`."""
        ...

    def published(self) -> None:
        """Count a publication."""
        ...
