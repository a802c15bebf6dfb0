"""`cio-policy`: what an operator does with policy and control, straight on Redis."""

from importlib.metadata import version
from typing import Annotated

import typer

from cio_strategist.command_line.catalogue_command import catalogue_command
from cio_strategist.command_line.control_commands import control_commands
from cio_strategist.command_line.layer_commands import layer_commands
from cio_strategist.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Policy and control of the gate: look, change, halt and resume. Writes to Redis at once; every write counts "
    "the epoch up and tells the gate. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
    epilog="Environment: " + " ".join(field.description or "" for field in Settings.model_fields.values()),
)
app.add_typer(layer_commands)
app.add_typer(control_commands)
app.add_typer(catalogue_command)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cio-policy {version('cio-strategist')}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]
    _: Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-policy")
