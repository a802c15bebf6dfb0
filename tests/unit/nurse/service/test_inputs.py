import asyncio
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import pytest

from cio_decision.freshness import Freshness, Input
from cio_nurse.service import inputs as module
from petrosa_contracts import DrawdownPhase, Mode, Side, VolatilityPhase
from tests.builders import SYMBOL, ago, inbound, market_state, portfolio_state, position, regime_status
from tests.fakes import eventually
from tests.redis_fakes import FakeRedis
from tests.wiring import WiredGate

Events = list[MutableMapping[str, Any]]

ALL = tuple(Input)


def write_all(redis: FakeRedis) -> None:
    redis.write_market(market_state())
    redis.write_regime(regime_status(), regime_status(symbol=None))
    redis.write_portfolio(portfolio_state())


async def informed(**fields: Any) -> WiredGate:
    """Return a gate that needs all inputs and has read fresh ones."""
    gate = WiredGate(needs=ALL, **fields)
    write_all(gate.world)
    await gate.set()
    return gate


def changes(events: Events) -> list[tuple[str, str | None, str, str]]:
    return [
        (event["input"], event["before"], event["now"], event["log_level"])
        for event in events
        if event["event"] == "input_changed"
    ]


class TestWhatIsOff:
    async def test_without_inputs_there_are_no_views_and_nothing_restricts(self) -> None:
        gate = await WiredGate.started()
        assert gate.inputs.off == ALL
        assert (gate.inputs.market_view(SYMBOL, gate.clock.now()), gate.inputs.regime_view(SYMBOL)) == (None, None)
        assert gate.inputs.portfolio_view() is None
        assert (gate.inputs.mode(), gate.inputs.reasons()) == (Mode.ACTIVE, [])
        assert (await gate.decide_one()).approved

    async def test_only_what_is_needed_is_judged(self) -> None:
        gate = await WiredGate.started(needs=[Input.REGIME])
        assert gate.inputs.off == (Input.MARKET, Input.PORTFOLIO)
        assert [*gate.inputs.standings()] == [Input.REGIME]
        assert (await gate.decide_one()).code == "REGIME_STALE"

    async def test_with_nothing_to_follow_running_ends_at_once(self) -> None:
        await (await WiredGate.started()).inputs.run()


class TestFresh:
    async def test_an_approval_carries_the_live_price(self) -> None:
        verdict = await (await informed()).decide_one()
        assert verdict.approved
        assert verdict.live is not None
        assert (verdict.live.price, verdict.mode) == (50_000, Mode.ACTIVE)

    async def test_the_views_show_what_is_stored(self) -> None:
        gate = await informed()
        gate.world.write_regime(regime_status(VolatilityPhase.HIGH, DrawdownPhase.DEEP))
        gate.world.write_portfolio(portfolio_state(position(Side.SHORT)))
        await gate.see_inputs()
        regime, portfolio = gate.inputs.regime_view(SYMBOL), gate.inputs.portfolio_view()
        assert regime is not None
        assert regime.symbol == regime_status(VolatilityPhase.HIGH, DrawdownPhase.DEEP)
        assert regime.market == regime_status(symbol=None)
        assert portfolio is not None
        assert portfolio.state == portfolio_state(position(Side.SHORT))


