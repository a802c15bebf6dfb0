"""Market, regime and portfolio: fresh, frozen, gone, unreadable and lying, on a real Redis."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from devstack import DevStack
from petrosa_contracts import Code, Mode
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually, eventually_answered
from tests.integration.nurse.surroundings import MARKET, PORTFOLIO, REGIME, Surroundings, market, portfolio, regime

_NUMBERS = itertools.count()

pytestmark = pytest.mark.servers

GATE_SETTINGS = {
    "NURSE_INPUTS": "market,regime,portfolio",
    "NURSE_MARKET_MAX_AGE_SECONDS": "2",
    "NURSE_MARKET_HARD_AGE_SECONDS": "4",
    "NURSE_PORTFOLIO_MAX_AGE_SECONDS": "3",
    "NURSE_PORTFOLIO_HARD_AGE_SECONDS": "5",
}
"""Short, so that growing old takes seconds."""

ALL_FRESH = {"policy": "needed", "market": "fresh", "regime": "fresh", "portfolio": "fresh"}


@pytest.fixture
async def around(stack: DevStack, gate: Gate) -> AsyncIterator[Surroundings]:
    """Fresh market, regime and portfolio, and a gate that has seen them."""
    async with Surroundings.written(stack.redis.url) as written:
        await all_fresh(gate)
        yield written


async def all_fresh(gate: Gate) -> None:
    await eventually(lambda: inputs_of(gate) == ALL_FRESH, what="all inputs are fresh")


def inputs_of(gate: Gate) -> dict[str, str]:
    return gate.readiness()[1]["inputs"]


async def becomes(gate: Gate, name: str, state: str) -> None:
    await eventually(lambda: inputs_of(gate)[name] == state, what=f"{name} is {state}")


def changes_of(gate: Gate, name: str) -> list[tuple[str | None, str]]:
    return [(event["before"], event["now"]) for event in gate.events("input_changed") if event["input"] == name]


def large(**fields: Any) -> dict[str, Any]:
    """An order beyond the fail-safe limits: by its leverage, which no limit but those is against here."""
    return intent(recommended_leverage=20, **fields)


def of_a_new_strategy() -> dict[str, Any]:
    """Return an intent that may be asked about again and again: each has a budget of trades of its own."""
    return intent(f"strategy_{next(_NUMBERS)}")


async def test_with_fresh_inputs_an_approval_carries_the_live_price(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings
) -> None:
    verdict = await bus.ask(of_a_new_strategy())
    assert (verdict.approved, verdict.mode) == (True, Mode.ACTIVE)
    assert verdict.live is not None
    assert verdict.live.price == 50_000
    facts = gate.readiness()[1]
    assert 0 <= facts["input_ages_seconds"]["market"] < 1
    assert facts["input_ages_seconds"]["regime"] >= 600
    assert 0 <= gate.metric("cio_nurse_input_age_seconds", input="market") < 1
    assert gate.metric("cio_nurse_input_state", input="market", state="fresh") == 1
    assert not gate.events("inputs_not_configured")


async def test_a_changed_price_is_seen_long_before_all_of_the_market_is_read_again(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings
) -> None:
    async def seen(price: int) -> bool:
        live = (await bus.ask(of_a_new_strategy())).live
        return live is not None and live.price == price

    # And back: the next test asks the same gate.
    for price in (50_100, 50_000):
        around.market = lambda price=price: [market(price=price)]
        await eventually_answered(lambda price=price: seen(price))


async def test_a_frozen_feed_restricts_the_gate_then_stops_entries_and_ends_by_itself(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings
) -> None:
    assert (await bus.ask(large())).approved
    already = len(changes_of(gate, "market"))
    fresh = around.market
    around.market = None
    await becomes(gate, "market", "stale")
    stale = await bus.ask(large())
    assert (stale.code, stale.mode) == (Code.FAILSAFE_LIMIT, Mode.CONSERVATIVE)
    assert "the market data of BTCUSDT is " in stale.message
    assert (await bus.ping()).mode == "CONSERVATIVE"
    await becomes(gate, "market", "lost")
    lost = await bus.ask(of_a_new_strategy())
    assert (lost.code, lost.mode) == (Code.MARKET_STALE, Mode.CONSERVATIVE)
    assert lost.breaches[0].limit == 4
    assert (await bus.ask(exit_of())).approved
    assert gate.metric("cio_nurse_input_state", input="market", state="lost") == 1
    await eventually(lambda: changes_of(gate, "market")[-1][1] == "lost", what="the loss is logged")
    around.market = fresh
    await all_fresh(gate)
    assert (await bus.ask(large())).approved
    await eventually(lambda: changes_of(gate, "market")[-1][1] == "fresh", what="the end is logged")
    changes = changes_of(gate, "market")
    assert changes[already:].count(("stale", "lost")) == 1
    assert all(earlier[1] == later[0] for earlier, later in pairwise(changes))


async def test_a_frozen_tracker_stops_entries_within_its_hard_age(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings
) -> None:
    around.portfolio = None
    await becomes(gate, "portfolio", "lost")
    assert (await bus.ask(of_a_new_strategy())).code == Code.PORTFOLIO_STALE
    assert (await bus.ask(exit_of())).approved


async def test_an_unknown_equity_is_not_zero_and_not_enough(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings
) -> None:
    around.portfolio = lambda: portfolio(equity=None)
    await becomes(gate, "portfolio", "lost")
    verdict = await bus.ask(of_a_new_strategy())
    assert verdict.code == Code.PORTFOLIO_STALE
    assert "no known equity" in verdict.message


async def test_a_lost_regime_of_the_market_stops_entries(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings
) -> None:
    around.regime = None
    # Its newest time stays believed, so only a younger one could make it fresh: what is written must be the older one.
    await around.client.delete(REGIME)
    await around.write_regime(regime(age=30_000))

    async def lost() -> bool:
        return (await bus.ask(of_a_new_strategy())).code == Code.REGIME_STALE

    await eventually_answered(lost)
    await around.write_regime(regime(age=30_000), regime("BTCUSDT"))

    async def known() -> bool:
        return (await bus.ask(of_a_new_strategy())).approved

    await eventually_answered(known)


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (lambda: [market(age=-60)], "it is dated in the future"),
        (lambda: [{**market("ETHUSDT"), "symbol": "BTCUSDT", "last": {"price": "-1"}}], "last.price"),
    ],
)
async def test_a_feed_that_lies_is_not_believed_and_its_last_good_value_grows_old(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings, lie, reason: str
) -> None:
    already = len(gate.events("input_not_believed"))
    fresh = around.market
    around.market = lie
    await becomes(gate, "market", "lost")
    verdict = await bus.ask(of_a_new_strategy())
    assert (verdict.code, verdict.breaches[0].measured > 4) == (Code.MARKET_STALE, True)
    assert gate.metric("cio_nurse_input_refused", input="market") == 1
    (event,) = gate.events("input_not_believed")[already:]
    assert event["reason"].startswith(reason)
    around.market = fresh
    await all_fresh(gate)
    assert (await bus.ask(of_a_new_strategy())).approved


@pytest.mark.parametrize(
    ("key", "name", "code"),
    [(MARKET, "market", Code.MARKET_STALE), (PORTFOLIO, "portfolio", Code.PORTFOLIO_STALE)],
)
async def test_a_key_of_the_wrong_type_is_told_and_leaves_policy_alone(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings, key: str, name: str, code: Code
) -> None:
    around.market = around.market if name != "market" else None
    around.portfolio = around.portfolio if name != "portfolio" else None
    await around.client.delete(key)
    await around.client.rpush(key, "a list")
    await becomes(gate, name, "lost")
    assert (await bus.ask(of_a_new_strategy())).code == code
    assert gate.readiness()[1]["policy_age_seconds"] < 5
    if name == "portfolio":
        assert any("WRONGTYPE" in event["error"] for event in gate.events("input_not_read"))
    await around.client.delete(key)


async def test_everything_gone_from_redis_grows_old_and_exits_pass(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings
) -> None:
    around.market = around.regime = around.portfolio = None
    await around.forget()
    await becomes(gate, "market", "lost")
    await becomes(gate, "portfolio", "lost")
    assert (await bus.ask(of_a_new_strategy())).code == Code.MARKET_STALE
    assert (await bus.ask(exit_of())).approved
    assert (await bus.ask(exit_of(symbol="NOSUCHUSDT"))).code is None


async def test_six_hundred_symbols_are_followed(gate: Gate, bus: Bus, engine: Engine, around: Surroundings) -> None:
    names = [f"S{number}USDT" for number in range(600)]
    await around.write_market(*(market(name, price=3.0) for name in names))

    async def known() -> bool:
        verdict = await bus.ask(intent(symbol=names[-1], price=3.0, current_price=3.0, quantity=100.0))
        return verdict.live is not None and verdict.live.price == 3

    await eventually_answered(known)
    assert (await bus.ask(of_a_new_strategy())).approved


@pytest.mark.parametrize("end", ["stop", "pause"])
async def test_while_redis_is_away_the_inputs_grow_old_too_and_all_ends_by_itself(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings, redis_server, end: str
) -> None:
    await asyncio.to_thread(getattr(redis_server, end))
    await becomes(gate, "market", "lost")
    verdict = await bus.ask(of_a_new_strategy())
    assert Code.MARKET_STALE in {breach.code for breach in verdict.breaches}
    assert (await bus.ask(exit_of())).approved
    await asyncio.to_thread(redis_server.start if end == "stop" else redis_server.resume)
    await all_fresh(gate)
    await gate.in_mode("ACTIVE")
    assert (await bus.ask(large())).approved


@pytest.mark.parametrize(("name", "words"), [("market", "market"), ("portfolio", "portfolio")])
async def test_an_input_that_is_lost_is_told_in_heartbeat_metrics_log_and_one_alert_and_its_end_too(
    gate: Gate, bus: Bus, engine: Engine, around: Surroundings, name: str, words: str
) -> None:
    told = gate.events("restriction_changed")
    if told and told[-1]["now"]:
        await gate.logged("restriction_changed", after=len(told))
    alerts = await bus.listen("alerts.cio.restricted.>")
    already, fresh = len(changes_of(gate, name)), getattr(around, name)
    setattr(around, name, None)
    await eventually(lambda: len(alerts.messages) == 1, what="the alert")
    assert alerts.payloads[0]["severity"] == "critical"
    assert words in alerts.payloads[0]["message"]
    pulse = await bus.ping()
    assert (pulse.status, pulse.mode) == ("DEGRADED", "CONSERVATIVE")
    assert any(words in reason for reason in pulse.reasons)
    await becomes(gate, name, "lost")
    for state, value in (("fresh", 0), ("stale", 0), ("lost", 1)):
        assert gate.metric("cio_nurse_input_state", input=name, state=state) == value
    assert gate.metric("cio_nurse_mode", mode="CONSERVATIVE") == 1

    setattr(around, name, fresh)
    await all_fresh(gate)
    await eventually(lambda: len(alerts.messages) == 2, what="the alert of its end")
    assert alerts.payloads[1]["severity"] == "info"
    pulse = await bus.ping()
    assert (pulse.status, pulse.mode, pulse.reasons) == ("GOVERNANCE_ACTIVE", "ACTIVE", ())
    assert [now for _, now in changes_of(gate, name)[already:]] == ["stale", "lost", "fresh"]
