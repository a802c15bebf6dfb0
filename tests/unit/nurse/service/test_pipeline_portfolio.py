"""Limits on the portfolio through the pipeline: what is approved counts until the portfolio shows it."""

from typing import Any

from cio_decision.freshness import Input
from petrosa_contracts import Code, Mode, PortfolioState, Side, Verdict, VolatilityPhase
from tests.builders import control_entry, layer, portfolio_state, position, regime_status, stored_control
from tests.redis_fakes import RESERVATION_SECONDS
from tests.wiring import WiredGate, codes_of

HALF = layer("global", max_portfolio_exposure_pct=0.5)
ONE_WAY = layer("global", position_mode="one-way")


async def gate_with(state: PortfolioState, *layers: Any, **fields: Any) -> WiredGate:
    gate = await WiredGate.started(*(layers or (HALF,)), needs={Input.PORTFOLIO}, **fields)
    await show(state, gate)
    return gate


async def show(state: PortfolioState, *gates: WiredGate) -> None:
    """Publish a portfolio, as of now, and let gates read it."""
    gates[0].world.write_portfolio(state.model_copy(update={"as_of": gates[0].clock.now()}))
    for gate in gates:
        assert gate.mirrors.portfolio is not None
        await gate.mirrors.portfolio.refresh()


async def another(gate: WiredGate, state: PortfolioState, *layers: Any) -> WiredGate:
    return await gate_with(state, *layers, clock=gate.clock, redis=gate.redis)


def netted(*positions: Any, **overrides: Any) -> PortfolioState:
    return portfolio_state(*positions, position_mode="one-way", **overrides)


async def burst(gate: WiredGate, number: int, *, name: str = "i", **fields: Any) -> list[Verdict]:
    return await gate.decide(*(gate.dated_now(intent_id=f"{name}-{each}", **fields) for each in range(number)))


async def test_a_burst_ends_where_the_limit_is_reached_and_the_veto_says_what_is_on_its_way() -> None:
    """Room for 5,000 USD: ten orders of 500."""
    gate = await gate_with(portfolio_state(equity=10_000))
    verdicts = await burst(gate, 12)
    assert codes_of(verdicts) == [None] * 10 + ["EXPOSURE_MAX"] * 2
    (breach,) = verdicts[-1].breaches
    assert (breach.measured, breach.limit) == (0.55, 0.5)
    assert "With 0 USD open and 5,000 on their way" in breach.message
    assert len(gate.transport.signals) == 10


async def test_two_gates_share_the_room() -> None:
    state = portfolio_state(equity=10_000)
    one = await gate_with(state)
    other = await another(one, state, HALF)
    assert codes_of(await burst(one, 6, name="a")) == [None] * 6
    assert codes_of(await burst(other, 6, name="b")) == [None] * 4 + ["EXPOSURE_MAX"] * 2


async def test_in_a_market_that_forbids_adding_a_burst_opens_one_position_once() -> None:
    needs = {Input.PORTFOLIO, Input.REGIME}
    one = await WiredGate.started(HALF, needs=needs)
    other = await WiredGate.started(HALF, needs=needs, clock=one.clock, redis=one.redis)
    one.world.write_regime(regime_status(VolatilityPhase.HIGH, symbol=None, as_of=one.clock.now()))
    for gate in (one, other):
        await show(portfolio_state(equity=10_000), gate)
        assert gate.mirrors.regime is not None
        await gate.mirrors.regime.refresh()
    assert codes_of(await burst(one, 2, name="a")) == [None, "REGIME_INCREASE"]
    assert codes_of(await burst(other, 2, name="b")) == ["REGIME_INCREASE"] * 2
    assert codes_of(await burst(other, 2, name="c", action="sell")) == [None, "REGIME_INCREASE"]
    one.world.write_regime(regime_status(symbol=None, as_of=one.clock.now()))
    await one.mirrors.regime.refresh()
    assert codes_of(await burst(one, 2, name="d")) == [None, None]


async def test_what_the_portfolio_shows_counts_once_for_each_gate() -> None:
    gate = await gate_with(portfolio_state(equity=10_000))
    other = await another(gate, portfolio_state(equity=10_000), HALF)
    verdicts = await burst(gate, 10)
    await show(portfolio_state(position(quantity="0.1"), equity=10_000, revision=2), gate)
    gate.world.settle(2, *(verdict.decision_id for verdict in verdicts))
    # The first gate sees 5,000 USD open, the other still the old portfolio and what is settled since.
    assert codes_of(await burst(gate, 1, name="a")) == codes_of(await burst(other, 1, name="b")) == ["EXPOSURE_MAX"]
    await show(portfolio_state(position(quantity="0.09"), equity=10_000, revision=3), gate, other)
    assert codes_of(await burst(other, 2, name="c")) == [None, "EXPOSURE_MAX"]


