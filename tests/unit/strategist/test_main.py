"""`cio-strategist`, which has no role to run yet, and the outside of `cio-policy`."""

import pytest
from typer.testing import CliRunner

from cio_strategist import policy_cli
from cio_strategist.__main__ import app

runner = CliRunner()
COMMANDS = ["show", "resolve", "set", "unset", "clear", "init", "halt", "safe", "resume", "status", "catalogue"]


def test_the_strategist_says_that_it_has_no_role_yet() -> None:
    result = runner.invoke(app, [])
    assert result.exit_code == 2
    assert "no role of cio-strategist is available in this version yet" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_strategist_can_be_asked_about_itself(option: str) -> None:
    result = runner.invoke(app, [option], prog_name="cio-strategist")
    assert result.exit_code == 0
    assert "cio-strategist" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = runner.invoke(policy_cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: cio-policy {command}" in result.stdout


def test_the_help_lists_every_command_the_environment_and_the_exit_codes() -> None:
    text = " ".join(runner.invoke(policy_cli.app, ["--help"]).stdout.split())
    for word in [*COMMANDS, "REDIS_URL", "USER", "Exit codes: 0 done, 1 refused or failed, 2 wrong usage"]:
        assert word in text


def test_the_help_of_halt_says_why_there_is_no_freeze() -> None:
    text = " ".join(runner.invoke(policy_cli.app, ["halt", "--help"]).stdout.split())
    assert "FROZEN, which stops even closing, is not offered here" in text


def test_the_version_is_told() -> None:
    result = runner.invoke(policy_cli.app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("cio-policy ")
