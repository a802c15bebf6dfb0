"""`cio-policy`: what an operator does with policy and control."""

from cio_strategist.command_line.catalogue_command import catalogue_command
from cio_strategist.command_line.policy.access import token_commands, totp_commands
from cio_strategist.command_line.policy.authority import authority_commands
from cio_strategist.command_line.policy.control import control_commands
from cio_strategist.command_line.policy.latches import latch_commands
from cio_strategist.command_line.policy.layers import layer_commands
from cio_strategist.command_line.program import program
from cio_strategist.command_line.settings_command import settings_command

app = program(
    "Policy and control of the gate: look, change, undo, halt and resume. With MONGODB_URI it is the authority: "
    "every change is recorded, can be rolled back and is carried on to Redis. Without, it works straight on Redis. "
    "The gate knows of every write at once.",
    example='cio-policy halt global --reason "exchange is failing" --for 2h',
    environment=(
        "REDIS_URL",
        "MONGODB_URI",
        "MONGODB_DATABASE",
        "USER",
        "STRATEGIST_TOTP_SECRET",
        "STRATEGIST_OPERATOR_LOOSENING",
        "STRATEGIST_PRIMAL_FILE",
        "STRATEGIST_PRIMAL_APPROVERS",
        "STRATEGIST_SECRETS_DIR",
    ),
)
app.add_typer(layer_commands)
app.add_typer(control_commands)
app.add_typer(authority_commands)
app.add_typer(catalogue_command)
app.add_typer(settings_command("cio-policy"))
app.add_typer(latch_commands, name="latch")
app.add_typer(token_commands, name="token")
app.add_typer(totp_commands, name="totp")


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-policy")
