"""The catalogue as Markdown."""

import re
from collections import Counter

import pytest

from petrosa_contracts.parameters import CATALOGUE, Parameter, ParameterType, render_markdown

LINES = render_markdown().split("\n")
EVERY = pytest.mark.parametrize("parameter", CATALOGUE.values(), ids=list(CATALOGUE))


def _section(name: str) -> list[str]:
    start = LINES.index(f"### `{name}`")
    length = next((i for i, line in enumerate(LINES[start + 1 :]) if line.startswith("#")), len(LINES))
    return LINES[start : start + 1 + length]


def _words(text: str) -> str:
    return " ".join(text.split())


def test_the_document_is_substantive_and_the_same_on_every_call() -> None:
    assert len(LINES) > 900
    assert render_markdown() == "\n".join(LINES)
    assert LINES[-1] == ""


def test_no_paragraph_occurs_twice() -> None:
    paragraphs = Counter(render_markdown().split("\n\n"))

    assert [text for text, count in paragraphs.items() if count > 1] == []


def test_text_is_wrapped_except_in_the_table() -> None:
    assert [line for line in LINES if len(line) > 110 and not line.startswith("|")] == []


def test_no_line_of_prose_is_mistaken_for_markup() -> None:
    prose = [line for line in LINES if not re.match(r"#{1,3} |- \*\*|\| ", line)]

    assert [line for line in prose if re.match(r"\s*([-+*=<>#%](\s|$)|\d+[.)](\s|$)|[=-]+$)", line)] == []
    assert not any("\N{NO-BREAK SPACE}" in line or line != line.rstrip() for line in LINES)


def test_sections_follow_the_order_of_the_catalogue() -> None:
    headings = [line.removeprefix("### ").strip("`") for line in LINES if line.startswith("### ")]

    assert headings == list(CATALOGUE)


def test_the_overview_has_one_row_for_each_parameter() -> None:
    rows = [line for line in LINES if line.startswith("| [")]

    assert [row.split("`")[1] for row in rows] == list(CATALOGUE)
    assert {row.count(" | ") for row in rows} == {5}


def test_every_link_leads_to_a_section() -> None:
    targets = set(re.findall(r"\]\(#([^)]+)\)", render_markdown()))

    assert targets == set(CATALOGUE)


@EVERY
def test_a_section_holds_all_prose(parameter: Parameter) -> None:
    section = _words(" ".join(_section(parameter.name)))

    for text in (
        parameter.description,
        parameter.impact,
        parameter.raise_when,
        parameter.lower_when,
        parameter.example.explanation,
    ):
        assert _words(text) in section


@EVERY
def test_a_section_holds_all_facts(parameter: Parameter) -> None:
    section = _words(" ".join(_section(parameter.name)))

    assert f"**Type:** {parameter.type}" in section
    assert f"**Unit:** `{parameter.unit}`" in section
    assert f"**Risk:** {parameter.risk}" in section
    assert all(f"`{word}`" in section for word in parameter.allowed_values or ())
    assert all(f"[`{name}`](#{name})" in section for name in parameter.related)
    if parameter.type is ParameterType.DICT:
        assert all(f"`{key}` {weight}" in section for key, weight in parameter.default.items())


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("max_position_size_usd", "- **Allowed:** 1 to 1,000,000"),
        ("override_min_qty", "- **Allowed:** 0.000001 to 1,000"),
        ("override_min_qty", "- **Default:** `null` (null: not overridden)"),
        ("allowed_symbols", "- **Default:** `[]`"),
        ("enabled", "- **Allowed:** `true`, `false`"),
        ("stop_loss_pct", "- **Unit:** `percent` (percent: 2.0 is 2 %)"),
        ("position_size_pct", "- **Unit:** `fraction` (a fraction: 0.1 is 10 %)"),
    ],
)
def test_facts_are_written_for_reading(name: str, line: str) -> None:
    assert line in _section(name)


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("leverage", ("**Raise when:**", "**Lower when:**")),
        ("enabled", ("**Turn on when:**", "**Turn off when:**")),
        ("margin_type", ("**The bolder choice:**", "**The safer choice:**")),
        ("allowed_symbols", ("**Lengthen when:**", "**Shorten when:**")),
    ],
)
def test_the_two_directions_are_named_after_the_type(name: str, titles: tuple[str, str]) -> None:
    section = "\n".join(_section(name))

    assert all(title in section for title in titles)
