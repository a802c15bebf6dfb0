"""What a preview says agrees with what resolution does, for every order of a small world."""

import re
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.policy.impact import changes_of, direction_of, effects_of, loosening_of, reach
from cio_strategist.domain.policy.outcome import Direction, Effect
from petrosa_contracts import CATALOGUE, PolicyLayer, Scope, Side, resolve
from petrosa_contracts.resolution import layer_keys
from tests.policies import layers_at, patches

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
STRATEGIES = ("x", "y", "z")
NAMELESS = ("OTHERUSDT", "other")
"""A symbol and a strategy that no layer speaks of."""
KEYS = (
    "global",
    *(f"symbol:{symbol}" for symbol in SYMBOLS),
    *(f"strategy:{strategy}" for strategy in STRATEGIES),
    *(f"symbol_side:{symbol}:{side}" for symbol in SYMBOLS for side in Side),
)
OPPOSITE = {Direction.TIGHTENS: Direction.LOOSENS, Direction.LOOSENS: Direction.TIGHTENS}
LISTED = re.compile(r" (?P<how>of strategies other than|on symbols other than|on|of) (?P<names>[\w, ]+)$")
OWN = " without a setting of their own"

FEW = st.fixed_dictionaries(
    {},
    optional={
        "leverage": st.integers(1, 4),
        "max_leverage_bound": st.integers(1, 4),
        "min_confidence_threshold": st.sampled_from([0.0, 0.5, 1]),
        "override_min_qty": st.sampled_from([None, 0.5, 1.0]),
        "allowed_symbols": st.lists(st.sampled_from(SYMBOLS[:2]), unique=True),
        "enabled": st.booleans(),
        "margin_type": st.sampled_from(["isolated", "cross"]),
        "strategy_weights": st.sampled_from([{}, {"x": 1.0}, {"x": 1, "y": 0.5}]),
        "foreign": st.integers(1, 2),
    },
)
"""Parameters with so few values that scopes often agree and often do not."""


class Order(NamedTuple):
    """One order, as far as resolution knows it."""

    symbol: str
    strategy_id: str
    side: Side | None

    @property
    def keys(self) -> tuple[str, ...]:
        return layer_keys(symbol=self.symbol, strategy_id=self.strategy_id, side=self.side)


ORDERS = [Order(*facts) for facts in product((*SYMBOLS, NAMELESS[0]), (*STRATEGIES, NAMELESS[1]), (None, *Side))]


class Changed(NamedTuple):
    """A change of one scope, all else being equal."""

    before: Mapping[str, PolicyLayer]
    after: Mapping[str, PolicyLayer]
    scope: Scope

    @property
    def effects(self) -> tuple[Effect, ...]:
        return effects_of(self.before, self.after, self.scope)


def layer(key: str, parameters: dict[str, Any]) -> PolicyLayer:
    return PolicyLayer(scope=key, version=1, parameters=parameters)


@st.composite
def changes(draw: st.DrawFn, own: st.SearchStrategy[dict[str, Any]] = FEW) -> Changed:
    """Draw a policy and a change of one scope of it, deletions and first settings included."""
    others = draw(st.dictionaries(st.sampled_from(KEYS), FEW))
    key = draw(st.sampled_from(KEYS))
    states: list[dict[str, PolicyLayer]] = []
    for parameters in (draw(st.none() | own), draw(st.none() | own)):
        stored = {name: layer(name, held) for name, held in others.items() if name != key}
        states.append(stored if parameters is None else {**stored, key: layer(key, parameters)})
    return Changed(*states, Scope.parse(key))


def speaks_of(effect: Effect, order: Order, change: Changed) -> bool:
    """Whether an effect, by its words alone, is about an order."""
    if change.scope.key not in order.keys or set(order.keys) & set(effect.overridden_in):
        return False
    words = effect.applies_to.removeprefix("every order that no narrower scope decides")
    words = words.removeprefix(f"orders of strategy {change.scope.strategy_id}")
    words = words.removeprefix(f"{change.scope.side} orders on {change.scope.symbol}")
    whose = order.symbol if change.scope.strategy_id else order.strategy_id
    if words.endswith(OWN):
        rival = Scope.of_symbol(whose) if change.scope.strategy_id else Scope.of_strategy(whose)
        return effect.name not in (change.after[rival.key].parameters if rival.key in change.after else {})
    if found := LISTED.fullmatch(words):
        return (whose in found["names"].split(", ")) != found["how"].endswith("than")
    assert words in {"", "every order", f"orders on {change.scope.symbol}"}, words
    return True


