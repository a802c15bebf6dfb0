"""Two gates that share the intents."""

import asyncio
from collections import Counter

import pytest

from petrosa_contracts import Code
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.flood import Flood
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store
from tests.integration.nurse.traffic import Traffic

pytestmark = pytest.mark.servers


@pytest.fixture
def pair(new_gate, store: Store) -> list[Gate]:
    store.set_policy("strategy:shared", {"max_daily_trades": 10_000})
    gates = [new_gate(NURSE_INSTANCE=f"gate-{number}") for number in (1, 2)]
    return [gate.start_ready() for gate in gates]


async def test_each_intent_gets_one_verdict_and_one_signal_and_both_gates_work(
    pair: list[Gate], bus: Bus, engine: Engine
) -> None:
    published = await bus.listen("cio.verdict.shared")
    flood = Flood(bus, [intent("shared", symbol=f"R{number % 5}USDT") for number in range(1500)])
    await flood.send()
    verdicts = await flood.answered()
    approved = [verdict["decision_id"] for verdict in verdicts if verdict["verdict"] == "approved"]
    assert {verdict["code"] for verdict in verdicts} <= {None, "OVERLOADED"}
    await eventually(lambda: len(published.messages) >= len(verdicts))
    await bus.settle()
    assert Counter(payload["decision_id"] for payload in published.payloads) == Counter(
        verdict["decision_id"] for verdict in verdicts
    )
    assert sorted(engine.decisions) == sorted(approved)
    assert all(gate.verdicts() >= 300 for gate in pair)
    assert sum(gate.verdicts() for gate in pair) == len(verdicts)


async def test_a_duplicate_sent_to_both_at_once_is_approved_once(pair: list[Gate], bus: Bus, engine: Engine) -> None:
    for _ in range(40):
        sent = intent("shared")
        verdicts = await bus.ask_all([sent] * 6)
        codes = Counter(verdict.code for verdict in verdicts)
        assert codes == {None: 1, Code.INTENT_DUPLICATE: 5}
        original = next(verdict.decision_id for verdict in verdicts if verdict.approved)
        assert {v.breaches[0].limit for v in verdicts if not v.approved} == {original}
    await bus.settle()
    assert len(engine.messages) == 40
    assert all(gate.verdicts() > 0 for gate in pair)


async def test_the_daily_limit_is_exact_across_both(pair: list[Gate], bus: Bus, engine: Engine, store: Store) -> None:
    made = store.trades_of("symbol:LIMITEDUSDT")
    epoch = store.set_policy("symbol:LIMITEDUSDT", {"max_daily_trades": made + 37})
    await asyncio.gather(*(gate.at_epoch(epoch) for gate in pair))
    orders = [intent(f"limited_{number % 7}", symbol="LIMITEDUSDT") for number in range(200)]
    exits = [exit_of("limited_0", symbol="LIMITEDUSDT") for _ in range(10)]
    verdicts = await bus.ask_all([*orders, *exits])
    assert Counter(verdict.code for verdict in verdicts[:200]) == {None: 37, Code.DAILY_TRADES: 163}
    assert all(verdict.approved for verdict in verdicts[200:])
    assert store.trades_of("symbol:LIMITEDUSDT") == made + 37


async def test_when_one_ends_the_other_goes_on_and_nothing_is_lost(pair: list[Gate], bus: Bus, engine: Engine) -> None:
    flood = Flood(bus, [intent("shared", symbol=f"R{number % 5}USDT") for number in range(1000)])
    await flood.send()
    assert pair[0].terminate() == 0
    verdicts = await flood.answered()
    assert {verdict["code"] for verdict in verdicts} <= {None, "OVERLOADED"}
    for _ in range(20):
        assert (await bus.ask(intent("shared"))).approved


async def test_a_replica_that_joins_under_load_vetoes_nothing_for_want_of_policy(
    new_gate, bus: Bus, engine: Engine, store: Store
) -> None:
    store.set_policy("strategy:shared", {"max_daily_trades": 10_000})
    new_gate().start_ready()
    joining: Gate = new_gate()
    async with Traffic(bus, lambda: intent("shared")) as one, Traffic(bus, lambda: intent("shared")) as other:
        for _ in range(3):
            await asyncio.to_thread(joining.start_ready)
            await eventually(lambda: joining.verdicts() >= 20)
            assert await asyncio.to_thread(joining.terminate) == 0
    exchanges = [*one.exchanges, *other.exchanges]
    assert {exchange.verdict and exchange.verdict.code for exchange in exchanges} == {None}
    assert one.unanswered == other.unanswered == []
