"""What the gateway needs from the inside. It decides nothing itself."""

from dataclasses import dataclass
from typing import Protocol

from cio_strategist.domain.access.caller import Caller
from cio_strategist.gateway.readiness import ReadReadiness
from cio_strategist.service.decisions.recorded import RecordedDecisions
from cio_strategist.service.policy.config_manager import TradingConfigManager
from cio_strategist.service.policy.control import ControlDesk
from cio_strategist.service.policy.latches import LatchDesk
from cio_strategist.service.policy.primal import PrimalDesk
from cio_strategist.service.policy.proposals import ProposalDesk
from cio_strategist.service.policy.reading import PolicyReader


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
