"""A fund must always be able to get out: nothing that limits risk stands in the way of an exit."""

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cio_decision.context import Context
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import evaluate, examine
from cio_decision.intent import Intent
from petrosa_contracts import Code, Mode, PolicyLayer, ScopedControl, Side
from tests.builders import NOW, control_entry, intent, raw, stored_control
from tests.intents import EXITS, JSON, SCOPES, contexts, controls, fields, intents
from tests.policies import layers_at
from tests.wiring import WiredGate

MAY_STOP_AN_EXIT = {Code.FROZEN, Code.INTENT_FUTURE, Code.INTENT_DUPLICATE, Code.SYMBOL_UNKNOWN}


@given(intents(EXITS), contexts(modes=(Mode.ACTIVE, Mode.SAFE, Mode.HALTED, Mode.FROZEN)))
def test_no_gate_that_limits_risk_ever_vetoes_an_exit(intent: Intent, context: Context) -> None:
    verdict = evaluate(intent, context)
    assert {breach.code for breach in examine(intent, context).vetoing} <= MAY_STOP_AN_EXIT
    if context.mode is not Mode.FROZEN and context.ledger.taken_by is None:
        assert verdict.approved or verdict.code in {Code.INTENT_FUTURE, Code.SYMBOL_UNKNOWN}


@given(
    fields(("close",)), st.sampled_from(["stop_loss_pct", "recommended_leverage", "position_size_pct", "meta"]), JSON
)
def test_an_exit_that_cannot_be_read_is_called_that_and_nothing_else(
    drawn: dict[str, Any], name: str, value: object
) -> None:
    read = decode(raw(**{**drawn, name: value}), PayloadLimits())
    if isinstance(read, Unreadable):
        assert {breach.code for breach in read.breaches} == {Code.PAYLOAD_INVALID}
    else:
        assert not read.opens


class Surroundings:
    """What a gate may find around it."""

    STORE = ("up", "away", "away after loading", "hanging", "carrying out late", "slow", "lost")

    @staticmethod
    async def gate(layers: dict[str, PolicyLayer], mode: Mode | None, store: str) -> WiredGate:
        gate = WiredGate(max_orders_per_second=1)
        if store == "away":
            gate.world.stop()
            await gate.mirror.refresh()
            return gate
        control = {} if mode is None else stored_control(**{"global": control_entry(mode)})
        await gate.set(*layers.values(), control=control)
        happenings = {
            "away after loading": gate.world.stop,
            "hanging": gate.world.hang,
            "carrying out late": lambda: gate.world.hang(carries_out_late=True),
            "slow": lambda: setattr(gate.world, "answers_after", 1.0),
            "lost": gate.world.lose_everything,
        }
        happenings.get(store, lambda: None)()
        return gate


@given(
    layers_at(*SCOPES),
    st.sampled_from([None, Mode.SAFE, Mode.HALTED]),
    st.sampled_from(Surroundings.STORE),
    st.booleans(),
    st.lists(fields(EXITS), min_size=1, max_size=3),
)
@settings(max_examples=60)
def test_an_exit_leaves_the_gate_in_any_surroundings(
    layers: dict[str, PolicyLayer], mode: Mode | None, store: str, noticed: bool, exits: list[dict[str, Any]]
) -> None:
    async def sent() -> list[str | None]:
        gate = await Surroundings.gate(layers, mode, store)
        if noticed:
            await gate.mirror.refresh()
        entry = intent(intent_id="entry")
        leaving = [
            intent(**{**drawn, "timestamp": NOW.isoformat(), "intent_id": f"exit-{number}"})
            for number, drawn in enumerate(exits)
        ]
        await gate.decide(entry, *leaving)
        return gate.published_signals()

    assert [each for each in asyncio.run(sent()) if each != "entry"] == [f"exit-{n}" for n in range(len(exits))]


@given(contexts(side=Side.LONG), controls(Mode.FROZEN).filter(bool), intents(EXITS))
def test_frozen_stops_even_exits(context: Context, frozen: ScopedControl, intent: Intent) -> None:
    assert evaluate(intent, replace(context, control=frozen)).code is Code.FROZEN
