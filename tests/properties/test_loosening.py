"""Laws of loosening: what it is the opposite of, how steps of it add up, and how budgets bound it."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.loosening import (
    BEYOND_MEASURE,
    WINDOW,
    Budgets,
    Loosened,
    budget_uses,
    compounded,
    direction_between,
    exceeded,
    relative_loosening,
)
from cio_strategist.domain.policy.outcome import Direction
from petrosa_contracts import CATALOGUE, Parameter
from petrosa_contracts.parameters import ParameterType
from petrosa_contracts.parameters.definition import Risk
from tests.policies import values_of

TIGHTENS, LOOSENS, MIXED, NEUTRAL = Direction.TIGHTENS, Direction.LOOSENS, Direction.MIXED, Direction.NEUTRAL
REVERSED = {TIGHTENS: LOOSENS, LOOSENS: TIGHTENS, MIXED: MIXED, NEUTRAL: NEUTRAL}
NUMBERS = [
    parameter
    for parameter in CATALOGUE.values()
    if parameter.type in {ParameterType.INTEGER, ParameterType.FLOAT} and parameter.risk is not Risk.NEUTRAL
]
NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
AMOUNTS = st.floats(0, 3) | st.sampled_from([0.1, 0.2, 1.0, BEYOND_MEASURE])
KINDS = st.sampled_from(list(CallerClass))
NAMES = st.sampled_from(["leverage", "max_retries"])
RECORDS = st.builds(
    Loosened,
    at=st.timedeltas(-2 * WINDOW, timedelta(minutes=1)).map(lambda age: NOW + age),
    kind=KINDS,
    parameter=NAMES,
    amount=AMOUNTS,
)
ASKED = st.dictionaries(NAMES, AMOUNTS)
ALLOWED = st.builds(Budgets, agent=st.floats(0, 5), operator=st.floats(0, 5))


def parameters(of: list[Parameter]) -> Any:
    return pytest.mark.parametrize("parameter", of, ids=lambda parameter: parameter.name)


def numbers_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    return values_of(parameter).map(lambda value: parameter.minimum if value is None else value)


@parameters(list(CATALOGUE.values()))
@given(data=st.data())
@settings(max_examples=25)
def test_the_way_back_has_the_opposite_direction(parameter: Parameter, data: st.DataObject) -> None:
    before, after = data.draw(values_of(parameter)), data.draw(values_of(parameter))
    there, back = direction_between(parameter, before, after), direction_between(parameter, after, before)
    if (before is None) != (after is None):
        assert there is back is LOOSENS
    else:
        assert back is REVERSED[there]


@parameters(list(CATALOGUE.values()))
@given(data=st.data())
@settings(max_examples=25)
def test_loosening_is_nothing_exactly_where_nothing_is_looser(parameter: Parameter, data: st.DataObject) -> None:
    before, after = data.draw(values_of(parameter)), data.draw(values_of(parameter))
    amount = relative_loosening(parameter, before, after)
    assert 0 <= amount <= BEYOND_MEASURE
    assert (amount > 0) == (direction_between(parameter, before, after) in {LOOSENS, MIXED})
    assert relative_loosening(parameter, before, before) == 0


@parameters(NUMBERS)
@given(data=st.data())
@settings(max_examples=25)
def test_neighbouring_numbers_are_told_apart(parameter: Parameter, data: st.DataObject) -> None:
    number = data.draw(numbers_of(parameter).filter(lambda value: value != parameter.maximum))
    larger = number + 1 if parameter.type is ParameterType.INTEGER else math.nextafter(number, math.inf)
    amounts = {relative_loosening(parameter, number, larger), relative_loosening(parameter, larger, number)}
    assert min(amounts) == 0 < max(amounts)


def from_strict_to_loose(parameter: Parameter, numbers: list[Any]) -> list[Any]:
    """Sort by risk; no cap at all comes last."""
    ordered = sorted(numbers, reverse=parameter.risk is Risk.LOWERS)
    return sorted(ordered, key=lambda value: parameter.name == "portfolio_leverage_cap" and value == 0)


@parameters(NUMBERS)
@given(data=st.data())
@settings(max_examples=25)
def test_a_way_in_steps_costs_what_the_whole_costs(parameter: Parameter, data: st.DataObject) -> None:
    numbers = st.lists(numbers_of(parameter), min_size=2, max_size=6)
    path = from_strict_to_loose(parameter, data.draw(numbers))
    steps = [relative_loosening(parameter, *pair) for pair in pairwise(path)]
    whole = relative_loosening(parameter, path[0], path[-1])
    if whole < BEYOND_MEASURE:
        assert reduce(compounded, steps) == pytest.approx(whole, rel=1e-9, abs=1e-12)
    else:
        assert reduce(compounded, steps) == BEYOND_MEASURE


@parameters(NUMBERS)
@given(data=st.data())
@settings(max_examples=25)
def test_going_further_never_costs_less(parameter: Parameter, data: st.DataObject) -> None:
    numbers = st.lists(numbers_of(parameter), min_size=3, max_size=3)
    strict, between, loose = from_strict_to_loose(parameter, data.draw(numbers))
    assert relative_loosening(parameter, strict, between) <= relative_loosening(parameter, strict, loose)


@parameters(list(CATALOGUE.values()))
@given(data=st.data())
@settings(max_examples=25)
def test_two_tightenings_are_one(parameter: Parameter, data: st.DataObject) -> None:
    first, second, third = (data.draw(values_of(parameter)) for _ in range(3))
    if direction_between(parameter, first, second) is direction_between(parameter, second, third) is TIGHTENS:
        assert direction_between(parameter, first, third) is TIGHTENS


@given(st.lists(RECORDS), RECORDS, KINDS, ASKED, ALLOWED)
def test_what_else_was_loosened_never_frees_budget(
    records: list[Loosened], more: Loosened, kind: CallerClass, asked: dict[str, float], budgets: Budgets
) -> None:
    less = budget_uses(records, kind, asked, NOW, budgets)
    used = budget_uses([*records, more], kind, asked, NOW, budgets)
    assert [use.parameter for use in less] == [use.parameter for use in used] == list(asked)
    for before, after in zip(less, used, strict=True):
        assert before.used <= after.used
        counts = more.kind is kind and more.parameter == before.parameter and more.at > NOW - WINDOW
        assert counts or before == after
    assert {use.parameter for use in exceeded(less)} <= {use.parameter for use in exceeded(used)}


@given(st.lists(RECORDS), KINDS, ASKED, ALLOWED, st.timedeltas(timedelta(0), WINDOW), st.floats(0, 3))
def test_time_a_larger_budget_and_asking_for_less_only_help(
    records: list[Loosened],
    kind: CallerClass,
    asked: dict[str, float],
    budgets: Budgets,
    later: timedelta,
    raised: float,
) -> None:
    now = {use.parameter for use in exceeded(budget_uses(records, kind, asked, NOW, budgets))}
    larger = replace(budgets, agent=budgets.agent + raised, operator=budgets.operator + raised)
    less = {name: amount / 2 for name, amount in asked.items()}
    for eased in (
        budget_uses(records, kind, asked, NOW + later, budgets),
        budget_uses(records, kind, asked, NOW, larger),
        budget_uses(records, kind, less, NOW, budgets),
    ):
        assert {use.parameter for use in exceeded(eased)} <= now


@given(st.lists(AMOUNTS, max_size=12), st.floats(0, 5))
def test_whoever_is_let_through_step_by_step_stays_within_the_budget(amounts: list[float], allowed: float) -> None:
    spent: list[Loosened] = []
    for amount in amounts:
        uses = budget_uses(spent, CallerClass.AGENT, {"leverage": amount}, NOW, Budgets(agent=allowed, operator=0.0))
        if not exceeded(uses):
            spent.append(Loosened(NOW, CallerClass.AGENT, "leverage", amount))
    assert sum(record.amount for record in spent) <= allowed * (1 + 1e-6)
