"""A gate that is killed in the middle of its work."""

import nats.errors
import pytest

from cio_nurse.service.departures import MOST
from cio_nurse.service.intake import BATCH
from petrosa_contracts import Code
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.flood import Flood
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("answers_before_the_kill", [1, 100, 500])
async def test_a_killed_gate_never_lets_an_identity_through_twice(
    new_gate, bus: Bus, engine: Engine, store: Store, answers_before_the_kill: int
) -> None:
    store.set_policy("strategy:crashing", {"max_daily_trades": 10_000})
    gate: Gate = new_gate().start_ready()
    published = await bus.listen("cio.verdict.crashing")
    payloads = [
        (exit_of if number % 10 == 0 else intent)("crashing", symbol=f"C{number % 3}USDT") for number in range(1200)
    ]
    flood = Flood(bus, payloads)
    await flood.send()
    await eventually(lambda: len(flood.answers.messages) >= answers_before_the_kill)
    gate.kill()
    await bus.settle()

    approved = {verdict["decision_id"] for verdict in published.payloads if verdict["verdict"] == "approved"}
    # A signal goes right before its verdict, so the kill can fall between the two of one intent.
    assert len(set(engine.decisions) - approved) <= 1
    assert approved <= set(engine.decisions)
    before = len(engine.decisions)

    successor: Gate = new_gate().start_ready()
    again = Flood(bus, payloads)
    await again.send()
    verdicts = await again.answered()
    assert {verdict["code"] for verdict in verdicts} <= {None, "INTENT_DUPLICATE", "OVERLOADED"}
    for payload, verdict in zip(payloads, verdicts, strict=True):
        if verdict["code"] == "OVERLOADED":
            assert (await bus.ask(payload)).code in {None, Code.INTENT_DUPLICATE}
    await bus.settle()
    ids = [(payload["intent_id"], payload["action"]) for payload in engine.payloads]
    assert len(ids) == len(set(ids))
    # Claimed by the one that died before it could send: these trades do not happen. One batch, and what waited for the
    # acknowledgement of its record.
    missing = len(payloads) - len(ids)
    assert missing <= BATCH + MOST
    assert successor.running
    assert len(ids) >= before


async def test_an_approval_survives_the_gate_that_gave_it(new_gate, bus: Bus, engine: Engine) -> None:
    gate: Gate = new_gate().start_ready()
    sent = intent()
    original = await bus.ask(sent)
    gate.kill()
    with pytest.raises(nats.errors.NoRespondersError):
        await bus.ask(intent())
    gate.start_ready()
    again = await bus.ask(sent)
    assert again.code is Code.INTENT_DUPLICATE
    assert again.breaches[0].limit == original.decision_id
    assert engine.decisions == [original.decision_id]