async def test_what_met_no_consumer_is_not_on_its_way_any_more() -> None:
    gate = await gate_with(portfolio_state(equity=10_000))
    gate.transport.engine = None
    await burst(gate, 10)
    await gate.transport.flush()
    gate.transport.engine = lambda _signal: None
    assert codes_of(await burst(gate, 1, name="again")) == [None]


async def test_what_did_not_leave_is_not_on_its_way() -> None:
    gate = await gate_with(portfolio_state(equity=10_000), records=False)
    gate.transport.disconnect()
    await burst(gate, 10)
    gate.transport.connect()
    assert codes_of(await burst(gate, 10, name="again")) == [None] * 10


async def test_what_came_too_late_is_not_on_its_way() -> None:
    gate = await gate_with(portfolio_state(equity=10_000))
    gate.world.answers_after = 1.0
    assert codes_of(await burst(gate, 10)) == ["DEADLINE_EXCEEDED"] * 10
    gate.world.answers_after = 0.0
    await show(portfolio_state(equity=10_000), gate)
    assert codes_of(await burst(gate, 10, name="again")) == [None] * 10


async def test_an_order_of_which_nothing_is_heard_counts_for_its_time() -> None:
    gate = await gate_with(portfolio_state(equity=10_000))
    await burst(gate, 10)
    gate.clock.jump(RESERVATION_SECONDS - 1)
    await show(portfolio_state(equity=10_000), gate)
    await gate.mirror.refresh()
    assert codes_of(await burst(gate, 1, name="early")) == ["EXPOSURE_MAX"]
    gate.clock.jump(2)
    await show(portfolio_state(equity=10_000), gate)
    assert codes_of(await burst(gate, 1, name="late")) == [None]


async def test_while_the_store_is_away_a_gate_counts_what_it_approved_itself() -> None:
    gate = await gate_with(portfolio_state(equity=10_000))
    await burst(gate, 8)
    gate.world.stop()
    assert codes_of(await burst(gate, 4, name="alone")) == [None] * 2 + ["EXPOSURE_MAX"] * 2
    gate.world.recover()
    await gate.mirror.refresh()
    assert codes_of(await burst(gate, 1, name="after")) == ["EXPOSURE_MAX"]


async def test_what_was_approved_alone_counts_for_others_once_the_store_is_back() -> None:
    state = portfolio_state(equity=10_000)
    gate = await gate_with(state)
    other = await another(gate, state, HALF)
    gate.world.stop()
    assert codes_of(await burst(gate, 10, name="alone")) == [None] * 10
    gate.world.recover()
    await gate.mirror.refresh()
    await gate.ledger.settle()
    assert codes_of(await burst(other, 1, name="other")) == ["EXPOSURE_MAX"]


async def test_positions_and_leverage_are_limited_likewise() -> None:
    few = layer("global", max_concurrent_positions=2, portfolio_leverage_cap=30)
    gate = await gate_with(portfolio_state(), few)
    intents = [
        gate.dated_now(intent_id=symbol + action, symbol=symbol, action=action)
        for symbol, action in (("BTCUSDT", "buy"), ("ETHUSDT", "buy"), ("SOLUSDT", "buy"), ("BTCUSDT", "sell"))
    ]
    assert codes_of(await gate.decide(*intents)) == [None, None, "POSITIONS_MAX", "POSITIONS_MAX"]
    assert codes_of(await burst(gate, 2, name="more")) == [None, "LEVERAGE_TOTAL"]


