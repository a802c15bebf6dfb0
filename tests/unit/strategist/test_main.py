"""The outside of `cio-strategist` and `cio-policy`."""

from collections.abc import Iterator
from importlib.metadata import version

import pyotp
import pytest
import typer
from click import Command
from typer import Typer
from typer.testing import CliRunner

from cio_strategist import audit_cli, policy_cli, primal_cli, replay_cli
from cio_strategist.__main__ import app

runner = CliRunner()
PROGRAMS = {
    "cio-strategist": app,
    "cio-policy": policy_cli.app,
    "cio-audit": audit_cli.app,
    "cio-primal": primal_cli.app,
    "cio-replay": replay_cli.app,
}


def commands_of(name: str, command: Command) -> Iterator[tuple[str, Command]]:
    """Return a command and all below it, each with all its words."""
    yield name, command
    for below, each in getattr(command, "commands", {}).items():
        yield from commands_of(f"{name} {below}", each)


COMMANDS = [found for name, app in PROGRAMS.items() for found in commands_of(name, typer.main.get_command(app))]


@pytest.mark.parametrize(("program", "app"), PROGRAMS.items())
def test_every_program_tells_its_version_and_its_exit_codes(program: str, app: Typer) -> None:
    told = runner.invoke(app, ["--version"], prog_name=program)
    assert (told.exit_code, told.stdout) == (0, f"{program} {version('cio-strategist')}\n")
    for option in ("-h", "--help"):
        told = runner.invoke(app, [option], prog_name=program)
        assert told.exit_code == 0
        assert f"Usage: {program} " in told.stdout
        assert "2 wrong usage" in " ".join(told.stdout.split())
    assert runner.invoke(app, ["--wrong"], prog_name=program).exit_code == 2


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[words for words, _ in COMMANDS])
def test_every_command_explains_itself_with_an_example(words: str, command: Command) -> None:
    text = f"{command.help} {command.epilog}"
    assert f" {words}" in text or hasattr(command, "commands")
    assert text[0].isupper()


def test_the_help_lists_every_command_the_environment_and_the_exit_codes() -> None:
    text = " ".join(runner.invoke(policy_cli.app, ["--help"]).stdout.split())
    for word in [
        "show",
        "latch",
        "REDIS_URL (default redis://127",
        "USER",
        "Exit codes: 0 done, 1 refused or failed, 2 wrong",
    ]:
        assert word in text


def test_a_new_secret_is_printed_for_settings_and_authenticators() -> None:
    lines = runner.invoke(policy_cli.app, ["totp", "new"]).stdout.split()
    secret = lines[0].removeprefix("STRATEGIST_TOTP_SECRET=")
    assert len(secret) == 32
    assert pyotp.parse_uri(lines[1]).secret == secret


def test_the_environment_of_the_help_is_what_the_program_reads() -> None:
    text = runner.invoke(policy_cli.app, ["--help"]).stdout
    assert "STRATEGIST_TOTP_SECRET" in text
    assert "STRATEGIST_EXCHANGE_API_KEY" not in text


def test_a_reconciliation_without_nats_says_which_server_is_away_and_no_password() -> None:
    environment = {
        "MONGODB_URI": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100",
        "NATS_URL": "nats://me:secret@127.0.0.1:1",
    }
    result = runner.invoke(audit_cli.app, ["reconcile"], env=environment)
    assert result.exit_code == 1
    assert "NATS at nats://***@127.0.0.1:1 cannot be reached" in result.stderr
    assert "point NATS_URL at the right one" in result.stderr
    assert "secret" not in result.output
