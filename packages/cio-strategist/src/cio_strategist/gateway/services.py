"""What the gateway needs from the inside. It decides nothing itself."""

from dataclasses import dataclass
from typing import Protocol

from cio_strategist.domain.caller import Caller
from cio_strategist.gateway.readiness import ReadReadiness
from cio_strategist.service.config_manager import TradingConfigManager
from cio_strategist.service.control import ControlDesk
from cio_strategist.service.decisions import RecordedDecisions
from cio_strategist.service.latches import LatchDesk
from cio_strategist.service.primal import PrimalDesk
from cio_strategist.service.proposals import ProposalDesk
from cio_strategist.service.reading import PolicyReader


class CallerLookup(Protocol):
    """Knows whom a token speaks for."""

    async def caller_of(self, text: str | None) -> Caller:
        """Return the caller of a bearer token; `ANONYMOUS` without one.

        Raises `UnauthenticatedError` for a token that does not count, and `StoreUnreachableError` if that cannot be
        found out now.
        """
        ...


class WriteLimit(Protocol):
    """How often a caller may write."""

    async def take(self, caller: Caller) -> None:
        """Count one write of `caller`. Raises `RateLimitedError` saying when to come again."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The services behind every door of the gateway."""

    manager: TradingConfigManager
    proposals: ProposalDesk
    control: ControlDesk
    primal: PrimalDesk
    latches: LatchDesk
    reader: PolicyReader
    decisions: RecordedDecisions
    tokens: CallerLookup
    write_limit: WriteLimit
    readiness: ReadReadiness
