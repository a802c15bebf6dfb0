"""A whole gate through anything that may happen around it: one verdict each, no signal twice, exits leave."""

import asyncio
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cio_nurse.errors import TransportUnavailableError
from petrosa_contracts import Code, Mode
from tests.builders import control_entry, inbound, layer, raw, stored_control
from tests.intents import JUNK, fields, spoiled
from tests.wiring import WiredGate

IDS = ["i1", "i2", "i3", "i4"]
LIMIT = 6
MAY_STOP_AN_EXIT = {Code.INTENT_DUPLICATE, Code.INTENT_FUTURE, Code.FROZEN, Code.PAYLOAD_INVALID}


class GateInAnySurroundings(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.gate = WiredGate(lane_capacity=10, queue_capacity=20, max_orders_per_second=50)
        self.messages = 0
        self.undone: Counter[tuple[str, str]] = Counter()
        self.run(self.gate.set(layer("global", max_daily_trades=LIMIT, max_position_size_usd=6000.0)))

    def run(self, work: Any) -> None:
        self.runner.run(work)

    def teardown(self) -> None:
        self.runner.close()

    def signals(self) -> Counter[tuple[str, str]]:
        contents = [signal.content for signal in self.gate.transport.signals]
        return Counter((str(content.get("intent_id")), content["action"]) for content in contents)

    async def deliver(self, *data: bytes) -> None:
        """Accept messages, decide what waits, and check that each was answered once if anything can be."""
        gate, already = self.gate, len(self.gate.transport.published)
        names = [f"_INBOX.{self.messages + number}" for number in range(len(data))]
        self.messages += len(data)
        deciding = asyncio.create_task(gate.intake.run())
        for each, name in zip(data, names, strict=True):
            await gate.intake.accept(inbound(each, name, None))
        await gate.intake.drained()
        deciding.cancel()
        await asyncio.gather(deciding, return_exceptions=True)
        assert gate.lanes.waiting == 0
        left = Counter(message.subject for message in gate.transport.published[already:])
        for name in names:
            assert left[name] == (1 if gate.transport.connected else 0)

    @rule(
        ids=st.lists(st.sampled_from(IDS), min_size=1, max_size=4),
        drawn=fields(),
        good=st.booleans(),
    )
    def entries(self, ids: list[str], drawn: dict[str, Any], good: bool) -> None:
        now = self.gate.clock.now().isoformat()
        changed = {} if good else {**drawn, "action": "buy"}
        self.run(self.deliver(*(raw(**{**changed, "intent_id": each, "timestamp": now}) for each in ids)))

    @rule(ids=st.lists(st.sampled_from(IDS), min_size=1, max_size=3), drawn=fields(("close",)))
    def exits(self, ids: list[str], drawn: dict[str, Any]) -> None:
        gate, already = self.gate, len(self.gate.metrics.verdicts)
        now = gate.clock.now().isoformat()
        self.run(self.deliver(*(raw(**{**drawn, "intent_id": each, "timestamp": now}) for each in ids)))
        for verdict in gate.metrics.verdicts[already:]:
            assert verdict.approved or verdict.code in MAY_STOP_AN_EXIT
            assert verdict.code is not Code.FROZEN or verdict.mode is Mode.FROZEN
        if gate.transport.connected and not self.frozen():
            assert all(self.signals()[each, "close"] for each in ids)

    @rule(data=st.lists(spoiled() | JUNK.map(repr).map(str.encode), min_size=1, max_size=3))
    def rubbish(self, data: list[bytes]) -> None:
        self.run(self.deliver(*data))

    def frozen(self) -> bool:
        now = self.gate.clock.now()
        control = self.gate.mirror.view.control.deciding(symbol="BTCUSDT", strategy_id="momentum_v1", now=now)
        return control is not None and control.entry.mode is Mode.FROZEN

    @rule()
    def store_goes_away(self) -> None:
        self.gate.world.stop()

    @rule(late=st.booleans())
    def store_hangs(self, late: bool) -> None:
        self.gate.world.hang(carries_out_late=late)

    @rule(seconds=st.sampled_from([0.0, 0.06]))
    def store_answers_after(self, seconds: float) -> None:
        self.gate.world.answers_after = seconds

    @rule()
    def store_comes_back(self) -> None:
        self.gate.world.recover()
        self.run(self.gate.mirror.refresh())

    @rule()
    def nats_goes_away(self) -> None:
        self.gate.transport.disconnect()

    @rule()
    def nats_comes_back(self) -> None:
        self.gate.transport.connect()

    @rule(listening=st.booleans())
    def engine(self, listening: bool) -> None:
        """Have somebody or nobody take signals, and the gate told what became of those before."""
        self.gate.transport.engine = (lambda _signal: None) if listening else None
        self.run(self.flush())

    async def flush(self) -> None:
        unreported = [] if self.gate.transport.engine else list(self.gate.transport._unreported)
        try:
            await self.gate.transport.flush()
        except TransportUnavailableError:
            return
        for signal in unreported:
            self.undone[str(signal.content.get("intent_id")), signal.content["action"]] += 1

    @rule(seconds=st.sampled_from([0.5, 2.0, 7.0]))
    def time_passes(self, seconds: float) -> None:
        self.gate.clock.jump(seconds)

    @rule(mode=st.sampled_from([None, Mode.SAFE, Mode.HALTED, Mode.FROZEN]))
    def somebody_sets(self, mode: Mode | None) -> None:
        gate = self.gate
        control = {} if mode is None else stored_control(**{"global": control_entry(mode)})
        gate.world.write(control=control)
        self.run(gate.mirror.refresh())

    @invariant()
    def no_intent_became_two_signals(self) -> None:
        for (intent_id, action), times in self.signals().items():
            if intent_id in IDS and action in {"buy", "close"}:
                assert times <= 1 + self.undone[intent_id, action]

    @invariant()
    def the_daily_limit_was_kept(self) -> None:
        undone = sum(times for (_, action), times in self.undone.items() if action in {"buy", "sell"})
        made = sum(times for (_, action), times in self.signals().items() if action in {"buy", "sell"})
        assert made - undone <= LIMIT


TestGate = GateInAnySurroundings.TestCase
TestGate.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
