"""In an account that nets, what is approved as reducing never makes a position larger and never turns it around."""

import asyncio
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from cio_decision.freshness import Input
from petrosa_contracts import Code, Side
from tests.builders import layer, portfolio_state, position
from tests.wiring import WiredGate

NOTHING_MAY_OPEN = layer("global", position_mode="one-way", max_portfolio_exposure_pct=0.1)
"""With an equity of 1 USD, whatever opens is beyond the limit; so what is approved was taken for reducing."""

QUANTITIES = st.sampled_from([1, 20, 37, 50, 63, 100])
ORDERS = st.tuples(st.just("order"), st.integers(0, 1), st.sampled_from(["buy", "sell", "sell", "close"]), QUANTITIES)
FILLS = st.tuples(st.just("fill"), st.integers(1, 3), st.sets(st.integers(0, 1)))
EXPIRIES = st.tuples(st.just("undelivered"), st.integers(0, 3))
STEPS = st.lists(ORDERS | ORDERS | FILLS | EXPIRIES, min_size=5, max_size=30)


class Account:
    """A position in thousandths of a BTC, orders on their way to it in order, and two gates that watch over it."""

    def __init__(self, held: int) -> None:
        self.held = held
        self.revision = 0
        self.on_their_way: list[tuple[str, str, int]] = []
        self.orders = 0
        first = WiredGate(needs={Input.PORTFOLIO})
        self.gates = [first, WiredGate(needs={Input.PORTFOLIO}, clock=first.clock, redis=first.redis)]

    async def open(self) -> None:
        for gate in self.gates:
            await gate.set(NOTHING_MAY_OPEN)
        await self.publish({0, 1})

    async def publish(self, seen_by: set[int]) -> None:
        """Publish the portfolio, which some of the gates read at once and others later."""
        self.revision += 1
        side = Side.LONG if self.held > 0 else Side.SHORT
        positions = [position(side, quantity=abs(self.held) / 1000)] if self.held else []
        state = portfolio_state(*positions, equity=1, position_mode="one-way", revision=self.revision)
        self.gates[0].world.write_portfolio(state)
        for number in seen_by:
            portfolio = self.gates[number].mirrors.portfolio
            assert portfolio is not None
            await portfolio.refresh()

    async def order(self, number: int, action: str, quantity: int) -> None:
        self.orders += 1
        gate = self.gates[number]
        verdict = await gate.decide_one(intent_id=f"order-{self.orders}", action=action, quantity=quantity / 1000)
        event(f"{action} approved: {verdict.approved}")
        if verdict.approved:
            self.on_their_way.append((verdict.decision_id, action, quantity))
        elif action == "close":
            raise AssertionError(f"a close was vetoed: {verdict.message}")
        else:
            assert Code.EXPOSURE_MAX in {breach.code for breach in verdict.breaches}

    async def fill(self, number: int, seen_by: set[int]) -> None:
        filled, self.on_their_way = self.on_their_way[:number], self.on_their_way[number:]
        for _, action, quantity in filled:
            before = self.held
            moved = before + quantity if action == "buy" else before - quantity
            self.held = 0 if action == "close" else moved
            assert abs(self.held) < abs(before) or (action == "close" and self.held == before == 0)
            assert self.held * before >= 0
        await self.publish(seen_by)
        self.gates[0].world.settle(self.revision, *(decision for decision, _, _ in filled))

    async def undelivered(self, place: int) -> None:
        """Have one order on its way meet nobody, so that its gate takes it back."""
        if place < len(self.on_their_way):
            decision, _, _ = self.on_their_way.pop(place)
            for gate in self.gates:
                await gate.ledger.undo(decision)


@given(held=st.sampled_from([100, -100, 37, 0]), steps=STEPS)
@settings(max_examples=200)
def test_reducing_orders_never_increase_a_position(held: int, steps: list[tuple[Any, ...]]) -> None:
    async def play() -> None:
        account = Account(held)
        await account.open()
        for kind, *what in steps:
            await getattr(account, kind)(*what)
        await account.fill(len(account.on_their_way), {0, 1})

    asyncio.run(play())
