"""A gate of real parts over fakes of everything outside it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from cio_decision.decoding import PayloadLimits
from cio_decision.freshness import Ages, Input
from cio_decision.intent import Intent
from cio_nurse.domain.dialects import DIALECTS
from cio_nurse.service.delivery import Delivery
from cio_nurse.service.gate_mode import GateMode
from cio_nurse.service.heartbeat import Heartbeat
from cio_nurse.service.inputs import LiveInputs, Mirrors
from cio_nurse.service.intake import Intake
from cio_nurse.service.lanes import Lanes
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.market_mirror import MarketMirror
from cio_nurse.service.mirror import Mirror
from cio_nurse.service.outbox import Outbox
from cio_nurse.service.pipeline import DecisionLimits, Pipeline
from cio_nurse.service.portfolio_mirror import PortfolioMirror
from cio_nurse.service.portfolio_troubles import PortfolioTroubles
from cio_nurse.service.recording import Recorder, Recording
from cio_nurse.service.regime_mirror import RegimeMirror
from cio_nurse.service.silent_halt import SilentHalts
from petrosa_contracts import Alert, PolicyLayer, Verdict
from petrosa_contracts.primal import PrimalLimits
from petrosa_contracts.primal.file import PrimalStanding
from tests.builders import NOW, arrival, intent, stored_policy
from tests.fakes import FakeClock, FakeJournal, FakeMetrics, FakeTransport
from tests.redis_fakes import RESERVATION_SECONDS, FakeInputStore, FakeLedgerStore, FakePolicyStore, FakeRedis

SIGNALS = "signals.trading"
MARKET_AGES = Ages(stale_seconds=5.0, lost_seconds=15.0)
REGIME_AGES = Ages(stale_seconds=7200.0, lost_seconds=21_600.0)
PORTFOLIO_AGES = Ages(stale_seconds=10.0, lost_seconds=15.0)
HALT_SECONDS, HALT_ENTRIES = 300.0, 5
AGES = Ages(stale_seconds=5, lost_seconds=3600)


@dataclass(kw_only=True)
class WiredGate:
    """One gate. Several share a world by sharing `clock` and `redis`."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    redis: FakeRedis | None = None
    dialect: str = "classic"
    max_orders_per_second: int | None = None
    primal: PrimalLimits | None = None
    primal_problem: str = ""
    lane_capacity: int = 100
    queue_capacity: int = 1000
    stalled_seconds: float = 0.0
    needs: Collection[Input] = ()
    records: bool = True
    payload_limits: PayloadLimits = field(default_factory=PayloadLimits)

    def __post_init__(self) -> None:
        self.redis = self.redis or FakeRedis(self.clock)
        self.policy_store = FakePolicyStore(self.redis)
        self.ledger_store = FakeLedgerStore(self.redis)
        self.metrics = FakeMetrics()
        self.ledger = Ledger(self.ledger_store, self.clock, reservation_seconds=RESERVATION_SECONDS)
        self.mirror = Mirror(self.policy_store, self.clock, AGES, refusal=lambda: self.ledger.refusal)
        self.mirrors = self._mirrors()
        self.inputs = LiveInputs(self.clock, self.mirrors)
        self.mode = GateMode(self.mirror, self.inputs)
        self.alerts: list[Alert] = []
        self.halts = SilentHalts(
            tell=self.alerts.append, clock=self.clock, instance="nurse-1", seconds=HALT_SECONDS, entries=HALT_ENTRIES
        )
        self.troubles = PortfolioTroubles(
            inputs=self.inputs,
            mirror=self.mirror,
            primal=PrimalStanding(self.primal) if self.primal else None,
            tell=self.alerts.append,
            clock=self.clock,
        )
        self.delivery = Delivery(ledger=self.ledger, metrics=self.metrics, watch=self.halts)
        self.transport = FakeTransport(reports=self.delivery)
        self.outbox = Outbox(
            transport=self.transport,
            dialect=DIALECTS[self.dialect],
            signals=SIGNALS,
            metrics=self.metrics,
            watch=self.halts,
        )
        self.journal = FakeJournal()
        self.recording = Recording(
            recorder=Recorder(instance="nurse-1", version="0.1.0", primal_digest=None, limits=self.payload_limits),
            transport=self.transport,
            journal=self.journal,
            clock=self.clock,
            metrics=self.metrics,
            deadline_seconds=0.05,
            enabled=lambda: self.records,
        )
        self.transport.report_records_to(self.recording)
        self.pipeline = self._pipeline()
        self.lanes = Lanes(lane_capacity=self.lane_capacity, queue_capacity=self.queue_capacity)
        self.intake = Intake(
            lanes=self.lanes,
            pipeline=self.pipeline,
            recording=self.recording,
            outbox=self.outbox,
            mirror=self.mirror,
            mode=self.mode,
            clock=self.clock,
            limits=self.payload_limits,
        )
        self.heartbeat = self._heartbeat()

    def _pipeline(self) -> Pipeline:
        return Pipeline(
            mirror=self.mirror,
            inputs=self.inputs,
            ledger=self.ledger,
            recording=self.recording,
            outbox=self.outbox,
            clock=self.clock,
            limits=DecisionLimits(
                deadline_seconds=0.05,
                clock_tolerance_seconds=2.0,
                max_orders_per_second=self.max_orders_per_second,
                primal=self.primal,
            ),
        )

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(
            transport=self.transport,
            mirror=self.mirror,
            mode=self.mode,
            halts=self.halts,
            troubles=self.troubles,
            clock=self.clock,
            subject="cio.heartbeat",
            instance="nurse-1",
            every_seconds=10.0,
            stalled_seconds=lambda: self.stalled_seconds,
            primal_problem=self.primal_problem,
            recording=self.recording,
        )

    def _mirrors(self) -> Mirrors:
        self.input_store = FakeInputStore(self.world)
        market = MarketMirror(
            self.input_store, self.clock, MARKET_AGES, band_share=Decimal("0.05"), tolerance_seconds=2.0
        )
        regime = RegimeMirror(self.input_store, self.clock, REGIME_AGES, tolerance_seconds=2.0)
        portfolio = PortfolioMirror(
            self.input_store, self.clock, PORTFOLIO_AGES, drawdown_limit=Decimal("0.2"), tolerance_seconds=2.0
        )
        return Mirrors(
            market=market if Input.MARKET in self.needs else None,
            regime=regime if Input.REGIME in self.needs else None,
            portfolio=portfolio if Input.PORTFOLIO in self.needs else None,
        )

    @classmethod
    async def started(cls, *layers: PolicyLayer, control: Mapping[str, bytes] | None = None, **fields: Any) -> Self:
        """Return a gate that has loaded a policy of these layers."""
        gate = cls(**fields)
        await gate.set(*layers, control=control)
        return gate

    async def set(self, *layers: PolicyLayer, control: Mapping[str, bytes] | None = None) -> None:
        """Replace policy and control in the store and let the gate see it."""
        self.world.write(policy=stored_policy(*layers), control=control or {})
        await self.mirror.refresh()
        await self.see_inputs()

    async def see_inputs(self) -> None:
        """Let the gate see what the store holds of its inputs, and note what has become of them."""
        if self.mirrors.market is not None:
            self.mirrors.market.announce(())
        for mirror in self.mirrors.needed():
            await mirror.refresh()
        self.inputs.note()

    @property
    def world(self) -> FakeRedis:
        assert self.redis is not None
        return self.redis

    async def decide(self, *intents: Intent) -> list[Verdict]:
        """Have a batch decided and return its verdicts, in the order in which they were announced."""
        already = len(self.metrics.verdicts)
        await self.pipeline.decide([self.arrives(each) for each in intents])
        return self.metrics.verdicts[already:]

    async def decide_one(self, **overrides: Any) -> Verdict:
        """Have one intent decided, dated now and with overrides, and return its verdict."""
        (verdict,) = await self.decide(self.dated_now(**overrides))
        return verdict

    def dated_now(self, **overrides: Any) -> Intent:
        """Return an intent whose timestamp is the gate's own time."""
        return intent(**{"timestamp": self.clock.now().isoformat(), **overrides})

    def arrives(self, read: Intent) -> Any:
        """Return an intent as it arrives now."""
        return arrival(read, at=self.clock.now(), arrived=self.clock.seconds())

    def published_signals(self) -> list[str | None]:
        """Return the intent ids of the signals that left, in order."""
        return [signal.content.get("intent_id") for signal in self.transport.signals]


def codes_of(verdicts: Sequence[Verdict]) -> list[str | None]:
    """Return the code of each verdict; None for an approval."""
    return [None if verdict.code is None else str(verdict.code) for verdict in verdicts]
