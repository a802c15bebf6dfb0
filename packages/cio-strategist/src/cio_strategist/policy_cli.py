"""`cio-policy`: what an operator does with policy and control."""

import typer

from cio_strategist.command_line.access_commands import token_commands, totp_commands
from cio_strategist.command_line.authority_commands import authority_commands
from cio_strategist.command_line.catalogue_command import catalogue_command
from cio_strategist.command_line.control_commands import control_commands
from cio_strategist.command_line.latch_commands import latch_commands
from cio_strategist.command_line.layer_commands import layer_commands
from cio_strategist.command_line.settings_command import settings_command
from cio_strategist.command_line.version_option import offer_version
from cio_strategist.settings import variables

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Policy and control of the gate: look, change, undo, halt and resume. With MONGODB_URI it is the authority: "
    "every change is recorded, can be rolled back and is carried on to Redis. Without, it works straight on Redis. "
    "The gate knows of every write at once. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
    epilog="Environment: " + " ".join(f"{name}: {field.description}" for name, field in variables().items()),
)
app.add_typer(layer_commands)
app.add_typer(control_commands)
app.add_typer(authority_commands)
app.add_typer(catalogue_command)
app.add_typer(settings_command)
app.add_typer(latch_commands, name="latch")
app.add_typer(token_commands, name="token")
app.add_typer(totp_commands, name="totp")
offer_version(app, "cio-policy")


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-policy")
