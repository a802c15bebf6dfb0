"""An MCP gateway over services in memory, and what a client of it says in every call."""

from collections.abc import Mapping
from typing import Any

import pyotp
from mcp import Client
from mcp.types import CallToolResult
from pydantic import SecretStr

from cio_strategist.domain.access.caller import Caller, CallerClass, Permission
from cio_strategist.domain.policy.loosening import Budgets
from cio_strategist.errors import RateLimitedError
from cio_strategist.gateway.mcp.fleet_tools import Bots
from cio_strategist.gateway.mcp.server import McpGateway
from cio_strategist.gateway.readiness import Readiness
from cio_strategist.gateway.services import Services
from cio_strategist.service.access.second_factor import SecondFactor
from cio_strategist.service.access.tokens import Tokens
from cio_strategist.service.decisions.recorded import RecordedDecisions
from cio_strategist.service.policy.config_manager import TradingConfigManager
from cio_strategist.service.policy.control import ControlDesk
from cio_strategist.service.policy.latches import LatchDesk
from cio_strategist.service.policy.primal import PrimalDesk
from cio_strategist.service.policy.proposals import ProposalDesk
from cio_strategist.service.policy.reading import PolicyReader
from cio_strategist.service.policy.writer import Writer
from petrosa_contracts.primal.file import PrimalStanding
from tests.decision_fakes import FakeArchive
from tests.portfolio_fakes import FakePortfolioStore
from tests.strategist_fakes import CountingIds, FakeEnforcer, FakePolicyStore, SetClock

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
THOUGHT = "Volatility doubled within the hour while depth thinned out, so smaller orders keep slippage inside the limit"
WHY: Mapping[str, str] = {"reason": "volatility doubled", "thought_trace": THOUGHT}


class FakeWriteLimit:
    """Takes as many writes of all callers together as it was told."""

    def __init__(self) -> None:
        self.left = 1000

    async def take(self, caller: Caller) -> None:
        if self.left == 0:
            raise RateLimitedError(f"{caller.name} makes too many writes: wait 30 seconds", retry_after_seconds=30)
        self.left -= 1


class McpWorld:
    """The real services over one store in memory, tokens for an operator and an agent, and a clock that stands."""

    def __init__(self, *, primal: PrimalStanding | None = None) -> None:
        self.clock = SetClock()
        self.store = FakePolicyStore(self.clock)
        self.redis = FakePolicyStore(self.clock)
        self.write_limit = FakeWriteLimit()
        self.tokens = Tokens(self.store, self.clock)
        writer = Writer(self.store, clock=self.clock, new_id=CountingIds(), history=self.store, enforcer=FakeEnforcer())
        limits = None if primal is None else primal.limits
        second_factor = SecondFactor(SecretStr(SECRET), self.store, self.clock)
        self.archive = FakeArchive()
        self.services = Services(
            manager=TradingConfigManager(writer, budgets=Budgets(agent=0.2, operator=2.0), primal=limits),
            proposals=ProposalDesk(writer, self.store, second_factor=second_factor, primal=limits),
            primal=PrimalDesk(writer, primal),
            latches=LatchDesk(writer, FakePortfolioStore(), second_factor=second_factor),
            control=ControlDesk(writer, second_factor=second_factor),
            decisions=RecordedDecisions(self.archive, self.store, clock=self.clock),
            reader=PolicyReader(self.store, clock=self.clock, history=self.store, fallback=self.redis),
            tokens=self.tokens,
            write_limit=self.write_limit,
            readiness=lambda: Readiness(ready=True),
        )

    async def operator(self) -> str:
        """Return a new token that may do everything."""
        _, text = await self.tokens.create("anna", CallerClass.OPERATOR, Permission)
        return text

    async def agent(self) -> str:
        """Return a new token of a language model."""
        _, text = await self.tokens.create("strategist", CallerClass.AGENT)
        return text

    def client(self, token: str | None = None, *, fleet: Bots | None = None, mode: str = "auto") -> Client:
        """Return the SDK's own client, connected in memory as somebody."""
        server = McpGateway(self.services, fleet=fleet, token=token).server()
        return Client(server, mode=mode, raise_exceptions=True)

    def code(self) -> str:
        """Return what the operator's authenticator shows at the clock's time."""
        return pyotp.TOTP(SECRET).at(self.clock.now())


def content(result: CallToolResult) -> dict[str, Any]:
    """Return what a call answered. Fails for an error."""
    assert not result.is_error, result.content
    return result.structured_content


def error(result: CallToolResult) -> dict[str, Any]:
    """Return the error that a call answered. Fails for a success."""
    assert result.is_error, result.structured_content
    return result.structured_content["error"]
