"""More intents than the gate can hold: each gets one answer, in order, and exits still pass."""

from collections import Counter, defaultdict

import pytest

from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.flood import Flood
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers


async def test_every_intent_of_a_flood_gets_one_answer_and_order_holds_within_a_symbol(
    new_gate, bus: Bus, engine: Engine, store: Store
) -> None:
    store.set_policy("strategy:flood", {"max_daily_trades": 10_000})
    gate: Gate = new_gate().start_ready()
    payloads = [intent("flood", symbol=f"F{number % 4}USDT", sequence=number) for number in range(8000)]
    flood = Flood(bus, payloads)
    await flood.send_at_once(gate)
    verdicts = await flood.answered()

    codes = Counter(verdict["code"] for verdict in verdicts)
    assert set(codes) == {None, "OVERLOADED"}, codes
    assert codes[None] >= 3600, codes
    await eventually(lambda: len(engine.messages) >= codes[None])
    await bus.settle()
    assert sorted(engine.decisions) == sorted(v["decision_id"] for v in verdicts if v["code"] is None)
    sequences: dict[str, list[int]] = defaultdict(list)
    for signal_ in engine.payloads:
        sequences[signal_["symbol"]].append(signal_["sequence"])
    assert all(sequence == sorted(sequence) for sequence in sequences.values())
    assert gate.metric("cio_nurse_queue_depth") == 0
    assert gate.metric("cio_nurse_verdicts_total", verdict="vetoed", code="OVERLOADED") == codes["OVERLOADED"]
    overloaded = next(verdict for verdict in verdicts if verdict["code"] == "OVERLOADED")
    (breach,) = overloaded["breaches"]
    assert (breach["measured"], breach["unit"]) == (breach["limit"], "intents")


async def test_exits_have_a_reserve_when_a_lane_is_full(new_gate, bus: Bus, engine: Engine, store: Store) -> None:
    store.set_policy("strategy:flood", {"max_daily_trades": 10_000})
    gate: Gate = new_gate(NURSE_LANE_CAPACITY="50").start_ready()
    entries = [intent("flood", symbol="LANEUSDT") for _ in range(400)]
    exits = [exit_of("flood", symbol="LANEUSDT") for _ in range(5)]
    quiet = [intent("flood", symbol="QUIETUSDT") for _ in range(5)]
    flood = Flood(bus, [*entries[:200], *exits, *entries[200:], *quiet])
    await flood.send_at_once(gate)
    verdicts = await flood.answered()
    of_entries = Counter(v["code"] for v in verdicts if v["symbol"] == "LANEUSDT" and v["action"] == "buy")
    assert of_entries["OVERLOADED"] > 0
    assert set(of_entries) == {None, "OVERLOADED"}
    assert [v["code"] for v in verdicts if v["action"] == "close"] == [None] * 5
    assert [v["code"] for v in verdicts if v["symbol"] == "QUIETUSDT"] == [None] * 5
    await eventually(lambda: len(engine.messages) == of_entries[None] + 10)


async def test_an_overloaded_intent_may_be_sent_again(new_gate, bus: Bus, engine: Engine, store: Store) -> None:
    store.set_policy("strategy:flood", {"max_daily_trades": 10_000})
    gate: Gate = new_gate(NURSE_LANE_CAPACITY="10").start_ready()
    payloads = [intent("flood", symbol="AGAINUSDT") for _ in range(200)]
    flood = Flood(bus, payloads)
    await flood.send_at_once(gate)
    verdicts = await flood.answered()
    refused = [payload for payload, v in zip(payloads, verdicts, strict=True) if v["code"] == "OVERLOADED"]
    assert refused
    for payload in refused[:20]:
        assert (await bus.ask(payload)).approved
