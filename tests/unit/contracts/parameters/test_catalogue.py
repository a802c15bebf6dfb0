"""The catalogue as data: complete, consistent, immutable, and cheap to import."""

import ast
import re
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from itertools import groupby
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from petrosa_contracts import parameters
from petrosa_contracts.parameters import (
    CATALOGUE,
    Group,
    Parameter,
    ParameterType,
    Risk,
    Unit,
    default_parameters,
    validate_patch,
)

EVERY = pytest.mark.parametrize("parameter", CATALOGUE.values(), ids=list(CATALOGUE))
PROSE = ("description", "impact", "raise_when", "lower_when")
WORDS_OF_NEIGHBOURS = {"current_price", "override_", "_limit", "default", "sell", "buy", "close", "price", "btcusdt"}
"""Words in code style that are neither parameters nor their values: fields and actions of an intent, parts of names."""
EQUATION = re.compile(
    r"(?<![-+x/(.,\d]) ((?:\d[\d,.]*(?: %| USD| BTC)? [-+x/] )+\d[\d,.]*(?: %| USD| BTC)?) = (-?\d[\d,]*(?:\.\d+)?)"
)


def _prose(parameter: Parameter) -> str:
    return " ".join([*(getattr(parameter, name) for name in PROSE), parameter.example.explanation])


def test_the_package_exports_exactly_the_public_names() -> None:
    assert sorted(parameters.__all__) == [
        "CATALOGUE",
        "Example",
        "Group",
        "Parameter",
        "ParameterError",
        "ParameterType",
        "Risk",
        "Unit",
        "default_parameters",
        "render_markdown",
        "validate_patch",
    ]
    assert all(hasattr(parameters, name) for name in parameters.__all__)


def test_the_package_imports_nothing_but_the_standard_library_and_itself() -> None:
    imported: set[str] = set()
    for module in Path(str(parameters.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))

    foreign = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign
    assert {name for name in foreign if not name.startswith("petrosa_contracts.parameters.")} == set()


def test_parameters_of_a_group_stand_together_in_the_order_of_the_groups() -> None:
    assert [group for group, _ in groupby(parameter.group for parameter in CATALOGUE.values())] == list(Group)


@EVERY
def test_a_parameter_is_found_under_its_own_name(parameter: Parameter) -> None:
    assert CATALOGUE[parameter.name] is parameter


@EVERY
def test_prose_says_something(parameter: Parameter) -> None:
    assert len(parameter.description) > 300
    assert len(parameter.impact) > 250
    assert len(parameter.raise_when) > 80
    assert len(parameter.lower_when) > 80
    assert len(parameter.example.explanation) > 200
    assert re.search(r"\d", parameter.impact)
    assert re.search(r"\d", parameter.example.explanation)


@pytest.mark.parametrize("field", PROSE)
def test_no_two_parameters_share_their_words(field: str) -> None:
    words = Counter(getattr(parameter, field) for parameter in CATALOGUE.values())

    assert [text for text, count in words.items() if count > 1] == []


def test_no_sentence_of_advice_serves_two_parameters_or_both_directions() -> None:
    sentences = Counter(
        sentence.strip(" .").lower()
        for parameter in CATALOGUE.values()
        for text in (parameter.raise_when, parameter.lower_when)
        for sentence in re.split(r"(?<=[.:;]) ", text)
    )

    assert [sentence for sentence, count in sentences.items() if count > 1] == []


@EVERY
def test_prose_is_one_clean_line(parameter: Parameter) -> None:
    text = _prose(parameter)

    assert "\n" not in text
    assert "  " not in text
    assert text.count("`") % 2 == 0
    assert text.isascii()


@EVERY
def test_related_parameters_exist_and_are_others(parameter: Parameter) -> None:
    assert parameter.related
    assert set(parameter.related) <= set(CATALOGUE) - {parameter.name}
    assert len(set(parameter.related)) == len(parameter.related)


@EVERY
def test_words_in_code_style_are_known(parameter: Parameter) -> None:
    known = WORDS_OF_NEIGHBOURS | set(CATALOGUE)
    for other in CATALOGUE.values():
        known |= set(other.allowed_values or ())
    quoted = set(re.findall(r"`([a-z_]+)`", _prose(parameter)))

    assert quoted - known == set()


