"""Loosening: how far a change raises risk, and how much of that a class of callers may do in an hour. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, cast

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.outcome import BudgetUse, Direction
from petrosa_contracts import Parameter
from petrosa_contracts.parameters.definition import ParameterType, Risk

WINDOW = timedelta(hours=1)
"""How far back loosening counts against a budget."""

WHOLE = 1.0
"""What a switch, a word, a list, or a change between null and a number counts when it loosens."""

BEYOND_MEASURE = 1e6
"""What loosening counts that no ratio can express, such as from 0, and the most that any loosening counts.

It stands for infinity, which JSON cannot hold. No budget of any use comes near it.
"""

_LOOSEST: Mapping[str, object] = {"allowed_symbols": (), "portfolio_leverage_cap": 0}
"""Values outside their parameter's order, each the loosest it can have: every symbol, and no cap."""

_ROUNDING = 1e-9
"""Share of a budget by which adding floats may miss it."""

_NUMBERS = frozenset({ParameterType.INTEGER, ParameterType.FLOAT})


@dataclass(frozen=True, slots=True)
class Loosened:
    """One parameter, loosened once."""

    at: datetime
    kind: CallerClass
    parameter: str
    amount: float
    """By how much, as a share of the stricter value: 0.2 is by a fifth, 1.0 is double."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """How far each class may loosen one parameter within `WINDOW`, in the measure of `relative_loosening`.

    Amounts compound, so many small steps reach as far as one. Raises `ValueError` for a budget that is negative or not
    finite.
    """

    agent: float
    operator: float

    def __post_init__(self) -> None:
        if not all(isfinite(budget) and budget >= 0 for budget in (self.agent, self.operator)):
            raise ValueError("a loosening budget must be a finite number of 0 or more")

    def of(self, kind: CallerClass) -> float:
        """Return the budget of a class."""
        return self.agent if kind is CallerClass.AGENT else self.operator


def direction_between(parameter: Parameter, before: Any, after: Any) -> Direction:
    """Return what it does to risk that `parameter` goes from `before` to `after`, both valid values of it.

    A list that gains some entries and loses others is MIXED. What cannot be compared loosens, both ways: null and a
    number, and maps should the catalogue ever give them a direction.
    """
    if parameter.risk is Risk.NEUTRAL or same_value(before, after):
        return Direction.NEUTRAL
    loosest = _LOOSEST.get(parameter.name)
    if loosest is not None and same_value(after, loosest):
        return Direction.LOOSENS
    if loosest is not None and same_value(before, loosest):
        return Direction.TIGHTENS
    if before is None or after is None or parameter.type is ParameterType.DICT:
        return Direction.LOOSENS
    old, new = _ranked(parameter, before), _ranked(parameter, after)
    shrinks, grows = new <= old, old <= new
    if shrinks == grows:  # the same entries in another order, or other entries
        return Direction.NEUTRAL if grows else Direction.MIXED
    return Direction.LOOSENS if grows == (parameter.risk is Risk.RAISES) else Direction.TIGHTENS


def relative_loosening(parameter: Parameter, before: Any, after: Any) -> float:
    """Return how far `parameter` is loosened, as a share of the stricter value; 0.0 if it is not at all.

    Two numbers count their difference divided by the smaller one: from 10 to 12 is 0.2, and so is a minimum lowered
    from 0.6 to 0.5. Where the smaller one is 0 it is `BEYOND_MEASURE`, and so is lifting a cap. Everything else that
    loosens, a mixed change included, counts `WHOLE`. Between 0 and `BEYOND_MEASURE`, so always finite.
    """
    if direction_between(parameter, before, after) not in {Direction.LOOSENS, Direction.MIXED}:
        return 0.0
    if parameter.type not in _NUMBERS or before is None or after is None:
        return WHOLE
    smaller, larger = sorted((abs(before), abs(after)))
    return BEYOND_MEASURE if smaller == 0 else min((larger - smaller) / smaller, BEYOND_MEASURE)


def budget_uses(
    loosened: Iterable[Loosened], kind: CallerClass, asked: Mapping[str, float], now: datetime, budgets: Budgets
) -> tuple[BudgetUse, ...]:
    """Return, for each parameter in `asked`, where the budget of `kind` stands; all scopes count together.

    What was loosened exactly `WINDOW` ago counts no more. A record of later than `now`, from a clock that is ahead,
    counts.
    """
    used: dict[str, float] = {}
    for record in loosened:
        if record.kind is kind and now - WINDOW < record.at:
            used[record.parameter] = compounded(used.get(record.parameter, 0.0), record.amount)
    return tuple(
        BudgetUse(parameter=name, asked=amount, used=used.get(name, 0.0), allowed=budgets.of(kind))
        for name, amount in asked.items()
    )


def exceeded(uses: Iterable[BudgetUse]) -> tuple[BudgetUse, ...]:
    """Return the budgets that would not suffice. Using one up exactly is allowed, and so is tightening beyond it."""
    return tuple(
        use for use in uses if use.asked > 0 and compounded(use.used, use.asked) > use.allowed * (1 + _ROUNDING)
    )


def compounded(first: float, second: float) -> float:
    """Return what two steps come to: a fifth after a tenth is 0.32. At most `BEYOND_MEASURE`."""
    return min(first + second * (1 + first), BEYOND_MEASURE)


def same_value(first: object, second: object) -> bool:
    """Whether two values of a parameter are the same, be they read-only or plain JSON types.

    True equals 1 in Python, and a stored `true` where a number belongs is exactly what a set may want to repair.
    """
    return bool(_frozen(first) == _frozen(second)) and isinstance(first, bool) == isinstance(second, bool)


def _frozen(value: object) -> object:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


def _ranked(parameter: Parameter, value: Any) -> Any:
    """Return what orders values by `<=`: a number, or a set where only what holds all of another is larger."""
    if parameter.type is ParameterType.LIST:
        return frozenset(value)
    if parameter.type is ParameterType.STRING:
        return (parameter.allowed_values or ()).index(value)
    return value