class TestReducing:
    """An account that nets, with a long of 0.1 BTC."""

    LONG = position(Side.LONG, quantity="0.1")

    async def test_a_sell_within_the_long_is_exempt_and_no_trade(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=1), ONE_WAY)
        assert codes_of(await burst(gate, 2, action="sell", quantity=0.05)) == [None, None]
        assert gate.world.made(gate.clock.now().date(), "global") == 0

    async def test_two_gates_do_not_sell_the_same_long_twice(self) -> None:
        state = netted(self.LONG, equity=1)
        one = await gate_with(state, ONE_WAY)
        other = await another(one, state, ONE_WAY)
        assert codes_of(await burst(one, 1, name="a", action="sell", quantity=0.1)) == [None]
        (verdict,) = await burst(other, 1, name="b", action="sell", quantity=0.1)
        assert {Code.EXPOSURE_MAX, Code.ORDER_NOTIONAL_MAX} == {breach.code for breach in verdict.breaches}

    async def test_what_finds_too_little_left_may_still_open_like_any_entry(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=100_000), ONE_WAY)
        verdicts = await burst(gate, 11, action="sell", quantity=0.01)
        assert codes_of(verdicts) == [None] * 11
        today = gate.clock.now().date()
        assert gate.world.made(today, "global") == 1
        assert gate.published_signals() == [f"i-{number}" for number in range(11)]

    async def test_what_finds_too_little_left_is_vetoed_by_the_first_gate_that_would_veto_an_entry(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=100_000), ONE_WAY)
        await burst(gate, 1, name="buy")
        limits = {"max_daily_trades": 1, "portfolio_leverage_cap": 1, "max_position_size_usd": 10_000}
        await gate.set(layer("global", position_mode="one-way", **limits))
        verdicts = await burst(gate, 2, action="sell", quantity=0.1)
        assert codes_of(verdicts) == [None, "DAILY_TRADES"]
        assert "LEVERAGE_TOTAL" in {breach.code for breach in verdicts[1].breaches}

    async def test_a_close_always_goes_and_leaves_nothing_to_reduce(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=1), ONE_WAY)
        await burst(gate, 1, name="sell", action="sell", quantity=0.1)
        assert codes_of(await burst(gate, 3, name="close", action="close")) == [None] * 3
        (verdict,) = await burst(gate, 1, name="more", action="sell", quantity=0.01)
        assert verdict.code is Code.EXPOSURE_MAX

    async def test_a_reducing_order_goes_on_memory_when_the_ledger_is_slow_and_entries_do_not(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=100_000), ONE_WAY)
        gate.world.hang()
        reducing = gate.dated_now(intent_id="out", action="sell", quantity=0.1)
        opening = gate.dated_now(intent_id="in", action="buy")
        assert codes_of(await gate.decide(reducing, opening)) == ["DEADLINE_EXCEEDED", None]
        assert gate.published_signals() == ["out"]

    async def test_a_late_answer_stops_entries_and_no_reducing_order(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=100_000), ONE_WAY)
        gate.world.answers_after = 1.0
        reducing = gate.dated_now(intent_id="out", action="sell", quantity=0.1)
        assert codes_of(await gate.decide(reducing, gate.dated_now(intent_id="in"))) == [None, "DEADLINE_EXCEEDED"]

    async def test_while_halted_the_position_can_be_sold_and_not_turned_around(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=100_000), ONE_WAY)
        await gate.set(ONE_WAY, control=stored_control(**{"global": control_entry(Mode.HALTED)}))
        sells = await burst(gate, 3, action="sell", quantity=0.05)
        assert codes_of(sells) == [None, None, "HALT_ACTIVE"]

    async def test_while_the_store_is_away_a_gate_sells_no_more_than_there_is_by_its_own_count(self) -> None:
        gate = await gate_with(netted(self.LONG, equity=1), ONE_WAY)
        gate.world.stop()
        *within, beyond = await burst(gate, 3, action="sell", quantity=0.05)
        assert codes_of(within) == [None, None]
        assert "EXPOSURE_MAX" in {breach.code for breach in beyond.breaches}


class TestStoreStartedAnew:
    """A Redis that keeps nothing on disk comes back without what was on its way."""

    async def test_what_a_gate_approved_is_on_its_way_again_before_the_next_claim(self) -> None:
        gate = await gate_with(portfolio_state(equity=10_000))
        await burst(gate, 8)
        gate.world.restart_empty()
        assert codes_of(await burst(gate, 4, name="more")) == [None] * 2 + ["EXPOSURE_MAX"] * 2

    async def test_it_counts_for_others_once_its_gate_has_asked_again(self) -> None:
        state = portfolio_state(equity=10_000)
        gate = await gate_with(state)
        other = await another(gate, state, HALF)
        await burst(gate, 10)
        gate.world.restart_empty()
        assert codes_of(await burst(gate, 1, name="asks")) == ["EXPOSURE_MAX"]
        assert codes_of(await burst(other, 1, name="other")) == ["EXPOSURE_MAX"]

    async def test_a_gate_looks_after_what_is_on_its_way_without_waiting_for_a_claim(self) -> None:
        state = portfolio_state(equity=10_000)
        gate = await gate_with(state)
        other = await another(gate, state, HALF)
        await burst(gate, 10)
        gate.world.restart_empty()
        await gate.ledger.settle()
        assert codes_of(await burst(other, 1, name="other")) == ["EXPOSURE_MAX"]

    async def test_after_an_outage_it_is_told_without_waiting_for_a_claim(self) -> None:
        state = portfolio_state(equity=10_000)
        gate = await gate_with(state)
        other = await another(gate, state, HALF)
        await burst(gate, 9)
        gate.world.stop()
        await burst(gate, 1, name="alone")
        gate.world.restart_empty()
        gate.world.recover()
        await other.set(HALF)
        await gate.ledger.settle()
        assert codes_of(await burst(other, 1, name="other")) == ["EXPOSURE_MAX"]

    async def test_what_was_undone_meanwhile_is_not_told_again(self) -> None:
        gate = await gate_with(portfolio_state(equity=10_000))
        verdicts = await burst(gate, 10)
        gate.world.restart_empty()
        await gate.ledger.undo(verdicts[0].decision_id)
        await gate.ledger.settle()
        assert codes_of(await burst(gate, 2, name="more")) == [None, "EXPOSURE_MAX"]