class TestGrowingOld:
    @pytest.mark.parametrize(
        ("name", "age", "state", "code"),
        [
            (Input.MARKET, 5.1, Freshness.STALE, None),
            (Input.MARKET, 15.1, Freshness.LOST, "MARKET_STALE"),
            (Input.REGIME, 7201, Freshness.STALE, None),
            (Input.REGIME, 21_601, Freshness.LOST, "REGIME_STALE"),
            (Input.PORTFOLIO, 10.1, Freshness.STALE, None),
            (Input.PORTFOLIO, 15.1, Freshness.LOST, "PORTFOLIO_STALE"),
        ],
    )
    async def test_each_input_restricts_the_gate_and_then_stops_entries(
        self, name: Input, age: float, state: Freshness, code: str | None
    ) -> None:
        gate = await WiredGate.started(needs=[name])
        gate.world.write_market(market_state(as_of=ago(age)))
        gate.world.write_regime(regime_status(as_of=ago(age)))
        gate.world.write_portfolio(portfolio_state(as_of=ago(age)))
        await gate.see_inputs()
        standing = gate.inputs.standing(name)
        assert standing is not None
        assert (standing.freshness, standing.age_seconds) == (state, age)
        assert (gate.inputs.mode(), gate.mode.now()) == (Mode.CONSERVATIVE, Mode.CONSERVATIVE)
        entry, exit_ = await gate.decide_one(), await gate.decide_one(intent_id="exit", action="close")
        assert (entry.code, entry.mode) == (code, Mode.CONSERVATIVE)
        assert exit_.approved

    async def test_the_heartbeat_names_every_input_that_is_not_fresh(self) -> None:
        gate = await informed()
        gate.world.write_portfolio(portfolio_state(equity=None))
        gate.clock.jump(6)
        await gate.mirror.refresh()
        await gate.see_inputs()
        pulse = gate.heartbeat.pulse()
        assert (pulse.mode, pulse.status) == ("CONSERVATIVE", "DEGRADED")
        assert pulse.reasons == ("the market data is 6 seconds old", "the portfolio has no known equity")

    async def test_an_unreadable_payload_is_answered_under_the_mode_that_holds_everywhere(self) -> None:
        gate = await WiredGate.started(needs=ALL)
        await gate.intake.accept(inbound(b"{", "_INBOX.1"))
        assert gate.metrics.verdicts[-1].mode is Mode.CONSERVATIVE

    async def test_one_old_symbol_restricts_itself_alone(self) -> None:
        gate = await informed()
        gate.world.write_market(market_state(symbol="ETHUSDT", as_of=ago(60)))
        await gate.see_inputs()
        assert gate.mode.now() is Mode.ACTIVE
        assert (await gate.decide_one(symbol="ETHUSDT")).code == "MARKET_STALE"
        assert (await gate.decide_one(intent_id="other")).approved

    async def test_entering_and_leaving_is_logged_once_each(self, log_events: Events) -> None:
        gate = await informed()
        log_events.clear()
        for _ in range(3):
            gate.clock.jump(6)
            await gate.see_inputs()
            await gate.see_inputs()
        gate.world.write_market(market_state(as_of=gate.clock.now()))
        gate.world.write_portfolio(portfolio_state(as_of=gate.clock.now()))
        await gate.see_inputs()
        await gate.see_inputs()
        assert [each for each in changes(log_events) if each[0] == "market"] == [
            ("market", "fresh", "stale", "error"),
            ("market", "stale", "lost", "error"),
            ("market", "lost", "fresh", "info"),
        ]
        assert [each[2] for each in changes(log_events) if each[0] == "portfolio"] == ["stale", "lost", "fresh"]
        assert not [each for each in changes(log_events) if each[0] == "regime"]

    async def test_values_that_are_not_believed_are_counted(self) -> None:
        gate = await informed()
        gate.world.regime["ETHUSDT"] = b"{"
        gate.world.portfolio = b"{"
        await gate.see_inputs()
        assert [gate.inputs.refused(name) for name in ALL] == [0, 1, 1]
        assert (await gate.decide_one()).approved


class TestRunning:
    async def test_all_inputs_are_followed_and_their_state_noted(
        self, log_events: Events, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "WATCH_SECONDS", 0.001)
        gate = WiredGate(needs=ALL)
        write_all(gate.world)
        running = asyncio.create_task(gate.inputs.run())
        await asyncio.wait_for(gate.inputs.until_read(), 5)
        await eventually(lambda: len(changes(log_events)) == 3)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert changes(log_events) == [(name, None, "fresh", "info") for name in ALL]
        assert gate.inputs.mode() is Mode.ACTIVE

    async def test_an_input_that_cannot_be_read_does_not_hide_the_others(
        self, log_events: Events, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "FIRST_SECONDS", 0.01)
        gate = WiredGate(needs=ALL)
        write_all(gate.world)
        gate.world.wrong_types = {"portfolio"}
        running = asyncio.create_task(gate.inputs.run())
        await eventually(lambda: len(changes(log_events)) == 3)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert [each[2] for each in changes(log_events)] == ["fresh", "fresh", "lost"]
