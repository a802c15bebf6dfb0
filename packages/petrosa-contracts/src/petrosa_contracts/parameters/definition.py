"""What a trading parameter is: its facts, its prose and which way its risk runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast

ParameterValue: TypeAlias = bool | int | float | str | Mapping[str, float] | Sequence[str] | None
"""Anything a parameter can hold. `None` only where the parameter is nullable."""


class ParameterType(StrEnum):
    """The JSON type of a parameter's value. A dict maps text to numbers, a list holds text."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    STRING = "string"
    DICT = "dict"
    LIST = "list"


class Unit(StrEnum):
    """What the number means. A name ending in `_pct` does not tell `FRACTION` from `PERCENT`: only the unit does."""

    MULTIPLE = "x"
    """A factor: 10 is ten times."""
    ENUM = "enum"
    """One of a fixed set of words."""
    FRACTION = "fraction"
    """A share of one: 0.1 is a tenth."""
    PERCENT = "percent"
    """A share of a hundred: 2.0 is two hundredths."""
    USD = "USD"
    """US dollars, taken as equal to the quote currency of the symbol (USDT)."""
    BASE_ASSET_QTY = "base_asset_qty"
    """An amount of the coin itself, such as BTC for BTCUSDT."""
    COUNT = "count"
    """How many."""
    SECONDS = "seconds"
    BOOL = "bool"
    """True or false."""
    WEIGHT_MAP = "weight_map"
    """Names with a relative weight each, 0 or more. Only ratios between weights matter."""
    SYMBOL_LIST = "symbol_list"
    """Symbols as the exchange spells them, such as BTCUSDT."""

    @property
    def phrase(self) -> str:
        """The unit in words that can stand in brackets after a number or range, such as "percent: 2.0 is 2 %"."""
        return _UNIT_PHRASES[self]


_UNIT_PHRASES: Final[Mapping[Unit, str]] = {
    Unit.MULTIPLE: "a factor: 10 is ten times",
    Unit.ENUM: "one of the allowed words",
    Unit.FRACTION: "a fraction: 0.1 is 10 %",
    Unit.PERCENT: "percent: 2.0 is 2 %",
    Unit.USD: "US dollars, taken as equal to the quote currency",
    Unit.BASE_ASSET_QTY: "units of the coin itself",
    Unit.COUNT: "a count",
    Unit.SECONDS: "seconds",
    Unit.BOOL: "true or false",
    Unit.WEIGHT_MAP: "relative weights of 0 or more by name",
    Unit.SYMBOL_LIST: "symbols as the exchange spells them",
}


class Group(StrEnum):
    """The chapter of the catalogue a parameter belongs to."""

    ORDER_EXECUTION = "order_execution"
    POSITION_SIZING = "position_sizing"
    RISK_MANAGEMENT = "risk_management"
    SIGNAL_PROCESSING = "signal_processing"
    STRATEGY_WEIGHTS = "strategy_weights"
    TIMEFRAME_WEIGHTS = "timeframe_weights"
    ADVANCED = "advanced"
    LEVERAGE_BOUND = "leverage_bound"


class Risk(StrEnum):
    """Which way a parameter's risk runs, so that loosening can be told from tightening.

    Numbers compare by size, booleans with true above false, lists by length, and words by their place in
    `allowed_values`. Three values stand outside that order, and each is the loosest its parameter can have: an empty
    `allowed_symbols` (every symbol), a `portfolio_leverage_cap` of 0 (no cap), and any change between null and a
    number, which cannot be compared and is best treated as loosening.
    """

    RAISES = "raises"
    """A higher value, True, a longer list or a later word raises risk."""
    LOWERS = "lowers"
    """A higher value, True, a longer list or a later word lowers risk."""
    NEUTRAL = "neutral"
    """Neither direction is riskier as such."""


@dataclass(frozen=True, slots=True)
class Example:
    """A value worth setting and the arithmetic of what it does."""

    value: Any = field(hash=False)
    """A valid value of the parameter, immutable like `Parameter.default`."""
    explanation: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", read_only(self.value))

    def plain_value(self) -> ParameterValue:
        """Return the value as fresh plain JSON types."""
        return plain(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One trading parameter. Prose is Markdown without line breaks; amounts of money in it are illustrations."""

    name: str
    type: ParameterType
    group: Group
    unit: Unit
    default: Any = field(hash=False)
    """The value where no scope sets one. Maps and lists are immutable here; `plain_default` gives a fresh copy."""
    minimum: int | float | None = None
    """Smallest allowed number, inclusive, in `unit`. `None` where the type is not a number."""
    maximum: int | float | None = None
    """Largest allowed number, inclusive, in `unit`. `None` where the type is not a number."""
    allowed_values: tuple[str, ...] | None = None
    """The allowed words, case-sensitive. `None` where the type is not a string."""
    nullable: bool = False
    """Whether null is a value, meaning "not overridden"."""
    description: str
    """What it is, its unit, and what reads or enforces it."""
    impact: str
    """What changes in money and behaviour when it moves."""
    raise_when: str
    """When to raise it. For booleans: when to turn it on. For words: when to choose a bolder one."""
    lower_when: str
    """When to lower it. For booleans: when to turn it off. For words: when to choose a safer one."""
    related: tuple[str, ...]
    """Names of parameters to look at before changing this one."""
    example: Example
    risk: Risk

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", read_only(self.default))

    def plain_default(self) -> ParameterValue:
        """Return the default as fresh plain JSON types: changing the result changes nothing else."""
        return plain(self.default)


def plain(value: ParameterValue) -> ParameterValue:
    """Return a parameter's value as fresh plain JSON types: maps become dicts, sequences lists."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value


def read_only(value: object) -> object:
    """Return a value that nobody can change: maps become read-only copies and lists become tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType(dict(cast("Mapping[str, float]", value)))
    if isinstance(value, list | tuple):
        return tuple(cast("Sequence[str]", value))
    return value