@EVERY
def test_the_example_is_valid(parameter: Parameter) -> None:
    assert validate_patch({parameter.name: parameter.example.value}) == ()
    assert validate_patch({parameter.name: parameter.example.plain_value()}) == ()


def test_the_arithmetic_of_the_prose_is_right() -> None:
    checked = 0
    wrong = []
    for parameter in CATALOGUE.values():
        for terms, result in EQUATION.findall(_prose(parameter)):
            bare = re.sub(r" %| USD| BTC|,", "", terms).replace("x", "*")
            value = eval(bare, {"__builtins__": {}})
            stated = float(result.replace(",", ""))
            checked += 1
            if not any(isclose(value, candidate, rel_tol=0.01) for candidate in (stated, stated / 100)):
                wrong.append(f"{parameter.name}: {terms} = {result}")

    assert wrong == []
    assert checked > 45


@EVERY
def test_type_unit_and_limits_fit_together(parameter: Parameter) -> None:
    numeric = parameter.type in {ParameterType.INTEGER, ParameterType.FLOAT}
    unit_of_type = {
        ParameterType.BOOLEAN: Unit.BOOL,
        ParameterType.STRING: Unit.ENUM,
        ParameterType.DICT: Unit.WEIGHT_MAP,
        ParameterType.LIST: Unit.SYMBOL_LIST,
    }

    assert numeric is (parameter.minimum is not None)
    assert numeric is (parameter.maximum is not None)
    assert (parameter.type is ParameterType.STRING) is (parameter.allowed_values is not None)
    assert numeric or parameter.unit is unit_of_type[parameter.type]


@pytest.mark.parametrize("name", ["enabled", "leverage", "max_position_size_usd", "max_daily_trades"])
def test_more_of_a_limit_raises_risk(name: str) -> None:
    assert CATALOGUE[name].risk is Risk.RAISES


@pytest.mark.parametrize("name", ["min_confidence_threshold", "min_position_size_usd", "risk_management_enabled"])
def test_more_of_a_threshold_or_check_lowers_risk(name: str) -> None:
    assert CATALOGUE[name].risk is Risk.LOWERS


def test_a_word_that_can_loosen_is_ranked() -> None:
    assert CATALOGUE["margin_type"].risk is Risk.RAISES
    assert CATALOGUE["position_mode"].risk is Risk.RAISES
    assert CATALOGUE["same_direction_conflict_resolution"].risk is Risk.LOWERS


@EVERY
def test_every_unit_can_be_said_in_words(parameter: Parameter) -> None:
    assert parameter.unit.phrase


def test_changing_what_default_parameters_returns_changes_nothing_else() -> None:
    mine = default_parameters()
    mine["strategy_weights"]["momentum_strategy"] = 99.0
    mine["allowed_symbols"].append("BTCUSDT")
    mine["leverage"] = 125

    theirs = default_parameters()
    assert theirs["strategy_weights"]["momentum_strategy"] == 1.0
    assert theirs["allowed_symbols"] == []
    assert theirs["leverage"] == 10
    assert list(theirs) == list(CATALOGUE)


def test_changing_what_a_parameter_hands_out_changes_nothing_else() -> None:
    parameter = CATALOGUE["timeframe_weights"]
    default: Any = parameter.plain_default()
    example: Any = parameter.example.plain_value()
    default.clear()
    example.clear()

    assert len(parameter.default) == 16
    assert parameter.plain_default() == dict(parameter.default)
    assert parameter.example.plain_value() == dict(parameter.example.value)


def test_the_catalogue_cannot_be_changed() -> None:
    catalogue: Any = CATALOGUE
    weights: Any = CATALOGUE["strategy_weights"].default
    leverage: Any = CATALOGUE["leverage"]

    with pytest.raises(TypeError):
        catalogue["leverage"] = leverage
    with pytest.raises(TypeError):
        weights["momentum_strategy"] = 99.0
    with pytest.raises(FrozenInstanceError):
        leverage.maximum = 1000
    assert CATALOGUE["allowed_symbols"].default == ()


def test_parameters_can_be_put_in_a_set() -> None:
    assert len(set(CATALOGUE.values())) == len(CATALOGUE)
