"""Printing for people."""

import json

import pytest

from cio_strategist.command_line.console import printable, say_json, say_table, shown


def test_control_characters_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[31mb\nc\udcff [red] ä") == "a\\x1b[31mb\\nc\\udcff [red] ä"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("cross", "cross"),
        (5, "5"),
        (0.5, "0.5"),
        (None, "null"),
        (True, "true"),
        (["A"], '["A"]'),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_values_are_shown_as_they_would_be_typed(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_table_that_is_not_for_a_terminal_is_plain_and_cuts_nothing_off(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("name", "value"), [("a", "x" * 300), ("longer", "")])
    assert capsys.readouterr().out == f"name    value\na       {'x' * 300}\nlonger  -\n"


def test_a_table_for_a_terminal_wraps_and_cuts_nothing_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    say_table(("name", "value"), [("a", "x" * 300)])
    out = capsys.readouterr().out
    assert out.count("x") == 300
    assert "┃" in out


def test_json_survives_broken_text(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"field": "\udcff ä"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"field": "\udcff ä"}
