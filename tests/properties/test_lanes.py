"""Lanes against a model: order within a symbol, nothing lost, nothing twice, no capacity exceeded, exits' reserve."""

import asyncio
from collections import defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cio_decision.intent import Intent
from cio_nurse.service.lanes import Lanes
from tests.builders import arrival, intent

LANE, QUEUE = 10, 20
SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]
READ: dict[tuple[str, str], Intent] = {
    (symbol, action): intent(symbol=symbol, action=action) for symbol in SYMBOLS for action in ("buy", "close")
}


class LanesAgainstAModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.lanes = Lanes(lane_capacity=LANE, queue_capacity=QUEUE)
        self.waiting: dict[str, list[str]] = defaultdict(list)
        self.count = 0

    @rule(symbol=st.sampled_from(SYMBOLS), action=st.sampled_from(["buy", "buy", "buy", "close"]))
    def offer(self, symbol: str, action: str) -> None:
        self.count += 1
        name = str(self.count)
        breach = self.lanes.offer(arrival(READ[symbol, action], reply=name))
        in_lane, in_all = len(self.waiting[symbol]), sum(map(len, self.waiting.values()))
        lane, queue = (LANE, QUEUE) if action == "close" else (LANE * 9 // 10, QUEUE * 9 // 10)
        assert (breach is None) is (in_lane < lane and in_all < queue)
        if breach is None:
            self.waiting[symbol].append(name)
        else:
            assert (breach.measured, breach.limit) in {(in_lane, lane), (in_all, queue)}

    @precondition(lambda self: any(self.waiting.values()))
    @rule(at_most=st.integers(1, 2 * QUEUE))
    def take(self, at_most: int) -> None:
        open_lanes = [symbol for symbol, names in self.waiting.items() if names]
        taken = asyncio.run(self.lanes.take(at_most))
        assert len(taken) == min(at_most, sum(map(len, self.waiting.values())))
        for each in taken:
            assert each.message.reply == self.waiting[each.intent.signal.symbol].pop(0)
        if len(taken) >= len(open_lanes):
            assert {each.intent.signal.symbol for each in taken} == set(open_lanes)

    @invariant()
    def depths_are_known_and_within_capacity(self) -> None:
        depths = [len(names) for names in self.waiting.values()]
        assert self.lanes.waiting == sum(depths) <= QUEUE
        assert self.lanes.deepest == max(depths, default=0) <= LANE


TestLanes = LanesAgainstAModel.TestCase