@given(changes())
def test_every_order_meets_exactly_what_the_effects_say(change: Changed) -> None:
    effects = change.effects
    for order in ORDERS:
        facts = {"symbol": order.symbol, "strategy_id": order.strategy_id, "side": order.side}
        was, now = resolve(change.before, **facts), resolve(change.after, **facts)
        old, new = was.plain(), now.plain()
        for name in CATALOGUE:
            said = [effect for effect in effects if effect.name == name and speaks_of(effect, order, change)]
            assert len(said) == (old[name] != new[name])
            for effect in said:
                assert (effect.before, effect.after) == (old[name], new[name])
                assert was.provenance[name].scope in effect.source_before.split(", ")
                assert now.provenance[name].scope in effect.source_after.split(", ")


@given(changes())
def test_every_effect_is_met_by_some_order(change: Changed) -> None:
    for effect in change.effects:
        assert any(speaks_of(effect, order, change) for order in ORDERS)


@given(changes())
def test_a_scope_said_to_override_sets_the_parameter_and_takes_orders_out(change: Changed) -> None:
    for effect in change.effects:
        met_without = effect.model_copy(update={"overridden_in": ()})
        for key in effect.overridden_in:
            assert effect.name in change.after[key].parameters
            assert any(key in order.keys and speaks_of(met_without, order, change) for order in ORDERS)


@given(changes(patches()))
def test_effects_are_of_parameters_that_the_scope_changes_and_none_is_told_twice(change: Changed) -> None:
    key = change.scope.key
    own = [layers[key].parameters if key in layers else None for layers in (change.before, change.after)]
    names = {item.name for item in changes_of(*own)}
    effects = change.effects
    assert {effect.name for effect in effects} <= names
    assert len({(effect.name, effect.applies_to) for effect in effects}) == len(effects)
    assert not [effect for effect in effects if effect.before == effect.after]


@given(changes())
def test_undoing_a_change_has_the_opposite_effects(change: Changed) -> None:
    undone = Changed(change.after, change.before, change.scope).effects
    for effect in change.effects:
        was = (effect.name, effect.after, effect.before)
        reverse = [other for other in undone if (other.name, other.before, other.after) == was]
        assert reverse
        incomparable = effect.direction is not Direction.NEUTRAL and None in (effect.before, effect.after)
        expected = effect.direction if incomparable else OPPOSITE.get(effect.direction, effect.direction)
        assert {other.direction for other in reverse} == {expected}


@given(changes())
def test_only_a_change_that_loosens_or_is_mixed_costs_anything(change: Changed) -> None:
    effects = change.effects
    direction, loosening = direction_of(effects), loosening_of(effects)
    assert bool(loosening) == any(effect.direction in {Direction.LOOSENS, Direction.MIXED} for effect in effects)
    if direction in {Direction.TIGHTENS, Direction.NEUTRAL}:
        assert not loosening
    if direction is Direction.LOOSENS:
        assert loosening
    for effect in effects:
        assert effect.loosening <= loosening.get(effect.name, 0.0)


@given(changes())
def test_orders_out_of_reach_meet_no_change(change: Changed) -> None:
    reached = reach(change.before, change.scope)
    for order in ORDERS:
        if (reached.all_symbols or order.symbol in reached.symbols) and (
            reached.all_strategies or order.strategy_id in reached.strategies
        ):
            continue
        facts = {"symbol": order.symbol, "strategy_id": order.strategy_id, "side": order.side}
        assert resolve(change.before, **facts).plain() == resolve(change.after, **facts).plain()


@given(layers_at(*KEYS), st.sampled_from(KEYS))
def test_a_change_of_nothing_has_no_effect(layers: dict[str, PolicyLayer], key: str) -> None:
    assert effects_of(layers, layers, Scope.parse(key)) == ()
