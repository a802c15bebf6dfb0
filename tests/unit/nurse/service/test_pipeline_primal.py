"""The primal rate through the pipeline: what was let out counts, whoever set no other limit."""

from petrosa_contracts import Code, Verdict
from petrosa_contracts.primal import BUILT_IN
from tests.builders import layer
from tests.wiring import WiredGate


async def decided(gate: WiredGate, action: str, number: int, *, name: str = "i") -> list[Verdict]:
    intents = (gate.dated_now(intent_id=f"{name}-{each}", action=action) for each in range(number))
    return await gate.decide(*intents)


def vetoes(verdicts: list[Verdict]) -> list[Code | None]:
    return [verdict.code for verdict in verdicts if not verdict.approved]


async def test_a_burst_of_entries_is_held_to_the_primal_rate() -> None:
    gate = await WiredGate.started(primal=BUILT_IN)
    verdicts = await decided(gate, "buy", 10)
    assert vetoes(verdicts) == [Code.PRIMAL_LIMIT] * 6
    assert len(gate.transport.signals) == 4


async def test_exits_have_a_share_of_the_rate_that_entries_leave_and_no_more() -> None:
    gate = await WiredGate.started(primal=BUILT_IN)
    await decided(gate, "buy", 10)
    assert vetoes(await decided(gate, "close", 3)) == [Code.PRIMAL_LIMIT] * 2


async def test_the_rate_is_free_again_a_second_later() -> None:
    gate = await WiredGate.started(primal=BUILT_IN)
    await decided(gate, "close", 5)
    gate.clock.jump(1)
    assert vetoes(await decided(gate, "close", 6, name="later")) == [Code.PRIMAL_LIMIT]


async def test_what_asks_for_nothing_takes_no_place_in_the_rate() -> None:
    gate = await WiredGate.started(primal=BUILT_IN)
    assert vetoes(await decided(gate, "hold", 20)) == []
    assert vetoes(await decided(gate, "close", 5)) == []


async def test_policy_cannot_allow_what_is_above_a_primal_limit() -> None:
    wide = layer("global", max_position_size_usd=1_000_000.0)
    gate = await WiredGate.started(wide, primal=BUILT_IN)
    assert (await gate.decide_one(quantity=0.02)).approved
    assert (await gate.decide_one(quantity=0.0201)).code is Code.PRIMAL_LIMIT
