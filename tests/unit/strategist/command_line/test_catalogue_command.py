"""`cio-policy catalogue`, which needs no store."""

import pytest
from typer.testing import CliRunner

from cio_strategist.policy_cli import app
from petrosa_contracts import CATALOGUE
from petrosa_contracts.parameters import render_markdown

runner = CliRunner()


def test_the_list_names_every_parameter_once() -> None:
    result = runner.invoke(app, ["catalogue"])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert names == list(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_one_parameter_is_told_in_full(name: str) -> None:
    result = runner.invoke(app, ["catalogue", name])
    parameter = CATALOGUE[name]
    assert result.exit_code == 0
    for text in (parameter.description, parameter.impact, parameter.raise_when, parameter.example.explanation):
        assert text in result.stdout


def test_the_markdown_page_is_the_contracts_own() -> None:
    result = runner.invoke(app, ["catalogue", "--markdown"])
    assert result.exit_code == 0
    assert result.stdout == render_markdown()


@pytest.mark.parametrize("words", [["levrage"], ["leverage", "--markdown"]])
def test_what_does_not_exist_is_wrong_usage(words: list[str]) -> None:
    result = runner.invoke(app, ["catalogue", *words])
    assert result.exit_code == 2
    assert result.stderr.startswith("wrong usage: ")


def test_a_misspelled_parameter_is_answered_with_the_one_that_was_meant() -> None:
    result = runner.invoke(app, ["catalogue", "leverag"])
    assert result.exit_code == 2
    assert "did you mean leverage?" in result.stderr
