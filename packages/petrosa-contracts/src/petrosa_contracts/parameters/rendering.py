"""Rendering: the whole catalogue as one Markdown document, for people and for language models."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from petrosa_contracts.parameters.catalogue import CATALOGUE
from petrosa_contracts.parameters.definition import Group, Parameter, ParameterType, Risk
from petrosa_contracts.parameters.quoting import number_text

_WIDTH: Final = 110
_TIED: Final = re.compile(r" (?=(?:[-+*=<>/%#]|\d+[.)])(?:\s|$|[.,;:)]))")
"""A blank before an operator, a percent sign or "1.": Markdown would read these as markup at the start of a line."""
_TIE: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class _Chapter:
    title: str
    introduction: str


_PREFACE: Final = (
    (
        "The trading parameters are the policy by which the fleet trades. Strategy bots send intents, the gate "
        "approves or vetoes each one, and the order engine executes what was approved. The gate never rewrites an "
        "intent, so a limit here makes it refuse an order, not shrink it."
    ),
    (
        "A value is looked up in layers: defaults, then `global`, then the symbol, then the strategy, then the "
        "symbol and side. The later layer wins, parameter by parameter. Maps and lists are replaced whole, never "
        "merged."
    ),
    (
        "Units differ between parameters whose names look alike. A name ending in `_pct` may hold a fraction (0.1 is "
        "10 %) or a percent (2.0 is 2 %); the unit in the table decides. A value that is only possible in the other "
        "unit is refused with the converted one suggested, but a value that is possible in both cannot be caught: "
        "read the unit."
    ),
    (
        "Some parameters are enforced by the gate before an order reaches the engine, some are enforced where the "
        "gate is given live prices or the state of the portfolio, and the rest are advice that the engine may not "
        "act on. Each description says which. Limits are inclusive: equal to the limit passes. Closing a position, "
        "and orders that can only reduce one, are exempt from the limits on risk, so that tightening never traps a "
        "position."
    ),
    (
        "Risk says which direction is looser. Tightening takes effect at once; loosening is bounded, delayed or "
        "needs a person. Words are ranked by their place among the allowed values where a risk direction is given "
        "for them."
    ),
)

_CHAPTERS: Final[Mapping[Group, _Chapter]] = {
    Group.ORDER_EXECUTION: _Chapter(
        "Order execution",
        "Leverage, margin and how an order is placed. These describe how the account and the engine are meant to be "
        "set up. The gate uses `leverage` and `position_mode` in its decisions; nothing here sets up the exchange.",
    ),
    Group.POSITION_SIZING: _Chapter(
        "Position sizing",
        "How large one order may be. The three limits on size are enforced for every order that adds risk. The factor "
        "and the overrides concern how an engine works out an amount, and the gate leaves them alone.",
    ),
    Group.RISK_MANAGEMENT: _Chapter(
        "Risk management",
        "Stops, and limits on a day and on the portfolio as a whole. The portfolio limits need to know what is open: "
        "without portfolio state configured they are off, and with state that has gone stale the gate turns cautious.",
    ),
    Group.SIGNAL_PROCESSING: _Chapter(
        "Signal processing",
        "Which intents are worth listening to, by age, confidence and symbol, and what to do when signals disagree. "
        "The former is enforced by the gate, the latter is left to the engine.",
    ),
    Group.STRATEGY_WEIGHTS: _Chapter(
        "Strategy weights", "How much a strategy's opinion counts when signals are weighed against each other."
    ),
    Group.TIMEFRAME_WEIGHTS: _Chapter(
        "Timeframe weights", "How much a candle length counts when signals are weighed against each other."
    ),
    Group.ADVANCED: _Chapter(
        "Advanced", "The switches for a whole scope or one direction, the price band, and retries of the engine."
    ),
    Group.LEVERAGE_BOUND: _Chapter(
        "Leverage bounds", "Ceilings on leverage, for one order and for the book, and when breaches become an alert."
    ),
}

_BOOLEAN_RISK: Final = {
    Risk.RAISES: "true is riskier than false",
    Risk.LOWERS: "true is safer than false",
    Risk.NEUTRAL: "neither value is riskier as such",
}
_WORD_RISK: Final = {
    Risk.RAISES: "a later word in the list of allowed values is riskier",
    Risk.LOWERS: "a later word in the list of allowed values is safer",
    Risk.NEUTRAL: "no word is riskier as such",
}
_LIST_RISK: Final = {
    Risk.RAISES: "a longer list is riskier, and the empty list, which restricts nothing, is the riskiest",
    Risk.LOWERS: "a longer list is safer",
    Risk.NEUTRAL: "neither a longer nor a shorter list is riskier as such",
}
_NUMBER_RISK: Final = {
    Risk.RAISES: "a higher value is riskier",
    Risk.LOWERS: "a higher value is safer",
    Risk.NEUTRAL: "neither direction is riskier as such",
}


def render_markdown() -> str:
    """Return the catalogue as Markdown: an overview table, then a chapter for each group with all facts and prose.

    Prose is wrapped at about 110 columns; rows of the table are not. The text is the same on every call and ends in a
    line break.
    """
    lines = ["# Trading parameters", ""]
    for paragraph in _PREFACE:
        lines += [*_wrapped(paragraph), ""]
    lines += ["## Overview", "", *_overview(), ""]
    for group, chapter in _CHAPTERS.items():
        lines += [f"## {chapter.title}", "", *_wrapped(chapter.introduction), ""]
        for parameter in CATALOGUE.values():
            if parameter.group is group:
                lines += _section(parameter)
    return "\n".join(lines).rstrip() + "\n"


def _overview() -> Iterator[str]:
    yield "| parameter | type | unit | default | allowed | risk of a higher value |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for parameter in CATALOGUE.values():
        default = parameter.default
        shown = f"{len(default)} weights" if parameter.type is ParameterType.DICT else _code(default)
        yield (
            f"| {_link(parameter.name)} | {parameter.type} | {parameter.unit} | {shown} "
            f"| {_allowed(parameter)} | {parameter.risk} |"
        )


def _section(parameter: Parameter) -> Iterator[str]:
    yield f"### `{parameter.name}`"
    yield ""
    yield from _facts(parameter)
    yield ""
    upward, downward = _occasions(parameter)
    for title, text in (
        ("What it is", parameter.description),
        ("Impact", parameter.impact),
        (upward, parameter.raise_when),
        (downward, parameter.lower_when),
        ("Example", f"{_code(parameter.example.plain_value())}. {parameter.example.explanation}"),
    ):
        yield from _wrapped(f"**{title}:** {text}")
        yield ""


def _facts(parameter: Parameter) -> Iterator[str]:
    default = parameter.default
    weights = parameter.type is ParameterType.DICT
    shown = ", ".join(f"`{key}` {weight}" for key, weight in default.items()) if weights else _code(default)
    null = " (null: not overridden)" if parameter.nullable else ""
    for title, text in (
        ("Type", f"{parameter.type}, or null" if parameter.nullable else str(parameter.type)),
        ("Unit", f"`{parameter.unit}` ({parameter.unit.phrase})"),
        ("Default", shown + null),
        ("Allowed", _allowed(parameter)),
        ("Risk", _risk(parameter)),
        ("Related", ", ".join(map(_link, parameter.related))),
    ):
        yield from _wrapped(f"- **{title}:** {text}", hanging="  ")


def _occasions(parameter: Parameter) -> tuple[str, str]:
    match parameter.type:
        case ParameterType.BOOLEAN:
            return "Turn on when", "Turn off when"
        case ParameterType.STRING:
            return "The bolder choice", "The safer choice"
        case ParameterType.LIST:
            return "Lengthen when", "Shorten when"
        case _:
            return "Raise when", "Lower when"


def _allowed(parameter: Parameter) -> str:
    if parameter.allowed_values is not None:
        return ", ".join(f"`{word}`" for word in parameter.allowed_values)
    if parameter.minimum is not None and parameter.maximum is not None:
        return f"{number_text(parameter.minimum)} to {number_text(parameter.maximum)}"
    match parameter.type:
        case ParameterType.DICT:
            return "weights of 0 or more"
        case ParameterType.LIST:
            return "upper-case symbols, each once"
        case _:
            return "`true`, `false`"


def _risk(parameter: Parameter) -> str:
    words = {
        ParameterType.BOOLEAN: _BOOLEAN_RISK,
        ParameterType.STRING: _WORD_RISK,
        ParameterType.LIST: _LIST_RISK,
    }.get(parameter.type, _NUMBER_RISK)
    return f"{parameter.risk}; {words[parameter.risk]}"


def _link(name: str) -> str:
    return f"[`{name}`](#{name})"


def _code(value: object) -> str:
    return f"`{json.dumps(value)}`"


def _wrapped(text: str, *, hanging: str = "") -> list[str]:
    lines = textwrap.wrap(
        _TIED.sub(_TIE, text), _WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_TIE, " ") for line in lines]
