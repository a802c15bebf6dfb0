"""An authority over fakes: the real services, and what a test does around them."""

from dataclasses import replace

from cio_strategist.domain.access.caller import Caller, CallerClass, Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.loosening import Budgets
from cio_strategist.errors import SecondFactorError
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

THOUGHT = "Volatility doubled within the hour while depth thinned out, so smaller orders keep slippage inside the limit"
REASON = "volatility doubled"
OPERATOR = Caller("anna", CallerClass.OPERATOR, frozenset(Permission), "token-1")
OTHER_OPERATOR = Caller("ben", CallerClass.OPERATOR, frozenset(Permission), "token-2")
AGENT = Caller(
    "strategist",
    CallerClass.AGENT,
    frozenset({Permission.READ, Permission.WRITE, Permission.TIGHTEN}),
    "token-3",
)
CODE = "123456"
GLOBAL = "global"
BTC = "symbol:BTCUSDT"


class FakeSecondFactor:
    """Takes each of its codes once."""

    def __init__(self) -> None:
        self.codes = [CODE]

    async def verify(self, code: str | None, *, caller: str) -> None:
        if code is None or code not in self.codes:
            raise SecondFactorError("the code is missing, wrong or used")
        self.codes.remove(code)


class FakeAuthority:
    """Everything that the gateway opens to."""

    def __init__(self, store: FakePolicyStore | None = None, *, primal: PrimalStanding | None = None) -> None:
        self.clock = SetClock()
        self.store = store or FakePolicyStore(self.clock)
        self.redis = FakePolicyStore(self.clock)
        self.enforcer = FakeEnforcer()
        self.second_factor = FakeSecondFactor()
        limits = None if primal is None else primal.limits
        writer = Writer(self.store, clock=self.clock, new_id=CountingIds(), history=self.store, enforcer=self.enforcer)
        self.manager = TradingConfigManager(writer, budgets=Budgets(agent=0.2, operator=2.0), primal=limits)
        self.primal = PrimalDesk(writer, primal)
        self.control = ControlDesk(writer, second_factor=self.second_factor)
        self.portfolio = FakePortfolioStore()
        self.latches = LatchDesk(writer, self.portfolio, second_factor=self.second_factor)
        self.proposals = ProposalDesk(writer, self.store, second_factor=self.second_factor, primal=limits)
        self.archive = FakeArchive()
        self.decisions = RecordedDecisions(self.archive, self.store, clock=self.clock)
        self.reader = PolicyReader(self.store, clock=self.clock, history=self.store, fallback=self.redis)

    async def parameters(self, scope: str) -> dict[str, object] | None:
        """What a scope sets; None: it has no config."""
        layer = await self.reader.layer(scope)
        return layer.parameters if layer.exists else None


def asking(caller: Caller = OPERATOR, **circumstances: object) -> ChangeRequest:
    """A request with a reason and a thought trace of substance."""
    return replace(ChangeRequest(caller, reason=REASON, thought_trace=THOUGHT), **circumstances)  # type: ignore[arg-type]
