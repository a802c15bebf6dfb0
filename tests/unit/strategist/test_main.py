"""The outside of `cio-strategist` and `cio-policy`."""

import pyotp
import pytest
from typer.testing import CliRunner

from cio_strategist import policy_cli
from cio_strategist.__main__ import app

runner = CliRunner()
COMMANDS = [
    "show",
    "resolve",
    "set",
    "unset",
    "clear",
    "init",
    "rebuild",
    "halt",
    "safe",
    "freeze",
    "resume",
    "status",
    "history",
    "rollback",
    "proposals",
    "approve",
    "reject",
    "catalogue",
    "settings",
]


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


def test_a_new_secret_is_printed_for_settings_and_authenticators() -> None:
    lines = runner.invoke(policy_cli.app, ["totp", "new"]).stdout.split()
    secret = lines[0].removeprefix("STRATEGIST_TOTP_SECRET=")
    assert len(secret) == 32
    assert pyotp.parse_uri(lines[1]).secret == secret


def test_the_version_is_told() -> None:
    result = runner.invoke(policy_cli.app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("cio-policy ")
